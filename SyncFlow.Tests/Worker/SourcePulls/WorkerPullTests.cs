using System.Globalization;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>Whole workers that ask a source, with a simulated store behind them.</summary>
public sealed class WorkerPullTests(PostgresFixture postgres, RedisFixture redis)
{
    private const long Erp = 2;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Ten_thousand_movements_on_500_levels_write_each_level_at_most_once()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 500, stock: 1_000, stores: 1);
        await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);
        await using var server = await SourceServer.StartAsync();
        var truth = Fill(server, 10_000, world.A.Variants.Count, new Random(7));
        await ConnectAsync(world, server);
        await Waits.UntilAsync(() => WatermarkAsync(world, 10_000), "the round is over", Limit);
        await world.QuietAsync(Limit);
        for (var n = 0; n < truth.Length; n++)
        {
            WorkerWorld.Shown(world.A, world.A.Variants[n].Sku).ShouldBe(1_000 + truth[n]);
        }

        var written = await world.CountAsync("SELECT count(*) FROM push_levels");
        written.ShouldBeLessThanOrEqualTo(500);
        written.ShouldBeGreaterThan(400, "nearly every level changed");
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE connection_id = $1", Erp)).ShouldBe(10_000, "the ledger has every movement");
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_the_middle_of_a_pull_loses_nothing_and_repeats_nothing()
    {
        const int rows = 25_000;
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 20, stores: 1, worker: false);
        await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);
        await using var server = await SourceServer.StartAsync();
        var truth = Fill(server, rows, 20, new Random(8));
        await ConnectAsync(world, server);
        var asked = 0;
        var reached = new TaskCompletionSource();
        server.Before = async ended =>
        {
            if (Interlocked.Increment(ref asked) == 22)
            {
                reached.SetResult();
                await Task.Delay(Timeout.Infinite, ended);
            }
        };
        using (var doomed = WorkerProcess.Start(world.Settings()))
        {
            await reached.Task.WaitAsync(Limit, TestContext.Current.CancellationToken);
            await doomed.KillAsync();
        }

        (await world.CountAsync("SELECT count(*) FROM source_pulls WHERE cursor IS NOT NULL AND watermark IS NULL")).ShouldBe(1, "twenty pages are stored");
        using var last = WorkerProcess.Start(world.Settings());
        await Waits.UntilAsync(() => WatermarkAsync(world, rows), "the round is over", Limit);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT count(*) FROM inbox WHERE state = 0") == 0, "everything is booked", Limit);
        (await world.CountAsync("SELECT count(*) FROM ledger_entries WHERE connection_id = $1", Erp)).ShouldBe(rows);
        for (var n = 0; n < truth.Length; n++)
        {
            (await world.CountAsync("SELECT on_hand::bigint FROM positions WHERE sku_id = $1", n + 1L)).ShouldBe(100 + truth[n]);
        }
    }

    private static int[] Fill(SourceServer server, int rows, int skus, Random random)
    {
        var truth = new int[skus];
        for (var n = 1; n <= rows; n++)
        {
            var (sku, units) = (random.Next(skus), random.Next(2) == 0 ? -random.Next(1, 4) : random.Next(1, 4));
            truth[sku] += units;
            server.Movements[n] = new
            {
                id = $"m{n}",
                sku = string.Create(CultureInfo.InvariantCulture, $"item {sku + 1}"),
                location = "1000",
                units,
                occurredAt = server.AsOf.AddSeconds(n),
                sequence = n,
            };
        }

        return truth;
    }

    /// <summary>An ERP beside the store, as the Api sets it up; <c>item n</c> is SKU n.</summary>
    private static async Task ConnectAsync(WorkerWorld world, SourceServer server)
    {
        await world.Database.ExecuteAsync("INSERT INTO connections (tenant_id, connection_id, kind, name) VALUES (1, $1, 'erp', 'ERP')", Erp);
        await world.SetTokenAsync(Erp, "open sesame");
        await world.Database.ExecuteAsync(
            """
            WITH s AS (INSERT INTO sources (tenant_id, connection_id, strategy, ordering, cadence_seconds, buckets, state_since, created_at, updated_at)
              VALUES (1, $1, 2, 1, 900, '{1}', now(), now(), now()))
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id) VALUES (1, $1, '1000', 'Plant', 1)
            """,
            Erp);
        await world.Database.ExecuteAsync(
            "INSERT INTO source_items (tenant_id, connection_id, item_key, item_code, sku_id, updated_at) SELECT 1, $1, 'ITEM ' || sku_id, 'item ' || sku_id, sku_id, now() FROM skus",
            Erp);
        await world.Database.ExecuteAsync(
            """
            INSERT INTO source_pulls (tenant_id, connection_id, base_url, scheme, movements, positions, pick_tasks, page_size, overlap, refresh_seconds, due_at,
              refresh_due_at, created_at, updated_at)
            VALUES (1, $1, $2, 1, true, false, false, 1000, 100, 86400, now(), 'infinity', now(), now())
            """,
            Erp, server.Url);
    }

    private static async Task<bool> WatermarkAsync(WorkerWorld world, long mark) =>
        await world.CountAsync("SELECT coalesce(max(watermark), 0) FROM source_pulls") == mark;
}
