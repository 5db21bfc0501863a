using System.Net;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Case C41, end to end: a warehouse keeps the books of what two stores sell.</summary>
public sealed class PostedCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    private const string Sellable = "SELECT (on_hand - committed - allocated - shipped_unposted - pos_pending - suspense)::bigint FROM positions";

    [Fact]
    public async Task C41_What_a_store_shipped_is_never_sold_again_before_or_after_the_warehouse_posts_it()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.CountAsync("SELECT setval(pg_get_serial_sequence('connections', 'connection_id'), 100)");
        await using var api = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        var wms = await WarehouseAsync(api);
        await TellAsync(api, wms, new { events = new[] { Position(world, "p1", 10) } }, "accepted");
        await world.QuietAsync(QuietLimit);
        var before = await world.CountAsync("SELECT coalesce(max(history_id), 0) FROM level_history");

        var order = world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(3, world.A.Variants[0].Id)])).Order.ShouldNotBeNull();
        OrderDesk.Fulfill(world.Sandbox.World, world.A, order.Id, null).Accepted.ShouldBeTrue();
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(shipped_unposted) FROM positions") == 3, "three units shipped and not posted", QuietLimit);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT sum(on_hand) FROM positions")).ShouldBe(10, "the books are the warehouse's");
        (await world.CountAsync(Sellable)).ShouldBe(7);
        Shown(world).ShouldBe((7, 7));

        // The warehouse's word of before the shipment, told late: it does not contain it.
        await TellAsync(api, wms, new { events = new[] { Position(world, "p2", 10) } }, "accepted");
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync(Sellable)).ShouldBe(7);

        var writes = await world.CountAsync("SELECT count(*) FROM push_levels");
        object posted = new
        {
            postedThrough = new[] { new { system = 1, time = TimeProvider.System.GetUtcNow().AddSeconds(1) } },
            events = new[] { Position(world, "p3", 7) },
        };
        await TellAsync(api, wms, posted, "accepted");
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT sum(on_hand) FROM positions")).ShouldBe(7);
        (await world.CountAsync("SELECT sum(shipped_unposted) FROM positions")).ShouldBe(0);
        await TellAsync(api, wms, posted, "repeated");
        await TellAsync(api, wms, new { events = new[] { Position(world, "p4", 7) } }, "accepted");
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync(Sellable)).ShouldBe(7);
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE bucket = (SELECT bucket FROM ledger_entries WHERE delta = -3 AND fact_key = $1 AND bucket <> 1)", $"source:{wms}:p3"))
            .ShouldBe(2, "shipped once and posted once");
        Shown(world).ShouldBe((7, 7));
        (await world.CountAsync("SELECT count(*) FROM push_levels")).ShouldBe(writes, "a posting moves units between books and is no reason to write");
        (await world.CountAsync("SELECT max(h.target)::bigint FROM level_history h JOIN listing_levels l USING (tenant_id, level_id) WHERE h.history_id > $1 AND l.connection_id = 2", before)).ShouldBe(7, "never ten");
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    private static (int A, int B) Shown(WorkerWorld world) =>
        (WorkerWorld.Shown(world.A, world.A.Variants[0].Sku), WorkerWorld.Shown(world.B, world.A.Variants[0].Sku));

    private static async Task<long> WarehouseAsync(ApiApp api)
    {
        var (made, source) = await api.PostAsync("/api/v1/sources", new { name = "WMS", kind = "wms", writes = new[] { "onHand" }, ownsOnHand = true });
        made.ShouldBe(HttpStatusCode.Created, source?.ToJsonString());
        using var map = new HttpRequestMessage(HttpMethod.Post, "/api/v1/location-map/csv")
        {
            Content = new StringContent("system,place,location\nWMS,W1,L1\n", System.Text.Encoding.UTF8, "text/csv"),
        };
        (await api.SendAsync(map)).Status.ShouldBe(HttpStatusCode.OK);
        return (long)source!["id"]!;
    }

    private static async Task TellAsync(ApiApp api, long source, object batch, string outcome)
    {
        var (status, answer) = await api.PostAsync($"/api/v1/sources/{source}/events", batch);
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        answer!["items"]!.AsArray().Select(i => (string)i!["outcome"]!).ShouldBe([outcome]);
    }

    private static object Position(WorkerWorld world, string id, int onHand) => new
    {
        id,
        type = "position",
        sku = world.A.Variants[0].Sku,
        location = "W1",
        onHand,
        occurredAt = TimeProvider.System.GetUtcNow(),
    };
}
