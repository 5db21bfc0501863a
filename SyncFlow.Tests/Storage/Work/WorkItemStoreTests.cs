using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Work;

public sealed class WorkItemStoreTests(PostgresFixture postgres)
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    private readonly TestClock clock = new();

    [Fact]
    public async Task A_claim_takes_no_more_than_its_limit_and_others_take_the_rest()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync([.. Enumerable.Range(0, 10).Select(n => $"{n}")]);
        var first = await desk.ClaimAsync(4);
        var second = await desk.ClaimAsync(100);

        (first.Count, second.Count).ShouldBe((4, 6));
        first.Concat(second).Select(i => i.Ref).Distinct().Count().ShouldBe(10);
        (await desk.ClaimAsync(100)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_same_wish_is_one_item_and_an_item_is_not_due_before_its_moment()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7"], due: TimeSpan.FromSeconds(10));
        await desk.AddAsync(["7"], due: TimeSpan.FromSeconds(5));
        (await desk.ClaimAsync(10)).ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(5));
        (await desk.ClaimAsync(10)).ShouldHaveSingleItem().Asked.ShouldBe(2, "it takes the earlier moment");
    }

    [Fact]
    public async Task A_wish_made_while_the_call_is_under_way_is_called_for_again()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7"]);
        var item = (await desk.ClaimAsync(10)).Single();
        await desk.AddAsync(["7"]);
        await desk.DoAsync((store, session) => store.DoneAsync(session, [item], Ct));

        var again = (await desk.ClaimAsync(10)).ShouldHaveSingleItem();
        again.Id.ShouldBe(item.Id);
        await desk.DoAsync((store, session) => store.DoneAsync(session, [again], Ct));
        (await desk.ClaimAsync(10)).ShouldBeEmpty();
        (await desk.CountAsync("state = 1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_claim_that_nobody_answers_for_runs_out()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7"]);
        (await desk.ClaimAsync(10)).ShouldHaveSingleItem();
        clock.Advance(TimeSpan.FromSeconds(119));
        (await desk.ClaimAsync(10)).ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(1));
        (await desk.ClaimAsync(10)).ShouldHaveSingleItem().Attempts.ShouldBe(2);
    }

    [Fact]
    public async Task A_failed_call_waits_twice_as_long_each_time_and_is_dead_after_eight()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7"]);
        var waits = new List<double>();
        for (var attempt = 1; attempt <= WorkItemStore.MostAttempts; attempt++)
        {
            var item = (await desk.ClaimAsync(10)).ShouldHaveSingleItem();
            await desk.DoAsync((store, session) => store.RetryAsync(session, item, "no answer", null, Ct));
            var wait = 0;
            for (; attempt < WorkItemStore.MostAttempts && (await desk.CountAsync($"due_at <= '{clock.GetUtcNow():O}'")) == 0; wait++)
            {
                clock.Advance(TimeSpan.FromSeconds(1));
            }

            waits.Add(wait);
        }

        waits.ShouldBe([1, 2, 4, 8, 16, 32, 64, 0]);
        (await desk.CountAsync("state = 2 AND error = 'no answer'")).ShouldBe(1);
        await desk.AddAsync(["7"]);
        (await desk.ClaimAsync(10)).ShouldHaveSingleItem().Attempts.ShouldBe(1, "a new wish is a new item");
    }

    [Fact]
    public async Task The_channels_own_wait_counts_and_what_will_never_work_is_dead_at_once()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7", "8"]);
        var items = await desk.ClaimAsync(10);
        await desk.DoAsync((store, session) => store.RetryAsync(session, items[0], "throttled", TimeSpan.FromSeconds(30), Ct));
        await desk.DoAsync((store, session) => store.DeadAsync(session, items[1], "gone", Ct));

        clock.Advance(TimeSpan.FromSeconds(29));
        (await desk.ClaimAsync(10)).ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(1));
        (await desk.ClaimAsync(10)).ShouldHaveSingleItem().Ref.ShouldBe(items[0].Ref);
        (await desk.CountAsync("state = 2")).ShouldBe(1);
    }

    private async Task<Desk> DeskAsync()
    {
        var database = await TestDatabase.CreateAsync(postgres);
        return new Desk(await Merchant.CreateAsync(database, connections: 1, skus: 1), clock);
    }

    private sealed class Desk(Merchant merchant, TestClock clock) : IAsyncDisposable
    {
        private readonly WorkItemStore store = new(clock);

        private ConnectionId Connection => merchant.Connections[0];

        public Task AddAsync(string[] refs, TimeSpan due = default) => DoAsync((s, session) => s.AddAsync(
            session, [.. refs.Select(r => new WorkItem(Connection, WorkKind.FetchOrder, r, clock.GetUtcNow() + due))], Ct));

        public async Task<List<StoredWorkItem>> ClaimAsync(int limit)
        {
            await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
            var items = await store.ClaimAsync(session, Connection, limit, Ct);
            await session.CommitAsync(Ct);
            return items;
        }

        public async Task DoAsync(Func<WorkItemStore, StorageSession, Task> step)
        {
            await using var session = await StorageSession.OpenAsync(merchant.Database.Worker, merchant.Tenant, Ct);
            await step(store, session);
            await session.CommitAsync(Ct);
        }

        public Task<long> CountAsync(string where) => merchant.Database.ScalarAsync<long>($"SELECT count(*) FROM work_items WHERE {where}");

        public ValueTask DisposeAsync() => merchant.Database.DisposeAsync();
    }
}
