using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about more demand than stock, end to end.</summary>
public sealed class ShortageCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C11_A_spike_while_nothing_can_be_told_or_pushed_sells_every_unit_once()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 200);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(QuietLimit);
        var sku = world.A.Variants[0].Sku;
        var (a, b) = (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku));
        (a + b).ShouldBe(200);
        world.A.Faults = new FaultSettings { Outage = true };
        world.B.Faults = new FaultSettings { Outage = true };

        var sold = Demand(world, world.A, a + 20) + Demand(world, world.B, b + 20);
        sold.ShouldBe(200);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
        await Task.Delay(TimeSpan.FromSeconds(3));
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((0, 0), "nothing is raised on what is not known");

        world.A.Faults = new FaultSettings();
        world.B.Faults = new FaultSettings();
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions") == 0, "every order in the ledger", QuietLimit);
        await world.QuietAsync(QuietLimit);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
        (await world.CountAsync("SELECT oversold_units FROM sku_state")).ShouldBe(0);
    }

    [Fact]
    public async Task C20_A_level_below_zero_is_left_alone_and_nothing_is_clamped()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 2);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        var sku = world.A.Variants[0].Sku;
        world.Sandbox.World.Place(
            world.A, new OrderRequest([new LineRequest(5, world.A.Variants[0].Id)]) { Inventory = InventoryBehaviour.DecrementIgnoringPolicy })
            .Accepted.ShouldBeTrue();

        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions") == -3, "minus three to sell");
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 0, "zero on the other store", QuietLimit);
        await Task.Delay(TimeSpan.FromSeconds(2));
        WorkerWorld.Shown(world.A, sku).ShouldBe(-3, "zero there would invent three units");
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units < 0 OR from_units < 0")).ShouldBe(0);

        await world.ReceiveAsync([(1, 10)]);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 7, "the seven that are left on the other store", QuietLimit);
        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions")).ShouldBe(7);

        // Sharing, the store that is short shows the seven as well: in one step, which makes its on-hand the twelve there are.
        await world.QuietAsync(QuietLimit);
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((7, 7));
        (await world.Database.ScalarAsync<string>(
            """
            SELECT string_agg(from_units || ' to ' || to_units, ', ' ORDER BY p.planned_at) FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id)
            WHERE l.connection_id = 1 AND p.from_units <> p.to_units
            """)).ShouldBe("-3 to 7");
        WorkerWorld.LevelOf(world.A)[StockState.OnHand].ShouldBe(12);
    }

    /// <summary>Buyers of one unit each; returns how many got theirs.</summary>
    private static int Demand(WorkerWorld world, Shop shop, int buyers) =>
        Enumerable.Range(0, buyers).Count(_ => world.Sandbox.World.Place(shop, new OrderRequest([new LineRequest(1, shop.Variants[0].Id)])).Accepted);
}
