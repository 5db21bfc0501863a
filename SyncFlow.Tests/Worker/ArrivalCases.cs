using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about what arrives twice, late, early or in the wrong order, end to end.</summary>
public sealed class ArrivalCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    /// <summary>Orders are found by asking only long after a test is over: what is known came by webhook.</summary>
    private static readonly FaultSettings Hidden = new() { OrderSearchLagMinMs = 600_000, OrderSearchLagMaxMs = 600_000 };

    [Fact]
    public async Task C01_An_order_told_three_times_and_found_by_asking_is_one_entry_and_one_write()
    {
        await using var world = await LiveAsync(SharingMode.Shared);
        var webhooks = new CapturedWebhooks(world);
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");
        world.Place(world.A, 2, world.A.Variants[0].Sku);
        var created = webhooks.Of("orders/create").ShouldHaveSingleItem();
        for (var i = 0; i < 3; i++)
        {
            await webhooks.DeliverAsync(created);
        }

        await world.QuietAsync(QuietLimit);

        // A worker that starts asks for every order since the last time it was sure of.
        await world.StopWorkerAsync();
        await PassSecondAsync();
        await world.StartWorkerAsync();
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT orders_watermark >= date_trunc('second', $1::timestamptz) FROM connection_runtime WHERE connection_id = 1", created.At),
            "a poll that lists the order", QuietLimit);
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync("SELECT count(*) FROM inbox WHERE topic = 'orders/create'")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE bucket = 2")).ShouldBe(1);
        (await AtsAsync(world)).ShouldBe(8);
        (await world.CountAsync("SELECT count(*) FROM push_levels") - before).ShouldBe(1, "A shows 8 already, B is set once");
        Shown(world).ShouldBe((8, 8));
    }

    [Fact]
    public async Task C02_A_create_that_comes_after_the_update_changes_nothing()
    {
        await using var world = await LiveAsync(SharingMode.Shared);
        var webhooks = new CapturedWebhooks(world);
        world.A.Faults = Hidden;
        var order = Order(world, 3);
        await PassSecondAsync();
        world.Sandbox.World.Change(world.A, (changes, now) => world.A.Edit(order.Id, [new EditStep(order.Lines[0].Id, Quantity: 1)], true, now, changes))
            .Accepted.ShouldBeTrue();

        await webhooks.DeliverAsync(webhooks.Of("orders/updated")[^1]);
        await webhooks.AppliedAsync();
        await webhooks.DeliverAsync(webhooks.Of("orders/create").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync("SELECT committed::bigint FROM positions")).ShouldBe(1);
        (await AtsAsync(world)).ShouldBe(9);
        Shown(world).ShouldBe((9, 9));
    }

    [Fact]
    public async Task C13_An_edit_that_is_told_twice_moves_units_between_two_items_once()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 10);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        var order = Order(world, 5);
        await world.QuietAsync(QuietLimit);
        await PassSecondAsync();
        world.Sandbox.World.Change(world.A, (changes, now) => world.A.Edit(
            order.Id,
            [new EditStep(order.Lines[0].Id, Quantity: 2), new EditStep(NewLine: new LineRequest(1, world.A.Variants[1].Id))],
            true, now, changes)).Accepted.ShouldBeTrue();
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT sum(committed)::bigint FROM positions") == 3, "the edit in the ledger", QuietLimit);
        await world.QuietAsync(QuietLimit);

        foreach (var (sku, committed) in new[] { (world.A.Variants[0].Sku, 2), (world.A.Variants[1].Sku, 1) })
        {
            (await world.CountAsync("SELECT committed::bigint FROM positions JOIN skus USING (tenant_id, sku_id) WHERE code = $1", sku)).ShouldBe(committed);
            (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((10 - committed, 10 - committed));
        }

        (await world.CountAsync("SELECT sum(on_hand + suspense)::bigint FROM positions")).ShouldBe(20, "nothing is lost and nothing is in doubt");
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    [Fact]
    public async Task C03_A_cancel_that_comes_before_its_create_leaves_nothing_behind()
    {
        await using var world = await LiveAsync(SharingMode.Shared);
        var webhooks = new CapturedWebhooks(world);
        world.A.Faults = Hidden;
        var order = Order(world, 2);
        await PassSecondAsync();
        world.Sandbox.World.Change(world.A, (changes, now) => world.A.Cancel(order.Id, restock: true, now, changes)).Accepted.ShouldBeTrue();

        await webhooks.DeliverAsync(webhooks.Of("orders/cancelled").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();
        await webhooks.DeliverAsync(webhooks.Of("orders/create").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE bucket = 2")).ShouldBe(0);
        (await world.CountAsync("SELECT committed::bigint FROM positions")).ShouldBe(0);
        (await AtsAsync(world)).ShouldBe(10);
        Shown(world).ShouldBe((10, 10));
    }

    [Fact]
    public async Task C04_A_level_told_late_is_history_only()
    {
        await using var world = await LiveAsync(SharingMode.Shared);
        var webhooks = new CapturedWebhooks(world);
        var raised = await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units > from_units");
        Order(world, 1);
        await PassSecondAsync();
        Order(world, 2);
        var levels = webhooks.Of("inventory_levels/update").Where(w => w.Shop == world.A).ToList();
        levels.Count.ShouldBe(2);

        await webhooks.DeliverAsync(levels[1]);
        await webhooks.AppliedAsync();
        await webhooks.DeliverAsync(levels[0]);
        await webhooks.AppliedAsync();

        (await world.CountAsync("SELECT observed_available::bigint FROM listing_levels WHERE connection_id = 1")).ShouldBe(7);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units > from_units") - raised).ShouldBe(0);
        Shown(world).ShouldBe((7, 7));
    }

    [Fact]
    public async Task C07_A_sale_that_only_the_level_tells_of_is_never_put_back()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 1);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(QuietLimit);
        var webhooks = new CapturedWebhooks(world);
        var seller = WorkerWorld.Shown(world.A, world.A.Variants[0].Sku) == 1 ? world.A : world.B;
        var before = await world.CountAsync("SELECT count(*) FROM push_levels");
        seller.Faults = Hidden;
        world.Place(seller, 1, seller.Variants[0].Sku);
        await webhooks.DeliverAsync(webhooks.Of("inventory_levels/update").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();

        (await world.CountAsync("SELECT suspense::bigint FROM positions")).ShouldBe(1, "a sale whose order is not seen yet");
        (await AtsAsync(world)).ShouldBe(0);
        await Task.Delay(TimeSpan.FromSeconds(3));
        await webhooks.DeliverAsync(webhooks.Of("orders/create").ShouldHaveSingleItem());
        await webhooks.AppliedAsync();
        seller.Faults = new FaultSettings();
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync("SELECT count(*) FROM push_levels") - before).ShouldBe(0, "neither store is raised");
        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions")).ShouldBe(0);
        Shown(world).ShouldBe((0, 0));
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
    }

    private static Order Order(WorkerWorld world, int units) =>
        world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(units, world.A.Variants[0].Id)])).Order.ShouldNotBeNull();

    /// <summary>Shops tell times in whole seconds: what happens in another second has another time.</summary>
    private static Task PassSecondAsync() => Task.Delay(TimeSpan.FromMilliseconds(1_100));

    private static Task<long> AtsAsync(WorkerWorld world) =>
        world.CountAsync("SELECT (on_hand - committed - suspense)::bigint FROM positions");

    private static (int A, int B) Shown(WorkerWorld world) =>
        (WorkerWorld.Shown(world.A, world.A.Variants[0].Sku), WorkerWorld.Shown(world.B, world.B.Variants[0].Sku));

    private async Task<WorkerWorld> LiveAsync(SharingMode mode)
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync(mode);
        await world.QuietAsync(QuietLimit);
        return world;
    }
}
