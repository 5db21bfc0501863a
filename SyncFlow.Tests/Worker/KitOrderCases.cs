using System.Net;
using System.Net.Http.Json;
using Shouldly;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>
/// Numbered cases about orders with a kit among their lines, end to end on two stores in shared mode. The kit is two of
/// A and one of B; twenty of each are there, so ten kits.
/// </summary>
public sealed class KitOrderCases(PostgresFixture postgres, RedisFixture redis)
{
    private const int A = 0, B = 1, Kit = 2;

    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C13_An_edit_from_five_kits_to_two_and_one_part_is_booked_once_though_told_twice()
    {
        await using var world = await KitsAsync();
        var order = world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(5, world.A.Variants[Kit].Id)])).Order.ShouldNotBeNull();
        await UntilCommittedAsync(world, a: 10, b: 5);
        await Task.Delay(TimeSpan.FromMilliseconds(1_100)); // Shops tell times in whole seconds.
        OrderDesk.Edit(
            world.Sandbox.World, world.A, order.Id,
            [new EditStep(order.Lines[0].Id, Quantity: 2), new EditStep(NewLine: new LineRequest(1, world.A.Variants[A].Id))],
            obeyPolicy: true).Accepted.ShouldBeTrue();

        await UntilCommittedAsync(world, a: 5, b: 2);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM inbox WHERE topic IN ('orders/edited', 'orders/updated')")).ShouldBeGreaterThanOrEqualTo(2);
        Shown(world, world.A).ShouldBe((15, 18, 7));
        Shown(world, world.B).ShouldBe((15, 18, 7), "fifteen of A make seven kits");
        (await world.CountAsync("SELECT sum(on_hand + suspense) FROM positions")).ShouldBe(40, "nothing is lost and nothing is in doubt");
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    [Fact]
    public async Task C20_More_kits_are_sold_than_can_be_made_and_nothing_is_clamped()
    {
        await using var world = await KitsAsync();
        world.Sandbox.World.Place(
            world.A, new OrderRequest([new LineRequest(13, world.A.Variants[Kit].Id)]) { Inventory = InventoryBehaviour.DecrementIgnoringPolicy })
            .Accepted.ShouldBeTrue();
        await UntilCommittedAsync(world, a: 26, b: 13);
        await Waits.UntilAsync(() => Shown(world, world.B) == (0, 7, 0), "six too few of A, and none shown elsewhere", QuietLimit);
        (await AtsAsync(world, A)).ShouldBe(-6);
        await Waits.UntilAsync(() => Shown(world, world.A) == (0, 7, -3), "its own kits stay below zero", QuietLimit);

        await world.ReceiveAsync([(await IdAsync(world, A), 10)]);
        await Waits.UntilAsync(() => Shown(world, world.B) == (4, 7, 2), "what the receipt left over", QuietLimit);
        (await AtsAsync(world, A)).ShouldBe(4);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units < 0 OR (from_units < 0 AND to_units = 0)"))
            .ShouldBe(0, "zero there would invent three kits");
    }

    /// <summary>Two stores, live, on which the third item was made a kit of the first two before anything was counted in.</summary>
    private async Task<WorkerWorld> KitsAsync()
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 3, stock: 20);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await Task.WhenAll(world.RunAsync("import", 1), world.RunAsync("import", 2));
        await WorldMapping.MapBySkuAsync(world.Database);
        using var parts = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/skus/{world.A.Variants[Kit].Sku}/components")
        {
            Content = JsonContent.Create(new
            {
                components = new[] { new { sku = world.A.Variants[A].Sku, units = 2 }, new { sku = world.A.Variants[B].Sku, units = 1 } },
            }),
        };
        (await app.SendAsync(parts)).Status.ShouldBe(HttpStatusCode.OK);
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 1");
        await world.RunAsync("baseline", 1, """{"openingStock": true}""");
        await world.RunAsync("baseline", 2, """{"openingStock": false}""");
        await world.RunAsync("go-live", 1);
        await world.RunAsync("go-live", 2);
        await Waits.UntilAsync(() => Shown(world, world.A) == (20, 20, 10) && Shown(world, world.B) == (20, 20, 10), "ten kits on both", QuietLimit);
        await world.QuietAsync(QuietLimit);
        return world;
    }

    private static (int A, int B, int Kit) Shown(WorkerWorld world, Shop shop)
    {
        int Of(int item) => WorkerWorld.Shown(shop, world.A.Variants[item].Sku);
        return (Of(A), Of(B), Of(Kit));
    }

    private static Task UntilCommittedAsync(WorkerWorld world, int a, int b) => Waits.UntilAsync(
        async () => await SumAsync(world, "committed", A) == a && await SumAsync(world, "committed", B) == b, $"{a} of A and {b} of B committed", QuietLimit);

    private static Task<long> AtsAsync(WorkerWorld world, int item) => SumAsync(world, "on_hand - committed - suspense", item);

    private static Task<long> SumAsync(WorkerWorld world, string what, int item) => world.CountAsync(
        $"SELECT coalesce(sum({what}), 0) FROM positions JOIN skus USING (tenant_id, sku_id) WHERE code = $1", world.A.Variants[item].Sku);

    private static Task<long> IdAsync(WorkerWorld world, int item) =>
        world.CountAsync("SELECT sku_id FROM skus WHERE code = $1", world.A.Variants[item].Sku);
}
