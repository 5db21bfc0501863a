using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about orders and levels that do not move together, end to end.</summary>
public sealed class UnseenCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C43_An_order_that_bypassed_inventory_lowers_its_store_by_one_compared_write()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10, stores: 1);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(QuietLimit);
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");
        world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(3, world.A.Variants[0].Id)])
        {
            SourceName = "580111",
            Inventory = InventoryBehaviour.Bypass,
        }).Accepted.ShouldBeTrue();
        WorkerWorld.Shown(world.A, world.A.Variants[0].Sku).ShouldBe(10, "it claimed nothing");

        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, world.A.Variants[0].Sku) == 7, "seven on the store", QuietLimit);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT (on_hand - committed - suspense)::bigint FROM positions")).ShouldBe(7);
        (await world.CountAsync("SELECT count(*) FROM push_levels") - before).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE from_units = 10 AND to_units = 7 AND outcome = 1"))
            .ShouldBe(1, "belief stayed 10 and was what the write compared with");
        (await world.CountAsync("SELECT count(*) FROM level_history WHERE suspense > 0")).ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    [Fact]
    public async Task C44_One_order_takes_a_whole_total_from_one_place_and_nothing_is_oversold()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 6, places: 3, stores: 1);
        Spread(world, 2, 2, 2);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(QuietLimit);
        LevelsOfA(world).ShouldBe([2, 2, 2]);
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");

        var order = world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(5, world.A.Variants[0].Id)])).Order.ShouldNotBeNull();
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(committed) FROM positions") == 5, "the order in the ledger", QuietLimit);
        await world.QuietAsync(QuietLimit);

        LevelsOfA(world).ShouldBe([-3, 2, 2]);
        (await world.CountAsync("SELECT count(*) FROM push_levels")).ShouldBe(before, "nothing of it is a reason to write");
        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions WHERE location_id = 1")).ShouldBe(-3);
        (await world.CountAsync("SELECT ats_units::bigint FROM sku_state")).ShouldBe(1, "the selling unit is the total of its levels");
        (await world.CountAsync("SELECT (oversold_units + exposure_units)::bigint FROM sku_state")).ShouldBe(0);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
        world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(2, world.A.Variants[0].Id)])).Accepted
            .ShouldBeFalse("the store sells what its levels are together");

        // Shipped from where the units lie: two of the five that one place cannot ship alone go out from the second.
        OrderDesk.Fulfill(world.Sandbox.World, world.A, order.Id, new Dictionary<long, int> { [order.Lines[0].Id] = 3 }).Accepted.ShouldBeTrue();
        OrderDesk.Move(world.Sandbox.World, world.A, order.Id, null, world.A.Locations[1].Id).Accepted.ShouldBeTrue();
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT sum(committed) FROM positions WHERE location_id = 2") == 2, "two units re-sourced", QuietLimit);
        await world.QuietAsync(QuietLimit);
        LevelsOfA(world).ShouldBe([-1, 0, 2]);
        (await world.CountAsync("SELECT ats_units::bigint FROM sku_state")).ShouldBe(1, "a move changes no total");
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM oversells")).ShouldBe(0);
    }

    [Fact]
    public async Task C45_A_sale_whose_order_is_visible_late_waits_in_suspense_and_raises_nobody()
    {
        const int hidden = 5_000; // Ten times the lag after which orders are taken for complete in this world.
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(QuietLimit);
        var webhooks = new CapturedWebhooks(world);
        world.A.Faults = new FaultSettings { OrderSearchLagMinMs = hidden, OrderSearchLagMaxMs = hidden };
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");
        var since = await world.Database.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        world.Place(world.A, 3, world.A.Variants[0].Sku);
        await webhooks.DeliverAsync(webhooks.Of("inventory_levels/update").ShouldHaveSingleItem());
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(suspense) FROM positions") == 3, "three units nobody has explained");

        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(committed) FROM positions") == 3, "the order, found by asking", QuietLimit);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync(
            "SELECT (extract(epoch FROM min(recorded_at) FILTER (WHERE bucket = 2) - min(recorded_at) FILTER (WHERE bucket <> 2)) * 1000)::bigint FROM ledger_entries WHERE recorded_at > $1", since))
            .ShouldBeGreaterThan(hidden / 2, "it waited through several readings");
        (await world.CountAsync("SELECT count(*) FROM level_history WHERE at > $1 AND suspense NOT IN (0, 3)", since)).ShouldBe(0);
        (await world.CountAsync("SELECT (on_hand - committed - suspense)::bigint FROM positions")).ShouldBe(7);
        (await world.CountAsync("SELECT count(*) FROM push_levels")).ShouldBe(before, "no store is written, least of all raised");
        (WorkerWorld.Shown(world.A, world.A.Variants[0].Sku), WorkerWorld.Shown(world.B, world.B.Variants[0].Sku)).ShouldBe((2, 5));
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task C25_A_store_whose_clock_is_minutes_off_is_read_by_its_own_times(int minutes)
    {
        var theirs = new ShiftedClock(TimeSpan.FromMinutes(minutes));
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10, sandboxClock: theirs);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);

        // Two sales that no webhook tells of are found by asking, and one of the other store between them is told at once.
        world.A.Faults = new FaultSettings { WebhookDropRate = 1 };
        world.Place(world.A, 2, world.A.Variants[0].Sku);
        world.Place(world.B, 1, world.B.Variants[0].Sku);
        await UntilCommittedAsync(world, 3);
        world.Place(world.A, 3, world.A.Variants[0].Sku);
        await UntilCommittedAsync(world, 6);
        await world.QuietAsync(QuietLimit);

        (WorkerWorld.Shown(world.A, world.A.Variants[0].Sku), WorkerWorld.Shown(world.B, world.B.Variants[0].Sku)).ShouldBe((4, 4));
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE bucket = 2")).ShouldBe(3);
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
        (await world.Database.ScalarAsync<double>(
            "SELECT extract(epoch FROM orders_watermark - now())::float8 / 60 FROM connection_runtime WHERE connection_id = 1"))
            .ShouldBe(minutes, 1.5, "the watermark is the store's own time");
    }

    private static Task UntilCommittedAsync(WorkerWorld world, int units) => Waits.UntilAsync(
        async () => await world.CountAsync("SELECT sum(committed) FROM positions") == units, $"{units} units committed", QuietLimit);

    /// <summary>What the store's first item shows at each of its places, in their order, set before anybody has looked.</summary>
    private static void Spread(WorkerWorld world, params int[] units)
    {
        lock (world.A.Gate)
        {
            var item = world.A.Variants[0].ItemId;
            for (var place = 0; place < units.Length; place++)
            {
                var level = world.A.Level(item, world.A.Locations[place].Id)!;
                level.Add(StockState.Available, units[place] - level[StockState.Available], world.Sandbox.World.Clock.GetUtcNow());
            }
        }
    }

    private static List<int> LevelsOfA(WorkerWorld world)
    {
        lock (world.A.Gate)
        {
            return [.. world.A.Locations.Select(place => world.A.Level(world.A.Variants[0].ItemId, place.Id)![StockState.Available])];
        }
    }
}
