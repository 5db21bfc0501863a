using Shouldly;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class JournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("syncflow-sandbox").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_restart_continues_the_same_world()
    {
        long orderId;
        string before;
        await using (var sandbox = await StartAsync(o => o with { DataFolder = _folder }))
        {
            var (_, level) = Item(sandbox.Main);
            await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 30, null)), "k");
            await sandbox.GraphAsync(
                sandbox.Main, "mutation{ webhookSubscriptionCreate(topic:ORDERS_CREATE, webhookSubscription:{uri:\"http://127.0.0.1:9/x\"}){ webhookSubscription{ id } } }");
            var (status, answer) = await sandbox.ControlAsync(HttpMethod.Post, "/sandbox/orders", new
            {
                shop = sandbox.Main.Domain,
                lines = new[] { new { quantity = 4, variantId = sandbox.Main.Variants[0].Id } },
            });
            ((int)status).ShouldBe(200);
            orderId = answer.GetProperty("id").GetInt64();
            sandbox.World.Place(sandbox.Outlet, new OrderRequest([new LineRequest(100_000, Sku: "ALP-00003")])
            {
                Inventory = InventoryBehaviour.DecrementIgnoringPolicy,
            }).Accepted.ShouldBeTrue();
            sandbox.World.Truth.OversoldUnits.ShouldBeGreaterThan(0);
            before = Digest(sandbox.World);
        }

        await using var again = await StartAsync(o => o with { DataFolder = _folder });

        Digest(again.World).ShouldBe(before);
        var (_, same) = Item(again.Main);
        (same[StockState.Available], same[StockState.Committed]).ShouldBe((26, 4));
        again.Main.Subscriptions.Count.ShouldBe(1);
        (await again.SetAsync(again.Main, SetInput(Quantity(same, 30, null)), "k"))
            .GetProperty("inventoryAdjustmentGroup").GetProperty("changes")[0].GetProperty("quantityAfterChange").GetInt32().ShouldBe(30);
        same[StockState.Available].ShouldBe(26);
        OrderDesk.Cancel(again.World, again.Main, orderId, restock: true).Accepted.ShouldBeTrue();
        again.Place(again.Main, 1).Id.ShouldBeGreaterThan(orderId);
    }

    [Fact]
    public async Task A_torn_last_line_is_left_out_and_compaction_loses_nothing()
    {
        string before;
        await using (var sandbox = await StartAsync(o => o with { DataFolder = _folder, CompactAtBytes = 1 }))
        {
            for (var i = 0; i < 20; i++)
            {
                sandbox.Place(sandbox.Main, 1, i % 3);
            }

            await Task.Delay(6_000);
            sandbox.Place(sandbox.Main, 1, 4);
            before = Digest(sandbox.World);
        }

        Directory.GetFiles(_folder, "*.snapshot.jsonl").ShouldHaveSingleItem().ShouldNotEndWith("world-000001.snapshot.jsonl");
        await File.AppendAllTextAsync(Directory.GetFiles(_folder, "*.journal.jsonl").Max()!, "{\"kind\":\"order\",\"shop\":\"alp");

        await using var again = await StartAsync(o => o with { DataFolder = _folder });
        Digest(again.World).ShouldBe(before);
    }

    /// <summary>Levels, orders and physical stock of a world as one text.</summary>
    private static string Digest(World world) => string.Join('\n',
        world.Shops.SelectMany(s => s.Levels.OrderBy(l => (l.ItemId, l.LocationId))
            .Select(l => $"{s.Domain} {l.ItemId} {l.LocationId} {string.Join(',', StockStates.All.Select(x => l[x.State]))} {l.UpdatedAt:O}"))
        .Concat(world.Shops.SelectMany(s => s.Orders.OrderBy(o => o.Id).Select(o => $"{o.Id} {o.Name} {o.Version} {o.Fulfillable} {o.UpdatedAt:O}")))
        .Concat(world.Truth.All().Select(t => $"{t.Sku} {t.Physical} {t.Taken} {t.Returned} {t.OversoldUnits} {string.Join(';', t.Oversells)}")));
}
