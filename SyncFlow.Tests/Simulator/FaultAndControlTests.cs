using System.Diagnostics;
using System.Net;
using Shouldly;
using SyncFlow.Simulator.Buyers;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class FaultAndControlTests
{
    [Fact]
    public async Task A_set_that_is_not_persisted_reads_like_success_and_leaves_no_trace()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var was = level[StockState.Available];
        sandbox.Main.Faults = new FaultSettings { NotPersistedRate = 1 };

        var answer = await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 1, was)), "k");

        answer.GetProperty("userErrors").GetArrayLength().ShouldBe(0);
        var group = answer.GetProperty("inventoryAdjustmentGroup");
        group.GetProperty("changes")[0].GetProperty("quantityAfterChange").GetInt32().ShouldBe(1);
        level[StockState.Available].ShouldBe(was);
        (await sandbox.GraphAsync(sandbox.Main, "query($id:ID!){ node(id:$id){ id } }", new { id = group.GetProperty("id").GetString() }))
            .GetProperty("data").GetProperty("node").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task A_lost_answer_cuts_the_connection_after_the_change_was_made()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        sandbox.Main.Faults = new FaultSettings { LostAnswerRate = 1 };

        await Should.ThrowAsync<HttpRequestException>(() => sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 3, null)), "k"));

        level[StockState.Available].ShouldBe(3);
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, -1)]
    public async Task A_late_request_is_applied_only_if_its_comparison_still_holds(bool soldMeanwhile, int change)
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var was = level[StockState.Available];
        sandbox.Main.Faults = new FaultSettings { LateArrivalRate = 1, LateArrivalMinMs = 700, LateArrivalMaxMs = 700 };
        var call = sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, was + 3, was)), "k");
        await Task.Delay(200);
        level[StockState.Available].ShouldBe(was);
        if (soldMeanwhile)
        {
            sandbox.Place(sandbox.Main, 1);
        }

        await Should.ThrowAsync<HttpRequestException>(() => call);

        level[StockState.Available].ShouldBe(was + change);
    }

    [Fact]
    public async Task Faults_are_switched_over_http_and_nonsense_is_refused_by_name()
    {
        await using var sandbox = await StartAsync();
        var path = $"/sandbox/faults/{sandbox.Main.Domain}";

        (await sandbox.ControlAsync(HttpMethod.Put, path, new { throttleStorm = true })).Status.ShouldBe(HttpStatusCode.OK);
        RefusalTests.Code(await sandbox.GraphAsync(sandbox.Main, "{ shop { id } }")).ShouldBe("THROTTLED");
        var (status, body) = await sandbox.ControlAsync(HttpMethod.Put, path, new { webhookDropRate = 2 });
        status.ShouldBe(HttpStatusCode.BadRequest);
        body.GetProperty("errors").TryGetProperty("webhookDropRate", out _).ShouldBeTrue();
        (status, body) = await sandbox.ControlAsync(HttpMethod.Put, path, new { thunder = 1 });
        status.ShouldBe(HttpStatusCode.BadRequest);
        body.GetProperty("detail").GetString()!.ShouldContain("thunder");
        (await sandbox.ControlAsync(HttpMethod.Put, "/sandbox/faults/nowhere", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_hand_edit_changes_the_number_and_only_if_told_the_things()
    {
        await using var sandbox = await StartAsync();
        var (variant, level) = Item(sandbox.Main);
        var physical = sandbox.World.Truth.Of(variant.Sku)!.Physical;

        await sandbox.ControlAsync(HttpMethod.Put, "/sandbox/levels", new { shop = sandbox.Main.Domain, sku = variant.Sku, quantity = 99 });
        level[StockState.Available].ShouldBe(99);
        sandbox.World.Truth.Of(variant.Sku)!.Physical.ShouldBe(physical);
        await sandbox.ControlAsync(HttpMethod.Put, "/sandbox/levels", new { shop = sandbox.Main.Domain, sku = variant.Sku, delta = 5, physical = true });
        sandbox.World.Truth.Of(variant.Sku)!.Physical.ShouldBe(physical + 5);
    }

    [Fact]
    public async Task Stores_share_skus_but_no_ids_and_one_has_a_dirty_catalog()
    {
        await using var sandbox = await StartAsync();
        var all = sandbox.World.Shops;

        all.SelectMany(s => s.Variants.Select(v => v.ItemId)).Distinct().Count().ShouldBe(all.Sum(s => s.Variants.Count));
        all.ShouldAllBe(s => s.VariantBySku("ALP-00001") != null);
        all.Skip(1).SelectMany(s => s.Levels).ShouldAllBe(l => l[StockState.Available] == 0);
        sandbox.Outlet.Variants.Count(v => v.Sku == "ALP-00001").ShouldBe(2);
        sandbox.Outlet.Variants.ShouldContain(v => v.Sku.Length == 0);
        sandbox.Outlet.Variants.ShouldContain(v => !v.Tracked);
        (await sandbox.ControlAsync(HttpMethod.Get, "/sandbox/stores")).Body.GetArrayLength().ShouldBe(3);
        (await sandbox.ControlAsync(HttpMethod.Get, "/sandbox/truth")).Body.GetProperty("skus").GetArrayLength().ShouldBe(12);
    }

    [Fact]
    public async Task Buyers_leave_books_that_add_up()
    {
        await using var sandbox = await StartAsync(o => o with { Skus = 60, MinStock = 200, MaxStock = 400 });
        await sandbox.Host.Buyers.StartAsync(new BuyerSettings
        {
            OrdersPerSecond = 800,
            FollowUpMs = 50,
            CancelRate = 0.2,
            RefundRate = 0.1,
            EditRate = 0.1,
            FulfillRate = 0.3,
            Shops = [sandbox.Main.Domain],
        });
        await Task.Delay(2_000);
        await sandbox.Host.Buyers.StopAsync();

        sandbox.World.Stats["ordersAccepted"].ShouldBeGreaterThan(200);
        sandbox.World.Truth.OversoldUnits.ShouldBe(0);
        foreach (var variant in sandbox.Main.Variants)
        {
            var stock = sandbox.World.Truth.Of(variant.Sku)!;
            variant.Levels.Sum(l => l[StockState.Available]).ShouldBe(stock.Remaining, variant.Sku);
            variant.Levels.Sum(l => l[StockState.Committed]).ShouldBe(
                sandbox.Main.Orders.SelectMany(o => o.Lines).Where(l => l.ItemId == variant.ItemId).Sum(l => l.FulfillableQuantity));
        }
    }

    [Fact]
    public async Task One_process_takes_more_than_five_hundred_orders_a_second()
    {
        await using var sandbox = await StartAsync(o => o with { Skus = 200, MinStock = 10_000, MaxStock = 10_000 });
        var variants = sandbox.Main.Variants;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 2_000; i++)
        {
            sandbox.Place(sandbox.Main, 1, i % variants.Count);
        }

        (2_000 / watch.Elapsed.TotalSeconds).ShouldBeGreaterThan(500);
    }
}
