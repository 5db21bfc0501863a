using System.Text.Json;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Work;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Upkeep;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>All levels of a store compared with what is believed of them.</summary>
public sealed class ReconciliationTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_changed_in_the_store_without_a_word_is_found_by_one_bulk_operation_and_put_right()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 30);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        var lists = world.B.BulkOperations.Count;

        // Nobody tells of these, as when webhooks are lost.
        var (lowered, raised) = (WorkerWorld.LevelOf(world.B, 3), WorkerWorld.LevelOf(world.B, 7));
        lock (world.B.Gate)
        {
            lowered.Add(StockState.Available, -4, TimeProvider.System.GetUtcNow());
            raised.Add(StockState.Available, 6, TimeProvider.System.GetUtcNow());
        }

        var result = await ReconcileAsync(world);
        result.GetProperty("levels").GetInt32().ShouldBe(30);
        result.GetProperty("equal").GetInt32().ShouldBe(28);
        result.GetProperty("differing").GetInt32().ShouldBe(2);
        result.GetProperty("missing").GetInt32().ShouldBe(0);
        (world.B.BulkOperations.Count - lists).ShouldBe(1);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(DISTINCT level_id) FROM drift_cases d JOIN listing_levels l USING (tenant_id, level_id) WHERE connection_id = 2")).ShouldBe(2);
        foreach (var item in new[] { 3, 7 })
        {
            var sku = world.B.Variants[item].Sku;
            WorkerWorld.Shown(world.B, sku).ShouldBe(WorkerWorld.Shown(world.A, sku), sku);
        }

        (await ReconcileAsync(world)).GetProperty("equal").GetInt32().ShouldBe(30);
    }

    [Fact]
    public async Task A_level_the_store_no_longer_has_is_read_exactly_and_leaves()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 3);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        lock (world.B.Gate)
        {
            WorkerWorld.LevelOf(world.B, 1).IsActive = false;
        }

        (await ReconcileAsync(world)).GetProperty("missing").GetInt32().ShouldBe(1);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND status = 6") == 1,
            "the level is gone", QuietLimit);
    }

    [Fact]
    public async Task A_store_that_is_not_live_is_refused()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stores: 1);
        var (state, message) = await world.RunToEndAsync("reconcile", 1);
        state.ShouldBe("failed");
        message.ShouldBe("Only a connection that is live or paused is reconciled.");
    }

    [Fact]
    public async Task Each_live_connection_is_queued_once_a_night_whatever_the_number_of_workers()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, worker: false);
        await world.Database.ExecuteAsync("UPDATE connections SET status = $1 WHERE connection_id = 1", (short)ConnectionStatus.Live);
        var clock = new TestClock(new DateTimeOffset(2026, 3, 4, NightlyReconciliation.FromHour, 0, 30, TimeSpan.Zero));
        NightlyReconciliation[] workers = [Job(world, clock), Job(world, clock)];

        (await workers[0].QueueDueAsync(Ct)).ShouldBe(0, "connection 1 is due a minute after the hour");
        clock.Advance(TimeSpan.FromMinutes(1));
        (await workers[0].QueueDueAsync(Ct)).ShouldBe(1);
        (await workers[0].QueueDueAsync(Ct)).ShouldBe(0);
        (await workers[1].QueueDueAsync(Ct)).ShouldBe(0, "another worker queued it");
        clock.Advance(TimeSpan.FromHours(23));
        (await workers[1].QueueDueAsync(Ct)).ShouldBe(0, "still the same night");
        clock.Advance(TimeSpan.FromHours(1));
        (await workers[1].QueueDueAsync(Ct)).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM sync_runs WHERE kind = 'reconcile' AND connection_id = 1 AND state = 'queued'")).ShouldBe(2);
    }

    private static NightlyReconciliation Job(WorkerWorld world, TimeProvider clock) => new(
        new ConnectionStore(world.Database.Worker), new RunStore(world.Database.Worker, clock), world.Database.Worker, clock);

    private static async Task<JsonElement> ReconcileAsync(WorkerWorld world)
    {
        await world.RunAsync("reconcile", 2);
        var text = await world.Database.ScalarAsync<string>("SELECT result::text FROM sync_runs WHERE kind = 'reconcile' ORDER BY run_id DESC LIMIT 1");
        return JsonDocument.Parse(text).RootElement;
    }
}
