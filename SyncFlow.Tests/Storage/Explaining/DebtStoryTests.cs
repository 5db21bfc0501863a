using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>What locations owe together is told of every moment as the rules counted it then.</summary>
public sealed class DebtStoryTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Units_owed_to_orders_where_nobody_counted_are_told_with_what_that_leaves()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 10);
        await OpenTheSideAsync(merchant, shown: 2);
        (await ReadAsync(merchant, null)).Moment.ShouldSatisfyAllConditions(
            m => DebtAccount.Of(m, null).ShouldBeEmpty(), m => Exposures.Of(m.Tied, m.Sku.Sku).Available.ShouldBe(10));

        // Three are ordered there, where two are shown: one must come from MAIN. Then one that took its units from no level.
        await OrderAsync(merchant, Start, "1", 3, "web");
        await OrderAsync(merchant, Start.AddMinutes(1), "2", 4, "580111");

        (await OwedAsync(merchant, Start)).ShouldBe((1, 9));
        (await OwedAsync(merchant, null)).ShouldBe((5, 5));
        (await LiveAsync(merchant)).ShouldBe(5, "it is told as it is counted");
        var story = await ReadAsync(merchant, null);
        Narrative.Of(story.Moment, story.Levels, null).ShouldContain(
            "MAIN owes 5 units to orders booked elsewhere (5 at SIDE, where nobody has counted in), so of 10 available to sell there 5 can be shown.");

        var (main, side) = (merchant.Location, story.Moment.Names.Locations.Single(n => n.Value == "SIDE").Key);
        DebtAccount.Of(story.Moment, main).Count.ShouldBe(1, "it owes");
        DebtAccount.Of(story.Moment, side).Count.ShouldBe(1, "it is owed");
        DebtAccount.Of(story.Moment, new LocationId(-1)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Units_owed_to_orders_at_a_place_that_every_channel_closed_are_told()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await OpenTheSideAsync(merchant, shown: 2);
        await ChangeAsync(merchant, Start.AddMinutes(-1), (sku, side) => sku.With(sku.PoolAt(side.Location) with { Opened = true }));
        await OrderAsync(merchant, Start, "1", 3, "web");
        await database.ExecuteAsync("UPDATE channel_locations SET active = false WHERE external_location_id = 'x-side'");
        await ChangeAsync(merchant, Start.AddMinutes(1), (sku, side) => sku.With(side with { Status = LevelStatus.Closed }));

        var story = await ReadAsync(merchant, null);
        DebtAccount.Of(story.Moment, null).Single().Debts.Select(d => (d.Units, d.Cause)).ShouldBe([(3, DebtCause.ClosedEverywhere)]);
        Narrative.Of(story.Moment, story.Levels, null).ShouldContain(
            "MAIN owes 3 units to orders booked elsewhere (3 at SIDE, which every channel has closed and which has too few), so of 10 available to sell there 7 can be shown.");
    }

    private static async Task<(int Owed, int Available)> OwedAsync(Merchant merchant, DateTimeOffset? at)
    {
        var moment = (await ReadAsync(merchant, at)).Moment;
        return (DebtAccount.Of(moment, null).Sum(d => d.Owed), Exposures.Of(moment.Tied, moment.Sku.Sku).Available);
    }

    private static async Task<int> LiveAsync(Merchant merchant)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        return Exposures.Of(Cluster.Of(set.Skus, set.Context), merchant.Skus[0]).Available;
    }

    /// <summary>The last channel sells at a second location too, where nobody counts.</summary>
    private static async Task OpenTheSideAsync(Merchant merchant, int shown)
    {
        await merchant.Database.ExecuteAsync("INSERT INTO locations (tenant_id, code, name) VALUES ($1, 'SIDE', 'Side')", merchant.Tenant.Value);
        await using (var session = await merchant.WorkAsync())
        {
            await new CatalogStore(TimeProvider.System).UpsertLocationsAsync(
                session, merchant.Connections[^1], [new ImportedLocation("x-side", "Side", true, true)], Ct);
            await session.CommitAsync(Ct);
        }

        await merchant.Database.ExecuteAsync(
            "UPDATE channel_locations SET location_id = (SELECT location_id FROM locations WHERE code = 'SIDE') WHERE external_location_id = 'x-side'");
        await using (var session = await merchant.WorkAsync())
        {
            await CatalogStore.EnsureLevelsAsync(session, merchant.Connections[^1], [new StockedAt("item-0", "x-side")], Ct);
            await session.CommitAsync(Ct);
        }

        await ChangeAsync(merchant, Start.AddHours(-1), (sku, side) => sku.With(side with { Status = LevelStatus.Live, Belief = shown }));
    }

    /// <summary>Changes the SKU, given its level at the second location.</summary>
    private static async Task ChangeAsync(Merchant merchant, DateTimeOffset at, Func<SkuState, LevelState, SkuState> change)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var sku = set.Skus.Single();
        set.Put(change(sku, sku.Levels.Single(l => l.Location != merchant.Location)));
        await StockStore.SaveAsync(session, set, "read", at, Ct);
        await session.CommitAsync(Ct);
    }

    private static async Task OrderAsync(Merchant merchant, DateTimeOffset at, string id, int units, string source)
    {
        var (channel, order) = (merchant.Connections[^1], $"gid://shopify/Order/{id}");
        var snapshot = Desk.Snapshot(order, units, at, variant: Merchant.Variant(0), origin: SnapshotOrigin.Fetch);
        var fact = new OrderFact($"order:{channel.Value}:{order}", channel, null, at, snapshot with
        {
            SourceName = source,
            Lines = [snapshot.Lines[0] with { Assignments = [new Assignment("x-side", units)] }],
        });
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadAsync(session, FactRefs.Of([fact]), Ct);
        FactEngine.Apply(set, fact, at).ShouldBe(FactOutcome.Applied);
        Replanner.Replan(set, at);
        await StockStore.SaveAsync(session, set, "orders/create", at, Ct);
        await session.CommitAsync(Ct);
    }

    private static Task<StockStory> ReadAsync(Merchant merchant, DateTimeOffset? at) => new ExplainStore(merchant.Database.Api, TimeProvider.System).ReadAsync(
        merchant.Tenant, "SKU", new ExplainQuery(merchant.Skus[0], null, null, at, null, 50), Ct);
}
