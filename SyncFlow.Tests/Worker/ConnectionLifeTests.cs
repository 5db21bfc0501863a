using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Front;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>A store that goes away and comes back, or leaves for good, end to end. The second store is the one.</summary>
public sealed class ConnectionLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    /// <summary>Some verify cycles and sweeps: what has not happened by then does not happen.</summary>
    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(2.5);

    [Fact]
    public async Task C24_A_revoked_token_freezes_the_store_and_a_new_one_reads_it_before_the_first_push()
    {
        await using var world = await HalvedAsync();
        var sku = world.A.Variants[0].Sku;
        world.B.Faults = new FaultSettings { TokenRevoked = true };
        await UntilStatusAsync(world, ConnectionStatus.Suspended);
        await Task.Delay(AWhile);
        var calls = world.Sandbox.World.Stats["apiCalls.401"];

        // Both go on selling: A all of its own, B two of its own.
        world.Place(world.A, 5, sku);
        world.Place(world.B, 2, sku);
        await UntilAsync(world, "SELECT count(*) = 2 FROM orders", "two orders");
        await Task.Delay(AWhile);
        WorkerWorld.Shown(world.A, sku).ShouldBe(0, "nobody is raised from the share of a suspended store");
        world.Sandbox.World.Stats["apiCalls.401"].ShouldBe(calls, "no call follows the refused one");
        calls.ShouldBeLessThanOrEqualTo(3, "parts that had a call under way are refused together, and none again");
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'connection-suspended' AND closed_at IS NULL")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM inbox WHERE state = 2")).ShouldBe(0);

        var pushes = await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2");
        world.B.Faults = new FaultSettings();
        await world.RunAsync("resume", 2);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE closed_at IS NULL")).ShouldBe(0);
        await FirstPushComesAfterTheReadingAsync(world, pushes);
        await world.QuietAsync(QuietLimit);
        (WorkerWorld.Shown(world.A, sku) + WorkerWorld.Shown(world.B, sku)).ShouldBe(3);
        WorkerWorld.Shown(world.A, sku).ShouldBeGreaterThan(0);
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);
    }

    [Fact]
    public async Task C24_Resuming_with_a_token_that_is_refused_again_changes_nothing()
    {
        await using var world = await HalvedAsync();
        world.B.Faults = new FaultSettings { TokenRevoked = true };
        await UntilStatusAsync(world, ConnectionStatus.Suspended);

        (await world.RunToEndAsync("resume", 2)).State.ShouldBe("failed");
        (await world.CountAsync("SELECT status::bigint FROM connections WHERE connection_id = 2")).ShouldBe((long)ConnectionStatus.Suspended);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE closed_at IS NULL")).ShouldBe(1);
    }

    [Fact]
    public async Task C42_A_store_that_sells_while_uninstalled_is_booked_once_before_the_first_push()
    {
        await using var world = await HalvedAsync();
        var sku = world.A.Variants[0].Sku;
        await UninstallAsync(world);
        var pushes = await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2");
        for (var order = 0; order < 5; order++)
        {
            world.Place(world.B, 1, sku);
        }

        world.Place(world.A, 5, sku);
        await UntilAsync(world, "SELECT count(*) = 1 FROM orders", "A's order");
        await Task.Delay(AWhile);
        WorkerWorld.Shown(world.A, sku).ShouldBe(0, "A is not raised");
        (await world.CountAsync("SELECT belief::bigint FROM listing_levels WHERE connection_id = 2")).ShouldBe(5, "what B may sell is frozen");

        await InstallAsync(world);
        await world.RunAsync("resume", 2);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM orders WHERE connection_id = 2")).ShouldBe(5);
        (await world.CountAsync("SELECT sum(delta) FROM ledger_entries WHERE connection_id = 2 AND bucket = 2")).ShouldBe(5, "each once");
        (await world.CountAsync("SELECT committed::bigint FROM positions")).ShouldBe(10);
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2")).ShouldBe(pushes, "it shows zero already");
        (await world.CountAsync("SELECT generation::bigint FROM connections WHERE connection_id = 2")).ShouldBe(2);
        (await world.CountAsync("SELECT min(generation)::bigint FROM listing_levels WHERE connection_id = 2")).ShouldBe(2);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'connection-uninstalled' AND closed_at IS NULL")).ShouldBe(0);
        world.B.Subscriptions.Count.ShouldBe(world.A.Subscriptions.Count, "its webhooks are subscribed to again");
        world.Sandbox.World.Truth.OversoldUnits.ShouldBe(0);

    }

    [Fact]
    public async Task C42_A_store_attested_as_closed_gives_its_units_to_the_other()
    {
        await using var world = await HalvedAsync();
        var sku = world.A.Variants[0].Sku;
        await UninstallAsync(world);
        var desk = new ConnectionDesk(world.Database.Api, TimeProvider.System);
        (await desk.ChangeStatusAsync(WorkerWorld.Tenant, 2, [ConnectionStatus.Uninstalled], ConnectionStatus.Closed, CancellationToken.None))
            .ShouldBe(StatusChange.Done);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, sku) == 10, "all ten on A", QuietLimit);
    }

    [Fact]
    public async Task A_planned_disconnect_shows_zero_proves_it_closes_and_frees_the_units()
    {
        await using var world = await HalvedAsync();
        var sku = world.A.Variants[0].Sku;
        await world.RunAsync("disconnect", 2);

        WorkerWorld.Shown(world.B, sku).ShouldBe(0);
        (await world.CountAsync("SELECT status::bigint FROM connections WHERE connection_id = 2")).ShouldBe((long)ConnectionStatus.Closed);
        (await world.CountAsync("SELECT done::bigint FROM sync_runs WHERE kind = 'disconnect' AND done = total")).ShouldBe(1);
        world.B.Subscriptions.ShouldBeEmpty();
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, sku) == 10, "all ten on A", QuietLimit);
        var proven = await world.Database.ScalarAsync<DateTime>(
            "SELECT max(verified_at) FROM push_levels JOIN pushes USING (tenant_id, push_id) WHERE connection_id = 2 AND to_units = 0");
        var raised = await world.Database.ScalarAsync<DateTime>(
            "SELECT min(p.planned_at) FROM push_levels l JOIN pushes p USING (tenant_id, push_id) WHERE connection_id = 1 AND to_units = 10 AND from_units = 5");
        raised.ShouldBeGreaterThan(proven, "A is raised only after zero on B was proven");
    }

    [Fact]
    public async Task A_disconnect_that_is_cancelled_leaves_the_store_live_with_its_share()
    {
        await using var world = await HalvedAsync();
        var sku = world.A.Variants[0].Sku;
        var running = world.RunToEndAsync("disconnect", 2);
        await UntilStatusAsync(world, ConnectionStatus.Disconnecting);
        var run = await world.CountAsync("SELECT max(run_id) FROM sync_runs");
        (await new RunDesk(world.Database.Api, TimeProvider.System).CancelAsync(WorkerWorld.Tenant, run, CancellationToken.None)).ShouldBeTrue();

        (await running).State.ShouldBe("cancelled");
        (await world.CountAsync("SELECT status::bigint FROM connections WHERE connection_id = 2")).ShouldBe((long)ConnectionStatus.Live);
        await world.QuietAsync(QuietLimit);
        WorkerWorld.Shown(world.B, sku).ShouldBeGreaterThan(0);
        (WorkerWorld.Shown(world.A, sku) + WorkerWorld.Shown(world.B, sku)).ShouldBe(10);
    }

    /// <summary>Ten units of one SKU, guarded: five on each store.</summary>
    private async Task<WorkerWorld> HalvedAsync()
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(QuietLimit);
        var sku = world.A.Variants[0].Sku;
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku)).ShouldBe((5, 5));
        return world;
    }

    private static async Task UninstallAsync(WorkerWorld world)
    {
        using var control = new HttpClient { BaseAddress = world.Sandbox.BaseAddress };
        using var answer = await control.PostAsync($"sandbox/stores/{world.B.Domain}/uninstall", null);
        answer.EnsureSuccessStatusCode();
        await UntilStatusAsync(world, ConnectionStatus.Uninstalled);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'connection-uninstalled'")).ShouldBe(1);
    }

    private static async Task InstallAsync(WorkerWorld world)
    {
        using var control = new HttpClient { BaseAddress = world.Sandbox.BaseAddress };
        using var answer = await control.PostAsync($"sandbox/stores/{world.B.Domain}/install", null);
        var token = (await answer.Content.ReadFromJsonAsync<JsonObject>())!["accessToken"]!.GetValue<string>();
        await world.SetTokenAsync(2, token);
    }

    private static async Task FirstPushComesAfterTheReadingAsync(WorkerWorld world, long before)
    {
        await UntilAsync(world, $"SELECT count(*) > {before} FROM pushes WHERE connection_id = 2", "a push to B");
        (await world.Database.ScalarAsync<bool>(
            """
            SELECT bool_and(p.planned_at > h.at) FROM pushes p,
              (SELECT max(h.at) AS at FROM level_history h JOIN listing_levels l USING (tenant_id, level_id)
               WHERE l.connection_id = 2 AND h.cause = 'read' AND h.at < (SELECT finished_at FROM sync_runs WHERE kind = 'resume')) h
            WHERE p.connection_id = 2 AND p.planned_at > (SELECT started_at FROM sync_runs WHERE kind = 'resume')
            """)).ShouldBeTrue();
    }

    private static Task UntilStatusAsync(WorkerWorld world, ConnectionStatus status) =>
        UntilAsync(world, $"SELECT status = {(short)status} FROM connections WHERE connection_id = 2", $"status {status}");

    private static Task UntilAsync(WorkerWorld world, string sql, string what) =>
        Waits.UntilAsync(() => world.Database.ScalarAsync<bool>(sql), what);
}
