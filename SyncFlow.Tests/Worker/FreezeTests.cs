using Shouldly;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Brakes;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class FreezeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Frozen_increases_hold_receipts_back_on_the_shop_and_let_decreases_through_until_lifted()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 3);
        await world.GoLiveAsync();
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 1"); // Shared: a large order would make adaptive guard.
        await world.QuietAsync(Limit);
        var desk = new BrakeDesk(world.Database.Api, new PlanPreview(world.Database.Api, TimeProvider.System), TimeProvider.System);
        await desk.SetAsync(WorkerWorld.Tenant, 2, BrakeStrength.Increases, "count under way", "test", null, CancellationToken.None);

        var raised = await RaisesAsync(world);
        var sku = world.A.Variants[0].Sku;
        var id = await world.CountAsync("SELECT sku_id FROM skus WHERE code = $1", sku);
        await world.ReceiveAsync([(id, 50)]);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, sku) == 150, "the receipt on the other shop", Limit);
        WorkerWorld.Shown(world.B, sku).ShouldBe(100, "frozen");

        world.Place(world.A, 60, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 90, "the decrease on the frozen shop", Limit);

        await world.ReceiveAsync([(id, 20)]);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, sku) == 110, "the second receipt on the other shop", Limit);
        var shown = (await desk.PreviewAsync(WorkerWorld.Tenant, 2, BrakeStrength.None, CancellationToken.None)).Single(w => w.Connection.Value == 2);
        (shown.From, shown.To).ShouldBe((90, 110));
        WorkerWorld.Shown(world.B, sku).ShouldBe(90);

        await desk.SetAsync(WorkerWorld.Tenant, 2, BrakeStrength.None, "", "test", null, CancellationToken.None);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 110, "what was held back", Limit);
        (await RaisesAsync(world)).ShouldBe(raised + 1, "nothing in between");
    }

    private static Task<long> RaisesAsync(WorkerWorld world) => world.CountAsync(
        "SELECT count(*) FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id) WHERE l.connection_id = 2 AND p.to_units > p.from_units");
}
