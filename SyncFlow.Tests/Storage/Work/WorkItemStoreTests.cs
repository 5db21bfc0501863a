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
    public async Task A_failed_call_waits_twice_as_long_each_time_five_minutes_at_most_and_never_dies()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7"]);
        var waits = new List<double>();
        for (var attempt = 1; attempt <= 12; attempt++)
        {
            var item = (await desk.ClaimAsync(10)).ShouldHaveSingleItem();
            await desk.DoAsync((store, session) => store.RetryAsync(session, [item with { Attempts = attempt == 12 ? 1_000_000 : attempt }], "no answer", null, Ct));
            var wait = await desk.WaitAsync();
            waits.Add(wait.TotalSeconds);
            clock.Advance(wait);
        }

        waits.ShouldBe([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        (await desk.CountAsync("state = 0 AND error = 'no answer'")).ShouldBe(1);
    }

    /// <summary>Each dead one is told; and the incident ends when what was refused has been answered since.</summary>
    [Fact]
    public async Task A_refused_item_is_an_incident_until_a_later_wish_for_the_same_is_answered()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7", "8"]);
        foreach (var item in await desk.ClaimAsync(10))
        {
            await desk.DoAsync((store, session) => store.DeadAsync(session, item, "bad id", Ct));
        }

        (await desk.IncidentsAsync("closed_at IS NULL AND times = 2 AND message LIKE '%bad id%'")).ShouldBe(1);
        clock.Advance(TimeSpan.FromMinutes(2));
        (await desk.CloseAsync()).ShouldBe(0);
        foreach (var reference in new[] { "7", "8" })
        {
            await desk.AddAsync([reference]);
            var again = (await desk.ClaimAsync(10)).ShouldHaveSingleItem();
            again.Attempts.ShouldBe(1, "a new wish is a new item");
            (await desk.CloseAsync()).ShouldBe(0, "it is asked for and not answered");
            await desk.DoAsync((store, session) => store.DoneAsync(session, [again], Ct));
        }

        (await desk.CloseAsync()).ShouldBe(1);
        (await desk.IncidentsAsync("closed_at IS NULL")).ShouldBe(0);
    }

    /// <summary>The order that a guess waits for may have died, or never been asked for: the guess would stay for ever.</summary>
    [Fact]
    public async Task Orders_at_a_guessed_place_are_asked_for_again_when_nobody_asks_and_not_at_once_after_a_refusal()
    {
        await using var desk = await DeskAsync();
        await desk.GuessAsync("young", TimeSpan.FromMinutes(1));
        await desk.GuessAsync("known", TimeSpan.FromMinutes(10), provisional: false);
        (await desk.GuessedAsync()).ShouldBeEmpty("the answer of a young guess is on its way");
        await desk.GuessAsync("old", TimeSpan.FromMinutes(10));
        (await desk.GuessedAsync()).ShouldHaveSingleItem().Connection.ShouldBe(desk.Connection);
        (await desk.AskAgainAsync()).ShouldBe(1);
        (await desk.AskAgainAsync()).ShouldBe(0, "it is open");
        var item = (await desk.ClaimAsync(10)).ShouldHaveSingleItem();
        item.Ref.ShouldBe("old");
        await desk.DoAsync((store, session) => store.DeadAsync(session, item, "refused", Ct));
        (await desk.AskAgainAsync()).ShouldBe(0, "it was refused a moment ago");
        clock.Advance(TimeSpan.FromMinutes(59));
        (await desk.AskAgainAsync()).ShouldBe(1, "the young one is old now");
        clock.Advance(TimeSpan.FromMinutes(2));
        (await desk.AskAgainAsync()).ShouldBe(1);
    }

    /// <summary>An order that the store has no longer is answered by nothing: the same fifty would be asked for each minute, and no other.</summary>
    [Fact]
    public async Task A_guess_that_stays_whatever_was_answered_is_asked_for_once_an_hour_and_keeps_no_younger_one_waiting()
    {
        await using var desk = await DeskAsync();
        for (var n = 0; n <= OpenWork.MostAsked; n++)
        {
            await desk.GuessAsync($"{n}", TimeSpan.FromMinutes(100 - n));
        }

        (await desk.AskAgainAsync()).ShouldBe(OpenWork.MostAsked);
        var asked = await desk.ClaimAsync(100);
        await desk.DoAsync((store, session) => store.DoneAsync(session, asked, Ct));
        clock.Advance(TimeSpan.FromMinutes(1));
        (await desk.AskAgainAsync()).ShouldBe(1);
        (await desk.ClaimAsync(100)).ShouldHaveSingleItem().Ref.ShouldBe($"{OpenWork.MostAsked}", "the youngest");
        clock.Advance(TimeSpan.FromMinutes(58));
        (await desk.AskAgainAsync()).ShouldBe(0);
        clock.Advance(TimeSpan.FromMinutes(2));
        (await desk.AskAgainAsync()).ShouldBe(OpenWork.MostAsked);
    }

    /// <summary>Each read of an order that cannot be applied would be another dead letter, and readings prove nothing while there is one.</summary>
    [Fact]
    public async Task A_guess_whose_order_was_read_and_is_not_applied_is_not_asked_for()
    {
        await using var desk = await DeskAsync();
        await desk.GuessAsync("71", TimeSpan.FromMinutes(10));
        await desk.FetchedAsync("order:71:1:2");
        foreach (var (state, asked) in new[] { (0, 0), (2, 0), (3, 1) })
        {
            await desk.ChangeFetchedAsync(state);
            (await desk.AskAgainAsync()).ShouldBe(asked, $"{state}");
        }
    }

    [Fact]
    public async Task The_channels_own_wait_counts_and_what_will_never_work_is_dead_at_once()
    {
        await using var desk = await DeskAsync();
        await desk.AddAsync(["7", "8"]);
        var items = await desk.ClaimAsync(10);
        await desk.DoAsync((store, session) => store.RetryAsync(session, [items[0]], "throttled", TimeSpan.FromSeconds(30), Ct));
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

        public ConnectionId Connection => merchant.Connections[0];

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

        /// <summary>From now until the one open item is due.</summary>
        public async Task<TimeSpan> WaitAsync() =>
            await merchant.Database.ScalarAsync<DateTime>("SELECT due_at FROM work_items WHERE state = 0") - clock.GetUtcNow().UtcDateTime;

        public Task<long> IncidentsAsync(string where) =>
            merchant.Database.ScalarAsync<long>($"SELECT count(*) FROM incidents WHERE kind = 'work-refused' AND {where}");

        public Task<int> CloseAsync() => new OpenWork(merchant.Database.Worker, clock).CloseAnsweredAsync(merchant.Tenant, Ct);

        public Task<IReadOnlyList<(TenantId Tenant, ConnectionId Connection)>> GuessedAsync() => new OpenWork(merchant.Database.Worker, clock).GuessedAsync(Ct);

        public Task<int> AskAgainAsync() => new OpenWork(merchant.Database.Worker, clock).AskForGuessedAsync(merchant.Tenant, Connection, Ct);

        public Task GuessAsync(string order, TimeSpan ago, bool provisional = true) => merchant.Database.ExecuteAsync(
            "INSERT INTO orders (tenant_id, connection_id, order_ref, provisional, updated_at) VALUES ($1, $2, $3, $4, $5)",
            merchant.Tenant.Value, Connection.Value, order, provisional, clock.GetUtcNow() - ago);

        public Task FetchedAsync(string name) => merchant.Database.ExecuteAsync(
            """
            INSERT INTO inbox (tenant_id, received_day, connection_id, topic, webhook_id, triggered_at, received_at, content, body, next_attempt_at)
            VALUES ($1, '2026-03-04', $2, 'fetch', $3, now(), now(), 'test', '', now())
            """,
            merchant.Tenant.Value, Connection.Value, name);

        public Task ChangeFetchedAsync(int state) => merchant.Database.ExecuteAsync("UPDATE inbox SET state = $1::smallint", state);

        public Task<long> CountAsync(string where) => merchant.Database.ScalarAsync<long>($"SELECT count(*) FROM work_items WHERE {where}");

        public ValueTask DisposeAsync() => merchant.Database.DisposeAsync();
    }
}
