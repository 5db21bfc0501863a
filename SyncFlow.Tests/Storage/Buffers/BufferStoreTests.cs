using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Buffers;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Availability;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Buffers;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Buffers;

public sealed class BufferStoreTests(PostgresFixture postgres)
{
    private static readonly BufferTier[] Tiers = [new("slow", 0) { Units = 1 }, new("fast", 1) { Days = 2 }];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_policy_gives_every_pool_the_buffer_of_its_tier_and_what_sells_is_planned_and_explained_by_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, clock) = await SoldAsync(database);
        var desk = new RuleDesk(database.Api, clock);
        var preview = (await desk.PreviewAsync(merchant.Tenant, new BufferChange([.. Tiers]), null, "a person", null, Ct)).Writes;
        (await SetAsync(desk, merchant, Tiers)).ShouldBe(RuleOutcome.Stands);

        // 18 sold in 10 days are 1.8 a day; two days of that are 3.6 units.
        var fast = await ReadAsync(merchant, 0);
        fast.PoolAt(merchant.Location).Tier.ShouldBe(new TierBuffer("fast", 1.8m) { Units = 4, Days = 2 });
        AvailableToSell.Of(fast.PoolAt(merchant.Location), fast.Policy).ShouldBe(100 - 18 - 4);
        (await ReadAsync(merchant, 1)).PoolAt(merchant.Location).Tier.ShouldBe(new TierBuffer("slow", 0) { Units = 1 });

        var answered = (await new AvailabilityStore(database.Api).ComputeAsync(merchant.Tenant, merchant.Skus, Ct)).Skus;
        answered.Select(s => s.Figures.Exposure.Available).ShouldBe([78, 99], "the lists say what the rules say");
        answered[0].Figures.Places.ShouldHaveSingleItem().Ats.ShouldBe(78);

        (await ReplannedAsync(database, merchant, clock.GetUtcNow())).ShouldBe(preview.Where(w => w.Step == 1).Select(w => (w.Sku, w.Level, w.To)), ignoreOrder: true);
        preview.ShouldNotBeEmpty();
        (await StoryAsync(merchant, null)).ShouldStartWith("MAIN: 100 on hand − 18 committed to open orders − 4 buffer (tier fast, 2 days of cover at 1.8 a day) = 78");
    }

    [Fact]
    public async Task The_past_is_explained_by_the_buffer_of_then()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, clock) = await SoldAsync(database);
        var before = clock.GetUtcNow().AddDays(-1);
        var desk = new RuleDesk(database.Api, clock);
        await SetAsync(desk, merchant, Tiers);
        await database.ExecuteAsync("ALTER TABLE setting_history DISABLE TRIGGER append_only");
        await database.ExecuteAsync("UPDATE setting_history SET at = $1 WHERE subject = 'buffer'", clock.GetUtcNow());
        clock.Advance(TimeSpan.FromHours(1));
        await SetAsync(desk, merchant, null);
        await database.ExecuteAsync("UPDATE setting_history SET at = $1 WHERE subject = 'buffer' AND settings = '[]'", clock.GetUtcNow());

        (await StoryAsync(merchant, before)).ShouldNotContain("buffer");
        (await StoryAsync(merchant, clock.GetUtcNow().AddMinutes(-1))).ShouldContain("− 4 buffer (tier fast, 2 days of cover at 1.8 a day)");
        (await StoryAsync(merchant, clock.GetUtcNow())).ShouldNotContain("buffer");
        (await new BufferDesk(database.Api).VersionsAsync(merchant.Tenant, null, 9, Ct)).Select(v => (v.Version, v.Tiers?.Count)).ShouldBe([(2, null), (1, 2)]);
        (await database.ScalarAsync<long>("SELECT count(*) FROM tier_buffers")).ShouldBe(0);
    }

    [Fact]
    public async Task Tiers_are_evaluated_once_a_day_and_one_near_its_threshold_stays()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, clock) = await SoldAsync(database);
        await SetAsync(new RuleDesk(database.Api, clock), merchant, [new("slow", 0) { Units = 1 }, new("fast", 1.8m) { Units = 9 }]);
        var store = new BufferStore(database.Worker, clock);
        async Task<string> TierAsync() => (await ReadAsync(merchant, 0)).PoolAt(merchant.Location).Tier!.Tier;

        clock.Advance(TimeSpan.FromMinutes(1));
        (await store.RunAsync(Ct)).ShouldBe(0, "it was evaluated when it was set");
        clock.Advance(TimeSpan.FromDays(1)); // 18 in 11 days: 1.64, within a tenth of the threshold.
        (await store.RunAsync(Ct)).ShouldBe(0);
        (await TierAsync()).ShouldBe("fast");
        clock.Advance(TimeSpan.FromDays(1)); // 1.5 a day.
        (await store.RunAsync(Ct)).ShouldBe(1);
        (await TierAsync()).ShouldBe("slow");
        (await store.RunAsync(Ct)).ShouldBe(0, "once a day");
        (await database.ScalarAsync<long>(
            "SELECT count(*) FROM sync_runs WHERE kind = 'replan' AND parameters = jsonb_build_object('skuId', $1::bigint)", merchant.Skus[0].Value))
            .ShouldBe(2, "once when it was set, once when its tier changed");
    }

    [Fact]
    public async Task A_pool_that_comes_later_has_a_buffer_at_the_next_look()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, clock) = await SoldAsync(database);
        await SetAsync(new RuleDesk(database.Api, clock), merchant, Tiers);
        await database.ExecuteAsync("DELETE FROM tier_buffers WHERE sku_id = $1", merchant.Skus[1].Value);
        (await new BufferStore(database.Worker, clock).RunAsync(Ct)).ShouldBe(1);
        (await ReadAsync(merchant, 1)).PoolAt(merchant.Location).Tier.ShouldBe(new TierBuffer("slow", 0) { Units = 1 });
        (await ReadAsync(merchant, 0)).PoolAt(merchant.Location).Tier!.Tier.ShouldBe("fast", "the others keep theirs");
    }

    [Fact]
    public async Task A_change_by_somebody_who_read_another_version_and_the_same_again_change_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, clock) = await SoldAsync(database);
        var desk = new RuleDesk(database.Api, clock);
        await SetAsync(desk, merchant, Tiers, expected: 0);
        (await SetAsync(desk, merchant, null, expected: 0, by: "another")).ShouldBe(RuleOutcome.Stale);
        (await SetAsync(desk, merchant, Tiers, by: "another")).ShouldBe(RuleOutcome.Stands);
        (await new BufferDesk(database.Api).FindAsync(merchant.Tenant, Ct)).ChangedBy.ShouldBe("a person");
        (await database.ScalarAsync<long>("SELECT count(*) FROM buffer_policies")).ShouldBe(1);
    }

    private static async Task<RuleOutcome> SetAsync(
        RuleDesk desk, Merchant merchant, BufferTier[]? tiers, int? expected = null, string by = "a person") =>
        (await desk.SetAsync(merchant.Tenant, new BufferChange(tiers is null ? null : [.. tiers]), expected, "test", by, null, Ct)).Outcome;

    /// <summary>Two SKUs of 100 units; of the first, 18 were sold over the ten days until now.</summary>
    private static async Task<(Merchant Merchant, TestClock Clock)> SoldAsync(TestDatabase database)
    {
        var clock = new TestClock(new DateTimeOffset(2026, 3, 20, 12, 0, 0, TimeSpan.Zero));
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 100);
        foreach (var (days, units) in new[] { (10, 10), (3, 8) })
        {
            var at = clock.GetUtcNow().AddDays(-days);
            var order = new OrderFact(
                $"order:{merchant.Connections[0].Value}:gid://shopify/Order/{days}", merchant.Connections[0], null, at,
                Desk.Snapshot($"gid://shopify/Order/{days}", units, at, variant: Merchant.Variant(0)));
            await using var session = await merchant.WorkAsync();
            var set = await StockStore.LoadAsync(session, FactRefs.Of([order]), Ct);
            FactEngine.Apply(set, order, at).ShouldBe(FactOutcome.Applied);
            Replanner.Replan(set, at);
            await StockStore.SaveAsync(session, set, "orders/create", at, Ct);
            await session.CommitAsync(Ct);
        }

        return (merchant, clock);
    }

    private static async Task<SkuState> ReadAsync(Merchant merchant, int sku)
    {
        await using var session = await merchant.WorkAsync();
        return (await StockStore.ReadSkusAsync(session, [merchant.Skus[sku]], Ct)).Skus.Single();
    }

    /// <summary>Levels that want a push after all SKUs were planned, and what they are to show.</summary>
    private static async Task<List<(SkuId Sku, LevelId Level, int To)>> ReplannedAsync(TestDatabase database, Merchant merchant, DateTimeOffset now)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        foreach (var sku in merchant.Skus)
        {
            Replanner.Touch(set, sku, now);
        }

        return [.. set.Skus.SelectMany(s => s.Levels.Where(l => l.WantsPush).Select(l => (s.Sku, l.Id, l.Target!.Value)))];
    }

    private static async Task<string> StoryAsync(Merchant merchant, DateTimeOffset? at)
    {
        var story = await new ExplainStore(merchant.Database.Api, TimeProvider.System).ReadAsync(
            merchant.Tenant, "SKU", new ExplainQuery(merchant.Skus[0], null, null, at, null, 5), Ct);
        return Narrative.Of(story.Moment, story.Levels, null)[0];
    }
}
