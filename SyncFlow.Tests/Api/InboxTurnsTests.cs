using Shouldly;
using SyncFlow.Api.Webhooks;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Owners take turns. An event is a number; its owner is the number by hundreds.</summary>
public sealed class InboxTurnsTests
{
    private static readonly GroupCommitLimits Limits = new(Writers: 1, BatchEvents: 10, BatchBytes: 1_000, QueueEvents: 10_000, QueueBytes: 100_000);

    private readonly TaskCompletionSource gate = new();
    private readonly TaskCompletionSource begun = new();
    private readonly List<int[]> statements = [];

    [Fact]
    public async Task A_quiet_owners_event_goes_with_the_next_statement_whatever_another_has_waiting()
    {
        var inbox = await BusyAsync();
        var storm = Enumerable.Range(100, 90).Select(inbox.StoreAsync).ToList();
        var quiet = inbox.StoreAsync(200);
        gate.SetResult();
        await quiet;
        statements[1].ShouldContain(200, "it stands behind one event of the storm");
        await Task.WhenAll(storm);
        statements.Skip(1).SelectMany(s => s).Where(number => number < 200).ShouldBe(Enumerable.Range(100, 90), "an owner's own stay in order");
    }

    [Fact]
    public async Task Many_quiet_owners_share_the_statement_with_the_storm()
    {
        var inbox = await BusyAsync();
        var all = Enumerable.Range(100, 50).Concat(Enumerable.Range(2, 6).Select(owner => owner * 100)).Select(inbox.StoreAsync).ToList();
        gate.SetResult();
        await Task.WhenAll(all);
        statements[1].ShouldBe([100, 200, 300, 400, 500, 600, 700, 101, 102, 103]);
    }

    [Fact]
    public async Task An_owner_gives_as_many_in_a_turn_as_his_weight_says_and_at_least_one()
    {
        var inbox = await BusyAsync(owner => owner switch { 1 => 3, 2 => 2, 3 => 0, _ => 1 });
        var all = new[] { 1, 2, 3 }.SelectMany(owner => Enumerable.Range(owner * 100, 5)).Select(inbox.StoreAsync).ToList();
        gate.SetResult();
        await Task.WhenAll(all);
        statements.Skip(1).SelectMany(s => s).ShouldBe([100, 101, 102, 200, 201, 300, 103, 104, 202, 203, 301, 204, 302, 303, 304]);
    }

    [Fact]
    public async Task One_owner_may_not_fill_all_bytes()
    {
        var inbox = await BusyAsync(limits: Limits with { OwnerBytes = 3 });
        var stored = Enumerable.Range(100, 3).Select(inbox.StoreAsync).ToList();
        inbox.HasRoom(1, 1).ShouldBeFalse();
        await Should.ThrowAsync<InboxFullException>(() => inbox.StoreAsync(103));
        inbox.HasRoom(2, 1).ShouldBeTrue();
        inbox.HasRoom(2, 4).ShouldBeFalse();
        stored.Add(inbox.StoreAsync(200));
        gate.SetResult();
        await Task.WhenAll(stored);
        await inbox.StopAsync(CancellationToken.None);
        inbox.HasRoom(2, 1).ShouldBeFalse("nothing is taken any more");
    }

    [Fact]
    public async Task What_all_owners_have_waiting_is_stored_before_the_process_ends()
    {
        var inbox = await BusyAsync();
        var stored = Enumerable.Range(100, 500).Select(inbox.StoreAsync).ToList();
        var stop = inbox.StopAsync(CancellationToken.None);
        gate.SetResult();
        await stop;
        stored.ShouldAllBe(task => task.IsCompletedSuccessfully);
        statements.Sum(s => s.Length).ShouldBe(501);
    }

    [Fact]
    public async Task Another_statement_begins_beside_the_first_only_when_enough_wait()
    {
        var inbox = await BusyAsync(limits: Limits with { Writers = 2, NextWriterFrom = 5 });
        var stored = Enumerable.Range(100, 4).Select(inbox.StoreAsync).ToList();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        lock (statements)
        {
            statements.Count.ShouldBe(1, "four are not worth one of their own");
        }

        stored.Add(inbox.StoreAsync(104));
        while (true)
        {
            lock (statements)
            {
                if (statements.Count == 2)
                {
                    break;
                }
            }

            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        gate.SetResult();
        await Task.WhenAll(stored);
        statements[1].ShouldBe([100, 101, 102, 103, 104]);
    }

    [Fact]
    public async Task From_many_threads_every_event_is_stored_once()
    {
        var count = 0;
        var seen = new int[20_000];
        var inbox = new GroupCommitInbox<int>(
            async (batch, _) =>
            {
                await Task.Yield();
                foreach (var number in batch)
                {
                    Interlocked.Increment(ref seen[number]);
                    Interlocked.Increment(ref count);
                }
            },
            _ => 1, Limits with { Writers = 2, NextWriterFrom = 3, QueueEvents = 100_000, QueueBytes = 1_000_000 }, number => number % 7);
        await inbox.StartAsync(CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(async () =>
        {
            for (var number = thread; number < seen.Length; number += 8)
            {
                await inbox.StoreAsync(number);
            }
        })));
        await inbox.StopAsync(CancellationToken.None);
        count.ShouldBe(seen.Length);
        seen.ShouldAllBe(times => times == 1);
    }

    /// <summary>An inbox whose writer is busy with event 0 until the gate opens.</summary>
    private async Task<GroupCommitInbox<int>> BusyAsync(Func<long, int>? weight = null, GroupCommitLimits? limits = null)
    {
        var inbox = new GroupCommitInbox<int>(
            async (batch, _) =>
            {
                lock (statements)
                {
                    statements.Add([.. batch]);
                }

                begun.TrySetResult();
                await gate.Task;
            },
            _ => 1, limits ?? Limits, number => number / 100, weight);
        await inbox.StartAsync(CancellationToken.None);
        _ = inbox.StoreAsync(0);
        await begun.Task;
        return inbox;
    }
}
