using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>The authority's shelf stays physically true, end to end: database, worker and a store that refuses as Shopify does.</summary>
public sealed class ParkingLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task R14_The_authoritys_shelf_says_what_lies_there_whatever_guard_takes_off_it()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.Database.ExecuteAsync(
            """UPDATE connections SET settings = settings || '{"ownsOnHand": true, "parksUnits": true}' WHERE connection_id = 1""");
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(Limit);
        var sku = world.A.Variants[0].Sku;
        WorkerWorld.Shown(world.A, sku).ShouldBeLessThan(10);
        (WorkerWorld.Shown(world.A, sku) + WorkerWorld.Shown(world.B, sku)).ShouldBe(10);
        Shelf(world).OnHand.ShouldBe(10, "what the other store holds lies parked");

        // The other store sells, and its units leave the building.
        var order = world.Sandbox.World.Place(world.B, new OrderRequest([new LineRequest(2, world.B.Variants[0].Id)])).Order.ShouldNotBeNull();
        OrderDesk.Fulfill(world.Sandbox.World, world.B, order.Id, null).Accepted.ShouldBeTrue();
        await SaysAsync(world, 8);

        // Somebody moves parked units back by hand: nothing is found, and they are parked again.
        Edit(world, 2);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM drift_cases WHERE class = 100") == 1, "the move known", Limit);
        await SaysAsync(world, 8);

        // Goods come in; what is acknowledged and not done is said again.
        world.A.Faults = new FaultSettings { NotPersistedRate = 1 };
        await world.ReceiveAsync([(1, 4)]);
        await Waits.UntilAsync(() => world.Sandbox.World.Stats["setsNotPersisted"] > 0, "a write that was not done", Limit);
        world.A.Faults = new FaultSettings();
        await SaysAsync(world, 12);
        (WorkerWorld.Shown(world.A, sku) + WorkerWorld.Shown(world.B, sku)).ShouldBe(12);
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE kind = 0 AND connection_id = 1 AND planned_at > (SELECT min(planned_at) FROM pushes WHERE kind > 0)"))
            .ShouldBe(0, "nothing is set any more");
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM incidents")).ShouldBe(0);

        // Switched off, what is parked is taken out and the store is as any other.
        await world.Database.ExecuteAsync("""UPDATE connections SET settings = settings || '{"parksUnits": false}' WHERE connection_id = 1""");
        await world.RunAsync("replan", 1);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE shelf IS NOT NULL") == 0, "nothing parked", Limit);
        await world.QuietAsync(Limit);
        Shelf(world).ShouldBe((WorkerWorld.Shown(world.A, sku), 0, WorkerWorld.Shown(world.A, sku)));
        (await world.CountAsync("SELECT on_hand::bigint FROM positions")).ShouldBe(12);
    }

    [Fact]
    public async Task C15_R14_A_location_is_closed_into_another_with_what_lies_parked_there()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 35, places: 2);
        await world.Database.ExecuteAsync(
            """UPDATE connections SET settings = settings || '{"ownsOnHand": true, "parksUnits": true}' WHERE connection_id = 1""");
        await world.GoLiveAsync(SharingMode.Guard);
        await world.Database.ExecuteAsync("UPDATE skus SET safety_buffer = 3");
        await world.RunAsync("replan", 1);
        await world.QuietAsync(Limit);
        var (closed, main) = (world.A.Locations[1], world.A.Locations[0]);
        Shelf(world, closed).OnHand.ShouldBe(7);
        Shelf(world, closed).Parked.ShouldBeGreaterThan(0);

        world.Sandbox.World.Change(world.A, (changes, now) => world.A.CloseInto(closed, main, now, changes)).ShouldBeTrue();
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT sum(abs(on_hand) + abs(unavailable) + abs(suspense)) FROM positions WHERE location_id = 2") == 0,
            "nothing to be left there", Limit);
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>(
                """
                SELECT NOT EXISTS (SELECT FROM listing_levels WHERE status <> 62 AND (belief IS DISTINCT FROM target OR wants_push
                    OR in_flight_push IS NOT NULL OR unverified_units > 0 OR needs_reading OR suspense > 0 OR surplus > 0))
                  AND EXISTS (SELECT FROM listing_levels WHERE status = 62 AND NOT needs_reading)
                """),
            "a closed level, and quiet at the others", Limit);

        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE reason = 62 AND location_id = 2")).ShouldBe(-7);
        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE reason = 62")).ShouldBe(0, "always in pairs");
        (await world.CountAsync("SELECT sum(ats_units) FROM sku_state")).ShouldBe(32, "all but the buffer");
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
        (Shelf(world, main).OnHand, Shelf(world, main).Available + Shelf(world, main).Parked).ShouldBe((35, 35));
        (Shelf(world, main).Available + WorkerWorld.Shown(world.B, world.B.Variants[0].Sku)).ShouldBe(32);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
    }

    /// <summary>Waits until the first store and the ledger say the same of what lies there, and all is quiet.</summary>
    private static async Task SaysAsync(WorkerWorld world, int onHand)
    {
        await Waits.UntilAsync(() => Shelf(world).OnHand == onHand, $"{onHand} on the shelf", Limit);
        await world.QuietAsync(Limit);
        (Shelf(world).OnHand, await world.CountAsync("SELECT on_hand::bigint FROM positions")).ShouldBe((onHand, onHand));
        var shelf = Shelf(world);
        (shelf.Available + shelf.Parked).ShouldBe(shelf.OnHand);
    }

    private static (int Available, int Parked, int OnHand) Shelf(WorkerWorld world)
    {
        lock (world.A.Gate)
        {
            var level = WorkerWorld.LevelOf(world.A);
            return (level[StockState.Available], level[StockState.SafetyStock], level[StockState.OnHand]);
        }
    }

    private static (int Available, int Parked, int OnHand) Shelf(WorkerWorld world, ShopLocation place)
    {
        lock (world.A.Gate)
        {
            var level = world.A.Level(world.A.Variants[0].ItemId, place.Id).ShouldNotBeNull();
            return (level[StockState.Available], level[StockState.SafetyStock], level[StockState.OnHand]);
        }
    }

    /// <summary>As in the store's own pages: so many units from safety stock to available.</summary>
    private static void Edit(WorkerWorld world, int units)
    {
        lock (world.A.Gate)
        {
            var changes = new ShopChanges();
            var now = TimeProvider.System.GetUtcNow();
            world.A.EditByHand(WorkerWorld.LevelOf(world.A), StockState.SafetyStock, -units, now, changes);
            world.A.EditByHand(WorkerWorld.LevelOf(world.A), StockState.Available, units, now, changes);
            world.Sandbox.World.Commit(world.A, changes, now);
        }
    }
}
