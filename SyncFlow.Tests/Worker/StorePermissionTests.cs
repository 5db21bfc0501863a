using Shouldly;
using SyncFlow.Core.Permissions;
using SyncFlow.Storage.Tenancy;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>What a store may do is held to where its events are applied and where it is written to.</summary>
public sealed class StorePermissionTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_may_only_be_read_is_never_written_and_one_whose_orders_may_not_be_read_sells_unseen()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 3);
        await world.GoLiveAsync();
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 1");
        await world.QuietAsync(Limit);
        var desk = new StoreGroupDesk(world.Database.Api, TimeProvider.System);
        var tenant = WorkerWorld.Tenant;
        var group = (await desk.CreateAsync(tenant, "outlets", [2], Ct)).ShouldNotBeNull();
        await desk.SetAsync(tenant, group, null, [new TopicPermission("*", SyncDirection.Read)], Ct);

        var sku = world.A.Variants[0].Sku;
        var written = await WritesAsync(world);
        var known = await world.CountAsync("SELECT count(*) FROM orders WHERE connection_id = 1");
        world.Place(world.A, 10, sku);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM orders WHERE connection_id = 1") > known, "the order to be applied", Limit);
        WorkerWorld.Shown(world.B, sku).ShouldBe(100, "it may only be read");
        (await WritesAsync(world)).ShouldBe(written);

        // Its own word counts before its group's: levels may be written again, its orders are not read.
        await desk.SetAsync(tenant, null, 2, [new TopicPermission("*", SyncDirection.Both), new TopicPermission("orders", SyncDirection.Push)], Ct);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 90, "what was held back", Limit);
        var other = world.A.Variants[1].Sku;
        world.Place(world.B, 5, other);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM inbox WHERE connection_id = 2 AND topic LIKE 'orders/%' AND state = 3") > 0, "its order to be ignored", Limit);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM inbox WHERE connection_id = 2 AND topic = 'fetch' AND state = 3") > 0,
            "what was asked for to be ignored too", Limit);
        (await world.CountAsync("SELECT count(*) FROM orders WHERE connection_id = 2 AND snapshot IS NOT NULL")).ShouldBe(0);
    }

    private static Task<long> WritesAsync(WorkerWorld world) => world.CountAsync(
        "SELECT count(*) FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id) WHERE l.connection_id = 2");
}
