using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>A channel's catalog and places change under a running worker.</summary>
public sealed class CatalogLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    /// <summary>A refresh waits 10 s for a burst of changes to end; the rest is calls and one verify cycle.</summary>
    private static readonly TimeSpan OneCycle = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task C19_C21_C38_Items_are_renamed_uncapped_untracked_deleted_and_created_again()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 6);
        await world.GoLiveAsync();
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 2");
        await world.RunAsync("replan", 1);
        await world.QuietAsync(OneCycle);
        var (uncapped, renamed, untracked, deleted) = (world.A.Variants[0], world.A.Variants[1], world.A.Variants[2], world.A.Variants[3]);
        var (bill, second) = (deleted.Sku, await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2"));
        var pushes = await world.CountAsync("SELECT count(*) FROM pushes");

        Change(world, uncapped, continueSelling: true);
        Change(world, renamed, sku: "RENAMED");
        Change(world, untracked, tracked: false);
        await OpenAsync(world, "assumption-uncapped");
        await OpenAsync(world, "sku-text-changed");
        await OpenAsync(world, "assumption-untracked");

        (await world.CountAsync("SELECT count(*) FROM listings WHERE active AND connection_id = 1")).ShouldBe(6, "mappings are kept");
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE selling_limit = 1 AND target IS NOT NULL")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE status = 60 AND target IS NULL")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(pushes, "none of it is a reason to write");

        Change(world, uncapped, continueSelling: false);
        Change(world, renamed, sku: await world.Database.ScalarAsync<string>(
            "SELECT s.code FROM listings l JOIN skus s USING (tenant_id, sku_id) WHERE l.variant_ref = $1", $"{renamed.Id}"));
        await ClosedAsync(world, "assumption-uncapped");
        await ClosedAsync(world, "sku-text-changed");

        world.Sandbox.World.Change(world.A, (changes, _) => world.A.DeleteProduct(deleted.ProductId, changes)).ShouldBeTrue();
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>(
                "SELECT EXISTS (SELECT FROM listings l JOIN listing_levels v USING (tenant_id, listing_id) WHERE l.variant_ref = $1 AND NOT l.active AND v.status = 6)",
                $"{deleted.Id}"),
            "the deleted item to be gone", OneCycle);
        world.Sandbox.World.Change(world.A, (changes, now) => world.A.AddProduct("Again", bill, true, false, 9, now, changes));
        await OpenAsync(world, "item-quarantined");
        (await world.CountAsync("SELECT confidence::bigint FROM mapping_suggestions WHERE state = 0")).ShouldBe(95);
        (await world.CountAsync("SELECT count(*) FROM listings WHERE connection_id = 1")).ShouldBe(6, "the new item is kept apart");
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2 AND elements > 1")).ShouldBeLessThanOrEqualTo(second + 1);
    }

    [Fact]
    public async Task C21_An_item_that_is_tracked_again_with_zero_shown_needs_a_baseline_and_the_zero_is_no_stock()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(OneCycle);
        var item = world.A.Variants[0];
        var quota = WorkerWorld.Shown(world.A, item.Sku);
        (quota, quota + WorkerWorld.Shown(world.B, item.Sku)).ShouldBe((50, 100));
        Change(world, item, tracked: false);
        await OpenAsync(world, "assumption-untracked");
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM listing_levels WHERE connection_id = 1 AND status = 60)"),
            "the level out of service", OneCycle);
        var facts = await world.CountAsync("SELECT count(*) FROM ledger_entries");
        var (seen, pushed) = (await HistoryAsync(world), await PushesAsync(world));

        // Nobody kept the number while nothing was counted: it is zero when counting begins again.
        world.Sandbox.World.Change(world.A, (changes, now) =>
        {
            var level = WorkerWorld.LevelOf(world.A);
            world.A.EditByHand(level, StockState.Available, -level[StockState.Available], now, changes);
            world.A.ChangeItem(item, null, true, null, now, changes);
            return true;
        });
        WorkerWorld.LevelOf(world.A)[StockState.OnHand].ShouldBe(0);
        await ClosedAsync(world, "assumption-untracked");
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, item.Sku) == quota, "its quota on the store", 2 * OneCycle);
        await world.QuietAsync(OneCycle);

        (await world.CountAsync("SELECT sum(on_hand) FROM positions")).ShouldBe(100);
        (await world.CountAsync("SELECT count(*) FROM ledger_entries")).ShouldBe(facts, "the zero was booked as nothing");
        (WorkerWorld.Shown(world.A, item.Sku), WorkerWorld.Shown(world.B, item.Sku)).ShouldBe((50, 50));
        (await PushesAsync(world))[pushed.Length..].ShouldBe(" 0 to 50", "from the zero that was read, to its quota, once");
        var life = (await HistoryAsync(world))[seen.Length..];
        life.IndexOf("read 0", StringComparison.Ordinal).ShouldBeGreaterThan(-1, life);
        life.IndexOf("read 0", StringComparison.Ordinal).ShouldBeLessThan(life.IndexOf("write", StringComparison.Ordinal), $"a baseline comes before any write: {life}");

        // What the first store's level went through, and what was written to it.
        static Task<string> HistoryAsync(WorkerWorld world) => world.Database.ScalarAsync<string>(
            """
            SELECT string_agg(CASE WHEN h.in_flight IS NOT NULL THEN 'write' WHEN h.belief IS NOT NULL AND h.target IS NOT NULL THEN 'read ' || h.observed
              ELSE 'status ' || h.status END, ', ' ORDER BY h.history_id)
            FROM level_history h JOIN listing_levels l USING (tenant_id, level_id) WHERE l.connection_id = 1
            """);
        static Task<string> PushesAsync(WorkerWorld world) => world.Database.ScalarAsync<string>(
            """
            SELECT coalesce(string_agg(' ' || p.from_units || ' to ' || p.to_units, '' ORDER BY p.planned_at), '')
            FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id) WHERE l.connection_id = 1
            """);
    }

    [Fact]
    public async Task C15_A_location_is_closed_and_opened_again()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 35, places: 2);
        await world.GoLiveAsync();
        await world.QuietAsync(OneCycle);
        (await AtsAsync(world)).ShouldBe(35);
        var place = world.A.Locations[1];

        Switch(world, place, active: false);
        await Waits.UntilAsync(async () => await AtsAsync(world) == 28, "seven units less", OneCycle);
        await OpenAsync(world, "stranded-units");
        (await world.Database.ScalarAsync<string>("SELECT message FROM incidents WHERE kind = 'stranded-units'")).ShouldContain("7 units");
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM listing_levels WHERE location_id = 2 AND status = 62)"),
            "a closed level", OneCycle);
        var writes = await WritesThereAsync(world);

        Switch(world, place, active: true);
        await Waits.UntilAsync(async () => await AtsAsync(world) == 35, "seven units back", OneCycle);
        await world.QuietAsync(OneCycle);
        await ClosedAsync(world, "stranded-units");
        (await AtsAsync(world)).ShouldBe(35);
        (await WritesThereAsync(world)).ShouldBe(writes, "it showed the right number all the time");
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE reason <> 1")).ShouldBe(0);
    }

    [Fact]
    public async Task C15_A_location_is_closed_into_another_with_its_stock_and_its_open_order()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 35, places: 2);
        await world.GoLiveAsync();
        await world.QuietAsync(OneCycle);
        var order = world.Sandbox.World.Place(world.A, new OrderRequest([new LineRequest(3, world.A.Variants[0].Id)])).Order!;
        OrderDesk.Move(world.Sandbox.World, world.A, order.Id, null, world.A.Locations[1].Id).Accepted.ShouldBeTrue();
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT coalesce(sum(committed), 0) FROM positions WHERE location_id = 2") == 3, "the order there", OneCycle);
        await world.QuietAsync(OneCycle);

        world.Sandbox.World.Change(world.A, (changes, now) =>
            world.A.CloseInto(world.A.Locations[1], world.A.Locations[0], now, changes)).ShouldBeTrue();
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT sum(abs(on_hand) + abs(committed) + abs(suspense)) FROM positions WHERE location_id = 2") == 0,
            "nothing to be left there", OneCycle);

        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE reason = 62 AND location_id = 2")).ShouldBe(-7);
        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE reason = 62")).ShouldBe(0, "always in pairs");
        (await world.CountAsync("SELECT sum(on_hand) FROM positions WHERE location_id = 1")).ShouldBe(35);
        (await AtsAsync(world)).ShouldBe(32, "what lies there and is promised to nobody");
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, world.A.Variants[0].Sku) == 32, "the store to show what there is", OneCycle);
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    [Fact]
    public async Task A_drafts_hold_is_neither_a_loss_nor_a_gift()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync();
        await world.QuietAsync(OneCycle);
        Hold(world, 3);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(reserved) FROM positions") == 3, "the hold", OneCycle);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, world.B.Variants[0].Sku) == 7, "the other store to show less", OneCycle);

        Hold(world, -3);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT sum(reserved) FROM positions") == 0, "the end of the hold", OneCycle);
        await world.QuietAsync(OneCycle);
        (await AtsAsync(world)).ShouldBe(10);
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
        WorkerWorld.Shown(world.B, world.B.Variants[0].Sku).ShouldBe(10);
    }

    private static void Change(WorkerWorld world, Variant variant, string? sku = null, bool? tracked = null, bool? continueSelling = null) =>
        world.Sandbox.World.Change(world.A, (changes, now) =>
        {
            world.A.ChangeItem(variant, sku, tracked, continueSelling, now, changes);
            return true;
        });

    private static void Switch(WorkerWorld world, ShopLocation place, bool active) =>
        world.Sandbox.World.Change(world.A, (changes, now) =>
        {
            world.A.Switch(place, active, now, changes);
            return true;
        });

    private static void Hold(WorkerWorld world, int units) =>
        world.Sandbox.World.Change(world.A, (changes, now) =>
        {
            var level = WorkerWorld.LevelOf(world.A);
            world.A.EditByHand(level, StockState.Available, -units, now, changes);
            world.A.EditByHand(level, StockState.Reserved, units, now, changes);
            return true;
        });

    private static Task<long> AtsAsync(WorkerWorld world) => world.CountAsync("SELECT sum(ats_units) FROM sku_state");

    private static Task<long> WritesThereAsync(WorkerWorld world) => world.CountAsync(
        "SELECT count(*) FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id) WHERE l.location_id = 2");

    private static Task OpenAsync(WorkerWorld world, string kind) => Waits.UntilAsync(
        () => world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM incidents WHERE kind = $1 AND closed_at IS NULL)", kind),
        $"an open incident {kind}", OneCycle);

    private static Task ClosedAsync(WorkerWorld world, string kind) => Waits.UntilAsync(
        () => world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM incidents WHERE kind = $1 AND closed_at IS NULL)", kind),
        $"no open incident {kind}", OneCycle);
}
