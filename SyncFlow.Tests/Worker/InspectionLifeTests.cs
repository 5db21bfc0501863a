using System.Net;
using System.Net.Http.Json;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class InspectionLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Returned_units_are_looked_at_before_any_store_shows_them_again()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        using var setting = new HttpRequestMessage(HttpMethod.Patch, "/api/v1/locations/1") { Content = JsonContent.Create(new { inspectReturns = true }) };
        (await app.SendAsync(setting)).Status.ShouldBe(HttpStatusCode.OK);
        var (sku, order) = (world.A.Variants[0].Sku, Shipped(world, 3));
        await Waits.UntilAsync(async () => await PositionAsync(world) == "7 0 0", "three shipped", QuietLimit);
        await world.QuietAsync(QuietLimit);
        var raised = await world.CountAsync(RaisedOnB);

        OrderDesk.Refund(world.Sandbox.World, world.A, order.Id, [new RefundRequest(order.Lines[0].Id, 2, "return")]).Accepted.ShouldBeTrue();
        WorkerWorld.Shown(world.A, sku).ShouldBe(9, "the store sells what came back at once");
        await Waits.UntilAsync(async () => await PositionAsync(world) == "9 0 2", "two on hand and looked at", QuietLimit);
        await world.QuietAsync(QuietLimit);
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((7, 7), "taken back until somebody has looked");
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE from_units = 9 AND to_units = 7")).ShouldBe(1);
        (await world.CountAsync(RaisedOnB)).ShouldBe(raised, "the other store never showed them");

        // The setting goes; what waits is not freed by that, nor by reading the order again.
        using var off = new HttpRequestMessage(HttpMethod.Patch, "/api/v1/locations/1") { Content = JsonContent.Create(new { inspectReturns = false }) };
        (await app.SendAsync(off)).Status.ShouldBe(HttpStatusCode.OK);
        await world.Database.ExecuteAsync(
            "INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at) SELECT 1, 1, 1, order_ref, now(), now() FROM orders WHERE connection_id = 1");
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT count(*) FROM work_items WHERE state = 0") == 0, "the order read again", QuietLimit);
        (await PositionAsync(world)).ShouldBe("9 0 2");

        foreach (var to in new[] { "available", "damaged" })
        {
            var (status, answer) = await app.PostAsync("/api/v1/stock-operations", new
            {
                items = new[] { new { key = $"look-{to}", kind = "move", sku, location = "L1", units = 1, from = "inspection", to } },
            });
            (status, (int)answer!["accepted"]!).ShouldBe((HttpStatusCode.OK, 1), answer.ToJsonString());
        }

        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, sku) == 8 && WorkerWorld.Shown(world.B, sku) == 8, "the good one for sale", QuietLimit);
        (await PositionAsync(world)).ShouldBe("9 0 1", "the damaged one is there and not for sale");
        await world.QuietAsync(QuietLimit);
    }

    private const string RaisedOnB =
        "SELECT count(*) FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id) WHERE l.connection_id = 2 AND p.to_units > p.from_units";

    private static Order Shipped(WorkerWorld world, int units)
    {
        var order = world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(units, world.A.Variants[0].Id)])).Order.ShouldNotBeNull();
        OrderDesk.Fulfill(world.Sandbox.World, world.A, order.Id, null).Accepted.ShouldBeTrue();
        return order;
    }

    private static Task<string> PositionAsync(WorkerWorld world) =>
        world.Database.ScalarAsync<string>("SELECT format('%s %s %s', on_hand, committed, unavailable) FROM positions");
}
