using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
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

        var approved = await desk.ApproveAsync(WorkerWorld.Tenant, change.Id, change.Version, "boss", "checked", null, CancellationToken.None);
        approved.Outcome.ShouldBe(DecisionOutcome.Done);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 0 && WorkerWorld.Shown(world.A, sku) == 0, "the change on both shops", Limit);
        await world.QuietAsync(Limit);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief = 0")).ShouldBe(40);

        var preview = await undo.PreviewAsync(WorkerWorld.Tenant, change.Id, CancellationToken.None);
        preview!.Effects.Count.ShouldBe(40);
        var (decision, blocks) = await undo.UndoAsync(WorkerWorld.Tenant, change.Id, preview.Change.Version, "boss", "wrong sign", null, CancellationToken.None);
        blocks.ShouldBeEmpty();
        decision.Outcome.ShouldBe(DecisionOutcome.Done);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 97 && WorkerWorld.Shown(world.A, sku) == 97, "everything back", Limit);
        await world.QuietAsync(Limit);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief = 0")).ShouldBe(0);
    }

    [Fact]
    public async Task A_policy_over_all_SKUs_reaches_no_shop_before_approval_and_then_exactly_what_was_shown_is_written()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 12);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.Database.ExecuteAsync("UPDATE skus SET mode_set = false");
        await world.QuietAsync(Limit);
        var (rules, desk) = (new RuleDesk(world.Database.Api, TimeProvider.System), new ChangeDesk(world.Database.Api, TimeProvider.System));
        var tenant = new TenantId(WorkerWorld.Tenant);
        var (thirty, seventy) = (new ChannelRule(new ConnectionId(1)) { Percent = 30 }, new ChannelRule(new ConnectionId(2)) { Percent = 70 });
        var wish = new AllocationChange(PolicyScope.Tenant, 0, SharingMode.Guard, [thirty, seventy]);

        var waiting = (await rules.SetAsync(tenant, wish, null, "more for the second", "clerk", null, CancellationToken.None)).Change!;
        waiting.State.ShouldBe(ChangeState.Waiting);
        var sku = await world.Database.ScalarAsync<string>("SELECT code FROM skus WHERE sku_id = 1");
        world.Place(world.A, 3, sku);
        await Waits.UntilAsync(() => world.Database.ScalarAsync<bool>("SELECT committed = 3 FROM positions WHERE sku_id = 1"), "the sale", Limit);
        await world.QuietAsync(Limit);
        WorkerWorld.Shown(world.B, sku).ShouldBe(50, "nothing of the change went out");

        // The sale changed how many units go where: they are shown again by the approval that does it.
        var preview = await rules.PreviewAsync(tenant, wish, null, "boss", null, CancellationToken.None);
        var since = await world.Database.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        var approved = await desk.ApproveAsync(tenant.Value, waiting.Id, waiting.Version, "boss", null, null, CancellationToken.None);
        approved.Outcome.ShouldBe(DecisionOutcome.Done);
        approved.Moved.Select(m => (m.SkuId, m.After)).ShouldBe([(1, 29), (1, 68)], ignoreOrder: true);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 68 && WorkerWorld.Shown(world.A, sku) == 29, "the change on both shops", Limit);
        await world.QuietAsync(Limit);

        var written = await world.Database.ScalarAsync<string[]>(
            """
            SELECT array_agg(format('%s %s %s', l.level_id, l.from_units, l.to_units))
            FROM push_levels l JOIN pushes p USING (tenant_id, push_id) WHERE p.planned_at >= $1
            """,
            since);
        written.ShouldBe(preview.Writes.Select(w => $"{w.Level.Value} {w.From} {w.To}"), ignoreOrder: true);
        var shown = await desk.LevelsAsync(tenant.Value, waiting.Id, null, 100, CancellationToken.None);
        shown!.Select(l => $"{l.LevelId} {l.Before} {l.After}").ShouldBe(written!, ignoreOrder: true);
    }
}
