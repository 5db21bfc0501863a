using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about what lies where and under which name, end to end: API, database, worker and a store.</summary>
public sealed class PoolCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C14_Four_leave_three_arrive_and_the_store_never_shows_more_than_at_the_start()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 35, places: 2, stores: 1);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        Shown(world).ShouldBe((28, 7));
        var sku = world.A.Variants[0].Sku;
        var planned = await DoAsync(
            app, "/transfers", new { reference = "TR-1", from = "L1", to = "L2", lines = new[] { new { sku, units = 4 } } });
        var id = (long)(planned["transfer"] ?? planned)["id"]!;

        await DoAsync(app, $"/transfers/{id}/dispatch", new { });
        await UntilShownAsync(world, (24, 7));
        (await PositionsAsync(world)).ShouldBe("24 0, 7 4", "four on the road are nobody's to sell");
        await DoAsync(app, $"/transfers/{id}/receive", new { lines = new[] { new { sku, units = 3 } } });
        await UntilShownAsync(world, (24, 10));
        await DoAsync(app, $"/transfers/{id}/close", new { note = "one is missing" });
        await Waits.UntilAsync(async () => await PositionsAsync(world) == "24 0, 10 0", "the lost one off the road", QuietLimit);
        await world.QuietAsync(QuietLimit);
        Shown(world).ShouldBe((24, 10));
        (await world.CountAsync(
            """
            SELECT max(sum)::bigint FROM (
              SELECT sum(sum(delta) FILTER (WHERE bucket = 1)) OVER (ORDER BY max(entry_id)) FROM ledger_entries GROUP BY recorded_at) s
            """)).ShouldBe(35, "never more than at the start");
    }

    [Fact]
    public async Task C18_Two_items_of_one_SKU_are_ambiguous_until_declared_one_pool_of_fourteen()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 10, stores: 1);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        Rename(world, item: 1, sku: world.A.Variants[0].Sku, shown: 4);
        await world.RunAsync("import", 1);
        await WorldMapping.MapPlacesAsync(world.Database);
        var report = await DoAsync(app, "/listings/auto-map", new { connectionId = 1 });
        report["ambiguous"]!.AsArray().ShouldHaveSingleItem()!["variants"]!.AsArray().Count.ShouldBe(2);
        (await world.CountAsync("SELECT count(*) FROM listings")).ShouldBe(0, "nothing is guessed");

        await DoAsync(app, "/listings/pools", new { connectionId = 1, sku = world.A.Variants[0].Sku });
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 2");
        await world.RunAsync("baseline", 1, """{"openingStock": true}""");
        await world.RunAsync("go-live", 1);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT sum(on_hand) FROM positions")).ShouldBe(14);
        (await world.CountAsync("SELECT sum(target) FROM listing_levels")).ShouldBe(14);
        WorkerWorld.Shown(world.A, world.A.Variants[0].Sku).ShouldBe(14);
        (await world.CountAsync("SELECT exposure_units::bigint FROM sku_state")).ShouldBe(0);

        world.Place(world.A, 3, world.A.Variants[0].Sku);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(committed) FROM positions") == 3, "the sale", QuietLimit);
        await world.QuietAsync(QuietLimit);
        WorkerWorld.Shown(world.A, world.A.Variants[0].Sku).ShouldBe(11, "both draw on one pool");
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
    }

    /// <summary>An item of the first store gets another's SKU, and shows so many, before anybody has looked.</summary>
    private static void Rename(WorkerWorld world, int item, string sku, int shown) =>
        world.Sandbox.World.Change(world.A, (changes, now) =>
        {
            var variant = world.A.Variants[item];
            world.A.ChangeItem(variant, sku, null, null, now, changes);
            var level = world.A.Level(variant.ItemId, world.A.Locations[0].Id)!;
            level.Add(StockState.Available, shown - level[StockState.Available], now);
            return true;
        });

    private static (int First, int Second) Shown(WorkerWorld world)
    {
        lock (world.A.Gate)
        {
            int At(int place) => world.A.Level(world.A.Variants[0].ItemId, world.A.Locations[place].Id)![StockState.Available];
            return (At(0), At(1));
        }
    }

    private static Task UntilShownAsync(WorkerWorld world, (int, int) shown) =>
        Waits.UntilAsync(() => Shown(world) == shown, $"{shown} at the two places", QuietLimit);

    private static Task<string> PositionsAsync(WorkerWorld world) => world.Database.ScalarAsync<string>(
        "SELECT string_agg(format('%s %s', on_hand - committed - suspense, in_transit), ', ' ORDER BY location_id) FROM positions");

    private static async Task<JsonNode> DoAsync(ApiApp app, string path, object body)
    {
        var (status, answer) = await app.PostAsync("/api/v1" + path, body);
        status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.Accepted);
        return answer!;
    }
}
