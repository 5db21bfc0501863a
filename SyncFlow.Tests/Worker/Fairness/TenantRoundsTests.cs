using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Worker.Fairness;
using Xunit;

namespace SyncFlow.Tests.Worker.Fairness;

/// <summary>What each tenant still has, and in which order batches were done.</summary>
public sealed class TenantRoundsTests
{
    private static readonly TenantId A = new(1);
    private static readonly TenantId B = new(2);
    private static readonly TenantId C = new(3);

    private readonly Dictionary<TenantId, int> _left = [];
    private readonly List<TenantId> _done = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_with_much_to_do_and_one_with_little_have_a_batch_each_and_who_comes_meanwhile_is_in_the_next_round()
    {
        (_left[A], _left[B]) = (5, 1);
        await Rounds(_ => 1).RunAsync(
            WaitingAsync,
            (tenant, _) =>
            {
                _left[C] = _done.Count == 0 ? 2 : _left[C];
                return TurnAsync(tenant);
            },
            Ct);
        _done.ShouldBe([A, B, C, A, C, A, A, A]);
    }

    [Fact]
    public async Task A_look_begins_behind_the_one_that_was_served_last_and_weights_are_batches_of_a_round()
    {
        var rounds = Rounds(tenant => tenant == C ? 2 : 1);
        (_left[A], _left[B]) = (1, 1);
        await rounds.RunAsync(WaitingAsync, (tenant, _) => TurnAsync(tenant), Ct);
        (_left[A], _left[C]) = (2, 4);
        await rounds.RunAsync(WaitingAsync, (tenant, _) => TurnAsync(tenant), Ct);
        _done.ShouldBe([A, B, C, C, A, C, C, A]);
    }

    [Fact]
    public async Task What_fails_for_one_holds_nobody_up_and_is_tried_again_at_the_next_tick()
    {
        (_left[A], _left[B]) = (1, 2);
        var (broken, tries) = (true, 0);
        Task<TurnEnd> Turn(TenantId tenant, CancellationToken ct)
        {
            tries += tenant == A ? 1 : 0;
            return tenant == A && broken ? throw new InvalidOperationException("it cannot") : TurnAsync(tenant);
        }

        var rounds = Rounds(_ => 1);
        await rounds.RunAsync(WaitingAsync, Turn, Ct);
        _done.ShouldBe([B, B]);
        tries.ShouldBe(1);
        broken = false;
        await rounds.RunAsync(WaitingAsync, Turn, Ct);
        _done.ShouldBe([B, B, A]);
    }

    [Fact]
    public async Task One_that_is_not_to_go_on_yet_keeps_nobody_waiting()
    {
        (_left[A], _left[B]) = (1, 3);
        await Rounds(_ => 1).RunAsync(
            WaitingAsync, (tenant, _) => tenant == A && _left[B] > 0 ? Task.FromResult(TurnEnd.NotYet) : TurnAsync(tenant), Ct);
        _done.ShouldBe([B, B, B, A]);
    }

    private static TenantRounds Rounds(Func<TenantId, int> weight) => new("a job", weight, TimeProvider.System, NullLogger.Instance);

    private Task<IReadOnlyList<TenantId>> WaitingAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<TenantId>>([.. _left.Where(l => l.Value > 0).Select(l => l.Key)]);

    private Task<TurnEnd> TurnAsync(TenantId tenant)
    {
        _done.Add(tenant);
        return Task.FromResult(--_left[tenant] > 0 ? TurnEnd.More : TurnEnd.Nothing);
    }
}
