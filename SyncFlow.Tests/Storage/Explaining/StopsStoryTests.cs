using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>What keeps levels from being raised beside the merchant's own freezes is told by name, for the moments at which it did.</summary>
public sealed class StopsStoryTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frozen_source_and_a_stop_by_billing_are_named_while_they_hold_levels_down()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await database.ExecuteAsync("UPDATE skus SET mode = 1");
        await FeedAsync(database);
        await ReceiveAsync(merchant, "r1", 2);
        var before = await NowAsync(database);

        await database.ExecuteAsync("UPDATE sources SET state = 2, state_reason = 'its sequence went from 9 to 3'");
        await ReceiveAsync(merchant, "r2", 5);
        var frozen = await ReadAsync(merchant, null);
        frozen.Levels[0].Quota.ShouldSatisfyAllConditions(
            q => (q.Quota, q.Reason).ShouldBe((12, QuotaReason.Frozen)), q => q.StoppedBy.ShouldBe("its source ERP is frozen"));
        Why(frozen).ShouldContain(s => s.StartsWith("MAIN is fed by ERP, which is frozen since ", StringComparison.Ordinal)
            && s.EndsWith(" (its sequence went from 9 to 3): its last good stock stands, and no level there is raised until it is resumed.", StringComparison.Ordinal));
        Why(frozen).ShouldContain(s => s.EndsWith("; its source ERP is frozen, so it is not raised.", StringComparison.Ordinal));
        var during = await NowAsync(database);

        await database.ExecuteAsync("UPDATE sources SET state = 1");
        await database.ExecuteAsync(
            """
            INSERT INTO billing_standing (tenant_id, standing, plan, max_stores, included, allowed, why, since, checked_at)
            SELECT tenant_id, 4, 'free', 1, 0, 0, 'the subscription lapsed', now(), now() FROM tenants
            """);
        await ReceiveAsync(merchant, "r3", 1);
        var unpaid = await ReadAsync(merchant, null);
        unpaid.Levels[0].Quota.StoppedBy.ShouldBe("billing has stopped increases");
        Why(unpaid).ShouldContain(s => s.StartsWith("Billing has stopped increases since ", StringComparison.Ordinal)
            && s.Contains(" (the subscription lapsed): ", StringComparison.Ordinal));
        Why(unpaid).ShouldNotContain(s => s.Contains("ERP", StringComparison.Ordinal));

        Why(await ReadAsync(merchant, before)).ShouldNotContain(s => s.Contains("frozen", StringComparison.Ordinal) || s.Contains("illing", StringComparison.Ordinal));
        Why(await ReadAsync(merchant, during)).ShouldBe(Why(frozen), "the past stays what it was");

        await database.ExecuteAsync("UPDATE billing_standing SET standing = 2, why = NULL");
        await ReceiveAsync(merchant, "r4", 1);
        var paid = await ReadAsync(merchant, null);
        (paid.Levels[0].Quota.Quota, paid.Levels[0].Quota.StoppedBy).ShouldBe((19, null));
    }

    [Fact]
    public async Task Units_at_a_location_that_every_channel_closed_are_not_told_as_for_sale()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 7);
        await database.ExecuteAsync("UPDATE channel_locations SET active = false WHERE connection_id = (SELECT min(connection_id) FROM connections)");
        var open = await ReadAsync(merchant, null);
        open.Moment.Stops.Closed.ShouldBeEmpty("the other channel still sells from it");
        var before = await NowAsync(database);

        await database.ExecuteAsync("UPDATE channel_locations SET active = false");
        var closed = await ReadAsync(merchant, null);
        Why(closed)[0].ShouldBe("MAIN: 7 on hand = 7 available to sell, but every channel has closed the location, so none of it can be sold online.");
        Why(closed).ShouldContain(s => s.Contains("may still sell 0 of 0 available", StringComparison.Ordinal));
        Why(await ReadAsync(merchant, before))[0].ShouldBe("MAIN: 7 on hand = 7 available to sell.");

        await database.ExecuteAsync("UPDATE channel_locations SET active = true");
        Why(await ReadAsync(merchant, null))[0].ShouldBe("MAIN: 7 on hand = 7 available to sell.");
    }

    private static IReadOnlyList<string> Why(StockStory story) => Narrative.Of(story.Moment, story.Levels, null);

    /// <summary>A source that feeds the merchant's one location.</summary>
    private static async Task FeedAsync(TestDatabase database)
    {
        await database.ExecuteAsync(
            """
            INSERT INTO connections (tenant_id, kind, name, status, settings, created_at, updated_at)
            SELECT tenant_id, 'erp', 'ERP', 3, '{}', now(), now() FROM tenants
            """);
        await database.ExecuteAsync(
            """
            INSERT INTO sources (tenant_id, connection_id, strategy, ordering, cadence_seconds, buckets, state_since, created_at, updated_at)
            SELECT tenant_id, connection_id, 1, 1, 900, '{1}', now(), now(), now() FROM connections WHERE kind = 'erp'
            """);
        await database.ExecuteAsync(
            """
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id)
            SELECT c.tenant_id, c.connection_id, 'W1', 'W1', l.location_id FROM connections c JOIN locations l USING (tenant_id) WHERE c.kind = 'erp'
            """);
    }

    /// <summary>Goods arrive, and whatever is to be shown then is shown.</summary>
    private static async Task ReceiveAsync(Merchant merchant, string key, int units)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(session, FactRefs.Of([]) with { Skus = [.. merchant.Skus] }, Ct);
        FactEngine.Apply(
            set, new StockMovement(key, null, null, now, merchant.Skus[0], merchant.Location, Bucket.OnHand, units, EntryReason.Receipt), now)
            .ShouldBe(FactOutcome.Applied);
        Replanner.Replan(set, now);
        var sku = set.FindSku(merchant.Skus[0])!;
        set.Put(sku with { Levels = [.. sku.Levels.Select(l => l.Target is { } target ? l with { Belief = target } : l)] });
        await StockStore.SaveAsync(session, set, "test", now, Ct);
        await session.CommitAsync(Ct);
    }

    private static Task<StockStory> ReadAsync(Merchant merchant, DateTimeOffset? at) => new ExplainStore(merchant.Database.Api, TimeProvider.System).ReadAsync(
        merchant.Tenant, "sku-0000", new ExplainQuery(merchant.Skus[0], null, null, at, null, 10), Ct);

    private static async Task<DateTimeOffset> NowAsync(TestDatabase database) =>
        await database.ScalarAsync<DateTime>("SELECT clock_timestamp()");
}
