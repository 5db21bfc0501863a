using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about selling, end to end: database, Redis, worker and stores over HTTP.</summary>
public sealed class SellingCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C08_An_order_that_lands_before_the_write_ends_at_eleven_and_never_at_fourteen()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        var sku = world.B.Variants[0].Sku;
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((10, 10));

        // The order is on B, and nobody says so; then four units arrive, and 14 is compared with 10 where 7 is.
        world.B.Faults = new FaultSettings { WebhookDropRate = 1 };
        world.Place(world.B, 3, sku);
        await world.ReceiveAsync([(1, 4)]);
        await Waits.UntilAsync(
            async () => await world.CountAsync(
                "SELECT count(*) FROM push_levels JOIN pushes USING (tenant_id, push_id) WHERE connection_id = 2 AND outcome = 2 AND from_units = 10 AND to_units = 14") == 1,
            "a stale push");
        await world.QuietAsync(QuietLimit);

        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((11, 11));
        (await world.CountAsync(
            "SELECT count(*) FROM push_levels JOIN pushes USING (tenant_id, push_id) WHERE connection_id = 2 AND outcome = 1 AND to_units > 11"))
            .ShouldBe(0, "14 was never on B");
        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE bucket = 2")).ShouldBe(3);
    }

    [Fact]
    public async Task C10_Guarded_the_last_unit_is_sold_once_to_a_hundred_buyers()
    {
        await using var world = await LastUnitAsync(SharingMode.Guard);
        (await RushAsync(world)).ShouldBe(1);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
        await UntilAtsAsync(world, 0);
    }

    [Fact]
    public async Task C10_Adaptive_guards_the_last_unit_by_itself()
    {
        await using var world = await LastUnitAsync(SharingMode.Adaptive);
        (await world.CountAsync("SELECT mode::bigint FROM sku_state")).ShouldBe((long)EffectiveMode.Guard);
        (await RushAsync(world)).ShouldBe(1);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
    }

    [Fact]
    public async Task C10_Shared_sells_it_twice_and_says_so_before_and_after()
    {
        await using var world = await LastUnitAsync(SharingMode.Shared);
        var sku = world.A.Variants[0].Sku;
        (await world.CountAsync("SELECT exposure_units::bigint FROM sku_state")).ShouldBe(1, "what could be oversold was shown before");

        (await RushAsync(world)).ShouldBe(2);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT oversold_units FROM sku_state") == 1, "one oversold unit", TimeSpan.FromSeconds(5));
        await UntilAtsAsync(world, -1);
        await world.QuietAsync(QuietLimit);
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((0, 0));
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units < 0")).ShouldBe(0);
    }

    [Fact]
    public async Task C09_One_order_over_three_stores_is_two_writes_and_then_none_for_ten_minutes()
    {
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var driver = new ClockDriver(clock);
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stores: 3, clock: clock);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");

        world.Place(world.A, 3, world.A.Variants[0].Sku);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief = 97") == 3, "97 on all three");
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM push_levels") - before).ShouldBe(2);

        var calls = world.Sandbox.World.Stats["apiCalls"];
        await driver.PassAsync(TimeSpan.FromMinutes(10), faster: 30);

        // A busy machine polls less often in a minute of a clock that runs ahead of it; then the clock goes on.
        for (var more = 0; more < 30 && world.Sandbox.World.Stats["apiCalls"] <= calls + 300; more++)
        {
            await driver.PassAsync(TimeSpan.FromMinutes(1), faster: 30);
        }

        world.Sandbox.World.Stats["apiCalls"].ShouldBeGreaterThan(calls + 300, "orders were polled all the while");
        (await world.CountAsync("SELECT count(*) FROM push_levels") - before).ShouldBe(2);
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE bucket = 2")).ShouldBe(1);
    }

    private async Task<WorkerWorld> LastUnitAsync(SharingMode mode)
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 1);
        await world.GoLiveAsync(mode);
        await world.QuietAsync(QuietLimit);
        var sku = world.A.Variants[0].Sku;
        (WorkerWorld.Shown(world.A, sku) + WorkerWorld.Shown(world.B, sku)).ShouldBe(mode == SharingMode.Shared ? 2 : 1);
        return world;
    }

    /// <summary>A hundred buyers at once, half of them on each store; returns how many got one.</summary>
    private static async Task<int> RushAsync(WorkerWorld world)
    {
        var buyers = Enumerable.Range(0, 100).Select(i => Task.Run(() =>
        {
            var shop = i % 2 == 0 ? world.A : world.B;
            return world.Sandbox.World.Place(shop, new OrderRequest([new LineRequest(1, shop.Variants[0].Id)])).Accepted;
        }));
        return (await Task.WhenAll(buyers)).Count(accepted => accepted);
    }

    private static Task UntilAtsAsync(WorkerWorld world, int units) => Waits.UntilAsync(
        async () => await world.CountAsync("SELECT (on_hand - committed - suspense)::bigint FROM positions") == units, $"{units} to sell");
}
