using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Runs;
using Xunit;

namespace SyncFlow.Tests.Worker.Runs;

public sealed class RunBeatTests : IDisposable
{
    private static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);

    private readonly TestClock clock = new();
    private readonly CancellationTokenSource ended = new();
    private DateTimeOffset claimedUntil;
    private int beats;

    public void Dispose() => ended.Dispose();

    [Fact]
    public async Task A_beat_that_fails_is_tried_again_and_the_run_goes_on()
    {
        var beating = Begin(beat => beat is 2 or 3 or 4 ? throw new NpgsqlException("away") : Task.CompletedTask);
        await PassAsync(TimeSpan.FromMinutes(5));
        ended.IsCancellationRequested.ShouldBeFalse();
        beats.ShouldBe(12, "every 30 s, and after 5 s while it fails");
        await ended.CancelAsync();
        await beating;
    }

    [Fact]
    public async Task A_run_stops_before_its_claim_ends_when_no_beat_is_heard_and_at_once_when_another_worker_has_it()
    {
        var beating = Begin(_ => throw new NpgsqlException("away"));
        await PassAsync(TimeSpan.FromSeconds(105));
        ended.IsCancellationRequested.ShouldBeFalse();
        await PassAsync(TimeSpan.FromSeconds(10));
        ended.IsCancellationRequested.ShouldBeTrue();
        clock.GetUtcNow().ShouldBeLessThan(claimedUntil);
        await beating;
    }

    [Fact]
    public async Task A_run_stops_before_its_claim_ends_although_its_beat_hangs()
    {
        var beating = Begin(_ => new TaskCompletionSource().Task);
        await PassAsync(TimeSpan.FromSeconds(105));
        ended.IsCancellationRequested.ShouldBeFalse();
        await PassAsync(TimeSpan.FromSeconds(10));
        ended.IsCancellationRequested.ShouldBeTrue();
        clock.GetUtcNow().ShouldBeLessThan(claimedUntil);
        await beating;
        beats.ShouldBe(1);
    }

    [Fact]
    public async Task A_run_that_another_worker_has_stops_at_once_and_one_that_a_person_cancels_goes_on_to_its_next_report()
    {
        var beating = Begin(_ => throw new RunCancelledException());
        await PassAsync(TimeSpan.FromSeconds(31));
        await beating;
        ended.IsCancellationRequested.ShouldBeFalse();

        beating = Begin(_ => throw new RunClaimLostException());
        await PassAsync(TimeSpan.FromSeconds(31));
        await beating;
        ended.IsCancellationRequested.ShouldBeTrue();
    }

    private Task Begin(Func<int, Task> beat)
    {
        claimedUntil = clock.GetUtcNow() + Claim;
        return RunBeat.KeepAsync(
            async _ =>
            {
                await beat(++beats);
                claimedUntil = clock.GetUtcNow() + Claim;
            },
            () => claimedUntil, ended, clock, NullLogger.Instance);
    }

    /// <summary>Second by second, and each time until the beat sleeps again or is over.</summary>
    private async Task PassAsync(TimeSpan span)
    {
        for (var second = 0; second < span.TotalSeconds; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
