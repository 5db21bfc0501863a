using System.Data.Common;
using Shouldly;
using SyncFlow.Api.Webhooks;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class GroupCommitInboxTests
{
    private static readonly GroupCommitLimits Small = new(Writers: 1, BatchEvents: 4, BatchBytes: 100, QueueEvents: 3, QueueBytes: 100);

    [Fact]
    public async Task A_full_queue_refuses_and_takes_again_when_there_is_room()
    {
        var gate = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var inbox = new GroupCommitInbox<int>(
            async (_, _) =>
            {
                begun.TrySetResult();
                await gate.Task;
            },
            _ => 1,
            Small);
        await inbox.StartAsync(CancellationToken.None);
        var stored = new List<Task> { inbox.StoreAsync(0) };
        await begun.Task;
        stored.AddRange([inbox.StoreAsync(1), inbox.StoreAsync(2), inbox.StoreAsync(3)]);
        await Should.ThrowAsync<InboxFullException>(() => inbox.StoreAsync(4));
        stored.ShouldAllBe(task => !task.IsCompleted, "nobody is answered before the commit");
        gate.SetResult();
        await Task.WhenAll(stored);
        await inbox.StoreAsync(5);
        inbox.Statements.ShouldBe(3);
    }

    [Fact]
    public async Task A_queue_is_full_by_bytes_too()
    {
        var gate = new TaskCompletionSource();
        var inbox = new GroupCommitInbox<int>((_, _) => gate.Task, size => size, Small);
        await inbox.StartAsync(CancellationToken.None);
        var first = inbox.StoreAsync(90);
        await Should.ThrowAsync<InboxFullException>(() => inbox.StoreAsync(20));
        gate.SetResult();
        await first;
    }

    [Fact]
    public async Task A_storm_of_one_owner_leaves_room_for_the_others_and_is_welcome_again_when_it_is_over()
    {
        var gate = new TaskCompletionSource();
        var inbox = new GroupCommitInbox<int>((_, _) => gate.Task, _ => 1, Small with { QueueEvents = 100, OwnerEvents = 2 }, number => number / 10);
        await inbox.StartAsync(CancellationToken.None);
        var stored = new List<Task> { inbox.StoreAsync(10), inbox.StoreAsync(11) };
        await Should.ThrowAsync<InboxFullException>(() => inbox.StoreAsync(12));
        stored.Add(inbox.StoreAsync(20));
        gate.SetResult();
        await Task.WhenAll(stored);
        await inbox.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_failed_commit_is_told_to_every_caller_and_the_next_goes_on()
    {
        var fail = true;
        var inbox = new GroupCommitInbox<int>(
            (_, _) => fail ? Task.FromException(new TimeoutException("away")) : Task.CompletedTask, _ => 1, Small);
        await inbox.StartAsync(CancellationToken.None);
        await Should.ThrowAsync<InboxUnavailableException>(() => inbox.StoreAsync(1));
        fail = false;
        await inbox.StoreAsync(2);
    }

    [Fact]
    public async Task An_event_whose_data_is_refused_does_not_harm_its_neighbours()
    {
        var gate = new TaskCompletionSource();
        var stored = new List<int>();
        var inbox = new GroupCommitInbox<int>(
            async (batch, _) =>
            {
                await gate.Task;
                if (batch.Contains(2))
                {
                    throw new DataRefused();
                }

                stored.AddRange(batch);
            },
            _ => 1,
            Small);
        await inbox.StartAsync(CancellationToken.None);
        var tasks = new[] { inbox.StoreAsync(1), inbox.StoreAsync(2), inbox.StoreAsync(3) };
        gate.SetResult();
        await tasks[0];
        await Should.ThrowAsync<InboxUnavailableException>(() => tasks[1]);
        await tasks[2];
        stored.Order().ShouldBe([1, 3]);
    }

    [Fact]
    public async Task What_was_taken_in_is_stored_before_the_process_ends()
    {
        var gate = new TaskCompletionSource();
        var inbox = new GroupCommitInbox<int>((_, _) => gate.Task, _ => 1, Small);
        await inbox.StartAsync(CancellationToken.None);
        var stored = inbox.StoreAsync(1);
        var stop = inbox.StopAsync(CancellationToken.None);
        gate.SetResult();
        await stop;
        await stored;
        await Should.ThrowAsync<InboxFullException>(() => inbox.StoreAsync(2));
    }

    private sealed class DataRefused : DbException
    {
        public override string SqlState => "22021";
    }
}
