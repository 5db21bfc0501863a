using Shouldly;
using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Benchmarks;

/// <summary>A benchmark whose results are wrong fails, whatever its speed: each check is shown something wrong.</summary>
public sealed class InvariantsTests(PostgresFixture postgres)
{
    private const int Skus = 4;
    private const int Stock = 10;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Positions_that_are_not_the_ledgers_fail_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, Skus, Stock);
        await Invariants.PositionsAreTheLedgersAsync(database.ConnectionString, merchant.Tenant, Ct);

        await database.ExecuteAsync("UPDATE positions SET committed = committed + 1 WHERE sku_id = $1", merchant.Skus[2].Value);
        (await Should.ThrowAsync<CheckFailedException>(() => Invariants.PositionsAreTheLedgersAsync(database.ConnectionString, merchant.Tenant, Ct)))
            .Message.ShouldStartWith("1 positions differ");
    }

    [Fact]
    public async Task Units_that_no_order_asked_for_fail_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, Skus, Stock);
        Dictionary<SkuId, long> Asked(long units) => merchant.Skus.ToDictionary(sku => sku, _ => units);
        await OrderBacklog.CheckCommittedAsync(database.ConnectionString, merchant.Tenant, Asked(0), Ct);

        (await Should.ThrowAsync<CheckFailedException>(
            () => OrderBacklog.CheckCommittedAsync(database.ConnectionString, merchant.Tenant, Asked(1), Ct))).Message.ShouldContain("0 units committed");
    }

    [Theory]
    [InlineData(EffectiveMode.Shared, Stock, Stock)]
    [InlineData(EffectiveMode.Guard, Stock - 3, 3)]
    public async Task A_target_that_is_not_what_orders_left_fails_it(EffectiveMode mode, int one, int other)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, Skus, Stock);
        await database.ExecuteAsync("UPDATE sku_state SET mode = $1", (short)mode);
        await database.ExecuteAsync(
            "UPDATE listing_levels SET target = CASE connection_id WHEN $1 THEN $2 ELSE $3 END", merchant.Connections[0].Value, one, other);
        await Invariants.TargetsAreWhatOrdersLeftAsync(database.ConnectionString, merchant.Tenant, Ct);

        await database.ExecuteAsync("UPDATE listing_levels SET target = target - 1 WHERE sku_id = $1", merchant.Skus[0].Value);
        (await Should.ThrowAsync<CheckFailedException>(() => Invariants.TargetsAreWhatOrdersLeftAsync(database.ConnectionString, merchant.Tenant, Ct)))
            .Message.ShouldStartWith("of 8 levels 2 ");
    }

    [Fact]
    public async Task Nothing_published_at_all_fails_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, Skus, Stock);
        await database.ExecuteAsync("UPDATE listing_levels SET status = 1");
        await Should.ThrowAsync<CheckFailedException>(() => Invariants.TargetsAreWhatOrdersLeftAsync(database.ConnectionString, merchant.Tenant, Ct));
        await Should.ThrowAsync<CheckFailedException>(
            () => Invariants.StoresShowTheirTargetsAsync(database.ConnectionString, Store(), Skus, Ct));
    }

    [Fact]
    public async Task A_store_that_shows_something_else_fails_it_whatever_is_believed()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var world = await PublishedAsync(database);
        await CheckAsync();

        var level = world.Shops[0].Levels.First();
        level.Add(StockState.Available, 1, DateTimeOffset.UnixEpoch);
        (await Should.ThrowAsync<CheckFailedException>(CheckAsync)).Message.ShouldContain($"shows {Stock + 1} of item {level.ItemId}");
        level.Add(StockState.Available, -1, DateTimeOffset.UnixEpoch);
        await CheckAsync();

        await database.ExecuteAsync("UPDATE listing_levels SET belief = belief - 1 WHERE item_ref = $1", $"{level.ItemId}");
        (await Should.ThrowAsync<CheckFailedException>(CheckAsync)).Message.ShouldStartWith("1 levels are not believed");
        await database.ExecuteAsync("UPDATE listing_levels SET belief = target, item_ref = '1' WHERE item_ref = $1", $"{level.ItemId}");
        (await Should.ThrowAsync<CheckFailedException>(CheckAsync)).Message.ShouldStartWith("1 published levels are in no store");

        Task CheckAsync() => Invariants.StoresShowTheirTargetsAsync(database.ConnectionString, world, Skus, Ct);
    }

    private static World Store() => WorldBuilder.Build(
        new SimulatorOptions { Stores = 1, Skus = Skus, MinStock = Stock, MaxStock = Stock, MainLocations = 1, DirtyCatalog = false }, TimeProvider.System);

    /// <summary>A store, and a merchant whose levels are those of the store.</summary>
    private static async Task<World> PublishedAsync(TestDatabase database)
    {
        var world = Store();
        var merchant = await Merchant.CreateAsync(database, connections: 1, Skus, Stock);
        await database.ExecuteAsync("UPDATE connections SET shop = $1", world.Shops[0].Domain);
        foreach (var (level, sku) in world.Shops[0].Levels.Zip(merchant.Skus))
        {
            await database.ExecuteAsync(
                "UPDATE listing_levels SET item_ref = $2, external_location_id = $3, target = $4, belief = $4 WHERE sku_id = $1",
                sku.Value, $"{level.ItemId}", $"{level.LocationId}", level[StockState.Available]);
        }

        return world;
    }
}
