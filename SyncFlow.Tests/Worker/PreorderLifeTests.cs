using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Preorders;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class PreorderLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_preorder_is_shown_sold_ended_at_its_moment_and_fulfilled_by_the_receipt()
    {
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var driver = new ClockDriver(clock);
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10, clock: clock);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        var desk = new PreorderDesk(world.Database.Api, clock);
        (await desk.SetAsync(
            WorkerWorld.Tenant, 1, new PreorderWish(1, Cap: 5, Incoming: 4, clock.GetUtcNow().AddMinutes(5), null),
            await desk.VersionAsync(WorkerWorld.Tenant, 1, CancellationToken.None), CancellationToken.None))
            .ShouldBe(PreorderResult.Done);
        await UntilShownAsync(world, 14);

        world.Place(world.A, 12, world.A.Variants[0].Sku);
        await UntilShownAsync(world, 2);
        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions")).ShouldBe(-2, "two are promised beyond what lies there");
        await world.QuietAsync(QuietLimit);

        // Long after the sale nothing about the SKU moves by itself any more: the end alone makes its levels fall.
        await world.Database.ExecuteAsync("UPDATE sku_state SET velocity_fast = 0, velocity_slow = 0");
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");
        await driver.PassAsync(TimeSpan.FromMinutes(6.5), faster: 40);
        await UntilShownAsync(world, 0);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM push_levels") - before).ShouldBe(2, "one write on each store");
        (await world.CountAsync("SELECT oversold_units::bigint FROM sku_state")).ShouldBe(0, "what was sold so waits for the same goods");
        (await world.CountAsync("SELECT count(*) FROM oversells")).ShouldBe(0);

        await world.ReceiveAsync([(1, 4)]);
        await UntilShownAsync(world, 2);
        (await world.CountAsync("SELECT incoming::bigint FROM preorders")).ShouldBe(0, "the goods are there");
    }

    private static Task UntilShownAsync(WorkerWorld world, int units) => Waits.UntilAsync(
        () => WorkerWorld.Shown(world.A, world.A.Variants[0].Sku) == units && WorkerWorld.Shown(world.B, world.B.Variants[0].Sku) == units,
        $"{units} on both stores", QuietLimit);
}
