using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Brakes;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class MassChangeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_mass_change_reaches_no_shop_before_approval_sales_flow_meanwhile_and_an_undo_brings_all_back()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 30);
        await world.GoLiveAsync();
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 1");
        await world.QuietAsync(Limit);
        var (desk, undo) = (new ChangeDesk(world.Database.Api, TimeProvider.System), new UndoDesk(world.Database.Api, TimeProvider.System));
        var sku = await world.Database.ScalarAsync<string>("SELECT code FROM skus WHERE sku_id = 1");

        // Somebody uploads a file with the wrong sign.
        var items = Enumerable.Range(1, 20).Select(i => new AdjustmentItem(new SkuId(i), new LocationId(1), -100)).ToImmutableArray();
        var change = await desk.ProposeAsync(WorkerWorld.Tenant, new AdjustmentsChange(items), "stock take", "clerk", CancellationToken.None);
        change.State.ShouldBe(ChangeState.Waiting);
        world.Place(world.A, 3, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 97, "the sale on the other shop", Limit);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units = 0")).ShouldBe(0, "nothing of the change went out");

        var approved = await desk.ApproveAsync(WorkerWorld.Tenant, change.Id, change.Version, "boss", "checked", CancellationToken.None);
        approved.Outcome.ShouldBe(DecisionOutcome.Done);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 0 && WorkerWorld.Shown(world.A, sku) == 0, "the change on both shops", Limit);
        await world.QuietAsync(Limit);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief = 0")).ShouldBe(40);

        var preview = await undo.PreviewAsync(WorkerWorld.Tenant, change.Id, CancellationToken.None);
        preview!.Effects.Count.ShouldBe(40);
        var (decision, blocks) = await undo.UndoAsync(WorkerWorld.Tenant, change.Id, preview.Change.Version, "boss", "wrong sign", CancellationToken.None);
        blocks.ShouldBeEmpty();
        decision.Outcome.ShouldBe(DecisionOutcome.Done);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 97 && WorkerWorld.Shown(world.A, sku) == 97, "everything back", Limit);
        await world.QuietAsync(Limit);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief = 0")).ShouldBe(0);
    }
}
