using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker.Apply;

public sealed class ApplyPipelineTests(PostgresFixture postgres)
{
    private readonly TestClock clock = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_movement_is_applied_once_and_asks_its_channels_for_a_push()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1, onHand: 10);
        await StoreAsync(merchant, Movement(merchant, 0, "m1", 5), Movement(merchant, 0, "m1", 5) with { WebhookId = "again" });
        var result = await Pipeline(database).RunAsync(merchant.Tenant, Ct);
        (result.Claimed, result.Failed).ShouldBe((2, 0));
        result.Connections.ShouldBe(merchant.Connections, ignoreOrder: true);
        (await database.ScalarAsync<int>("SELECT on_hand FROM positions")).ShouldBe(15);
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE state = 1")).ShouldBe(2);
        (await Pipeline(database).RunAsync(merchant.Tenant, Ct)).ShouldBe(ApplyResult.Nothing);
    }

    [Fact]
    public async Task What_does_not_parse_is_a_dead_letter_and_what_is_unknown_is_ignored_beside_a_good_event()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 1, onHand: 10);
        await StoreAsync(
            merchant,
            Movement(merchant, 0, "broken", 1) with { Body = Encoding.UTF8.GetBytes("{\"Key\":") },
            Movement(merchant, 0, "alien", 1) with { Content = "alien", Connection = merchant.Connections[0] },
            Movement(merchant, 0, "good", 1));
        (await Pipeline(database).RunAsync(merchant.Tenant, Ct)).Failed.ShouldBe(0);
        await using var look = await merchant.WorkAsync();
        (await database.InboxStatesAsync()).ShouldBe("1: 1, 2: 1, 3: 1");
        (await DeadLetterStore.ListAsync(look, null, 5, Ct)).Single().WebhookId.ShouldBe("broken");
        (await database.ScalarAsync<string>("SELECT incident_key FROM incidents WHERE closed_at IS NULL")).ShouldBe("dead-letter:own");
        (await database.ScalarAsync<int>("SELECT on_hand FROM positions")).ShouldBe(11);
    }

    [Fact]
    public async Task An_event_that_cannot_be_applied_stops_only_itself_and_dies_after_five_attempts()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 2, onHand: 10);
        await StoreAsync(merchant, Movement(merchant, 0, "poison", int.MaxValue), Movement(merchant, 1, "good", 1));
        for (var attempt = 1; attempt <= InboxRetries.MostAttempts; attempt++)
        {
            var result = await Pipeline(database).RunAsync(merchant.Tenant, Ct);
            (result.Claimed, result.Failed).ShouldBe((attempt == 1 ? 2 : 1, 1));
            clock.Advance(InboxRetries.After(attempt));
        }

        await using var look = await merchant.WorkAsync();
        (await database.InboxStatesAsync()).ShouldBe("1: 1, 2: 1");
        (await DeadLetterStore.ListAsync(look, null, 5, Ct)).Single().Error!.ShouldContain("OverflowException");
        (await database.ScalarAsync<string>("SELECT message FROM incidents WHERE kind = 'dead-letter'")).ShouldContain("OverflowException");
        (await database.ScalarAsync<long>("SELECT sum(on_hand) FROM positions")).ShouldBe(21);
    }

    [Fact]
    public async Task C28_A_dead_letter_replayed_two_hours_later_is_computed_anew_and_sends_nothing_old()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 2, onHand: 10);
        await database.ExecuteAsync("UPDATE skus SET mode = $1", (short)SharingMode.Shared);
        await database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;
            CREATE TRIGGER poison BEFORE INSERT ON ledger_entries FOR EACH ROW WHEN (NEW.fact_key = 'poison') EXECUTE FUNCTION refuse();
            """);

        // Five come in and cannot be booked; ten and five would have been fifteen. The neighbour's events flow past it.
        await StoreAsync(merchant, Movement(merchant, 0, "poison", 5), Movement(merchant, 1, "good", 1));
        for (var attempt = 1; attempt <= InboxRetries.MostAttempts; attempt++)
        {
            await Pipeline(database).RunAsync(merchant.Tenant, Ct);
            clock.Advance(InboxRetries.After(attempt));
        }

        var letters = new DeadLetterStore(clock);
        await using var session = await merchant.WorkAsync();
        var dead = (await DeadLetterStore.ListAsync(session, null, 5, Ct)).ShouldHaveSingleItem();
        dead.WebhookId.ShouldBe("poison");
        (await PublishAsync(merchant)).ShouldBe(["item-1 10 to 11", "item-1 10 to 11"]);

        // Meanwhile eight were lost: the replay adds to what is there now, and targets follow from the sum.
        await StoreAsync(merchant, Movement(merchant, 0, "lost", -8));
        await Pipeline(database).RunAsync(merchant.Tenant, Ct);
        (await PublishAsync(merchant)).ShouldBe(["item-0 10 to 2", "item-0 10 to 2"]);
        await database.ExecuteAsync("DROP TRIGGER poison ON ledger_entries");
        clock.Advance(TimeSpan.FromHours(2));
        (await letters.ReplayAsync(session, [dead.Key.EventId], Ct)).ShouldBe(1);
        await session.CommitAsync(Ct);
        (await Pipeline(database).RunAsync(merchant.Tenant, Ct)).Failed.ShouldBe(0);
        (await database.ScalarAsync<int>("SELECT min(on_hand) FROM positions")).ShouldBe(7);
        (await database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries WHERE fact_key = 'poison'")).ShouldBe(1);
        (await PublishAsync(merchant)).ShouldBe(["item-0 2 to 7", "item-0 2 to 7"], "from what was said last to what is there now");
        (await PublishAsync(merchant)).ShouldBeEmpty();
        (await database.ScalarAsync<long>("SELECT count(*) FROM push_levels WHERE to_units = 15")).ShouldBe(0, "what it would have been then");
    }

    [Fact]
    public async Task Workers_side_by_side_apply_everything_once_and_positions_stay_the_ledgers_replay()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 20, onHand: 1);
        var random = new Random(7);
        for (var batch = 0; batch < 4; batch++)
        {
            await StoreAsync(merchant, [.. Enumerable.Range(0, 400).Select(i => Movement(merchant, random.Next(20), $"m{batch}-{i}", 1))]);
        }

        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var (pipeline, sum) = (Pipeline(database), 0);
            while (await pipeline.RunAsync(merchant.Tenant, Ct) is { Claimed: > 0 } result)
            {
                result.Failed.ShouldBe(0);
                sum += result.Claimed;
            }

            return sum;
        }));

        // A worker may find nothing while others still hold the last events; together they have done all.
        applied.Sum().ShouldBe(1_600);
        (await database.ScalarAsync<long>("SELECT sum(on_hand) FROM positions")).ShouldBe(1_620);
        await using var look = await merchant.WorkAsync();
        (await LedgerAudit.PositionsDifferFromLedgerAsync(look, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_batch_of_500_events_over_500_skus_asks_the_database_as_often_as_one_of_50()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, skus: 500, onHand: 10);
        using var calls = new DatabaseCalls(database);
        var asked = new List<int>();
        foreach (var events in new[] { 50, 500 })
        {
            await StoreAsync(merchant, [.. Enumerable.Range(0, events).Select(i => Movement(merchant, i, $"r{events}-{i}", 1))]);
            calls.Reset();
            (await Pipeline(database).RunAsync(merchant.Tenant, Ct)).ShouldSatisfyAllConditions(r => r.Claimed.ShouldBe(events), r => r.Failed.ShouldBe(0));
            asked.Add(calls.Count);
        }

        asked[0].ShouldBeInRange(2, 20);
        asked[1].ShouldBe(asked[0], "what a batch costs in round trips does not grow with it");
    }

    /// <summary>Plans, stores and acknowledges what each store is to be told; returns it.</summary>
    private async Task<List<string>> PublishAsync(Merchant merchant)
    {
        var said = new List<string>();
        foreach (var connection in merchant.Connections)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            var leases = new LeaseStore(merchant.Database.Worker);
            var epoch = (await leases.AcquireAsync(merchant.Tenant, connection, "test", TimeSpan.FromMinutes(5), Ct))!.Value;
            await using var session = await merchant.WorkAsync();
            var candidates = await PushStore.CandidatesAsync(session, connection, 10, Ct);
            var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
            if (Planner.Plan(set, connection, candidates, Guid.CreateVersion7(clock.GetUtcNow()), clock.GetUtcNow()).Push is { } push)
            {
                await PushStore.StoreIntentAsync(session, set, push, "{}", epoch, Ct);
                var answers = push.Elements.Select(e => new ElementAnswer(e.Level, ElementOutcome.Acknowledged, null)).ToList();
                set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
                Settlement.Settle(set, push, answers, clock.GetUtcNow());
                await PushStore.SettleAsync(session, set, push, answers, null, clock.GetUtcNow(), epoch, clock.GetUtcNow(), Ct);
                said.AddRange(push.Elements.Select(e => $"{e.ItemRef} {e.From} to {e.To}"));
            }

            await session.CommitAsync(Ct);
            await leases.ReleaseAsync(merchant.Tenant, connection, epoch, Ct);
        }

        return said;
    }

    private ApplyPipeline Pipeline(TestDatabase database) =>
        new(database.Worker, new InboxStore(database.Worker, clock), clock, NullLogger<ApplyPipeline>.Instance);

    private Task<int> StoreAsync(Merchant merchant, params InboxEvent[] events) =>
        new InboxStore(merchant.Database.Ingest, clock).AppendAsync(events, Ct);

    private InboxEvent Movement(Merchant merchant, int sku, string key, int delta) => new(
        merchant.Tenant, null, "movement", key, null, clock.GetUtcNow(), clock.GetUtcNow(), null, InternalFacts.Movement,
        InternalFacts.Body(new InternalFacts.MovementBody(
            key, merchant.Skus[sku].Value, merchant.Location.Value, Bucket.OnHand, delta, EntryReason.Receipt, clock.GetUtcNow())));
}
