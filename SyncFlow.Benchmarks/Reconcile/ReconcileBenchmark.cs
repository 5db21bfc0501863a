using System.Globalization;
using System.Text.Json;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Benchmarks.Reconcile;

/// <summary>
/// Every level of a large store compared with the books, by the run that a merchant begins and the night begins by itself:
/// first with nothing wrong, then with levels that were changed in the store without a word. What the store itself takes
/// to write its file is almost nothing here, so the time is the product's; how many calls it made says what it takes of a
/// real shop's budget.
/// </summary>
internal static class ReconcileBenchmark
{
    public const string LevelsOption = "--levels";
    public const long DefaultLevels = 100_000;

    /// <summary>Every so many levels one is changed behind the product's back.</summary>
    private const int OneIn = 1_000;

    private const int UnitsTaken = 3;
    private const int StockOfEach = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var levels = (int)options[LevelsOption];
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using var stand = await ProductStand.StartWithStoresAsync(
            servers,
            new SimulatorOptions { Stores = 1, Skus = levels, MinStock = StockOfEach, MaxStock = StockOfEach, MainLocations = 1, BulkDurationMs = 20 },
            time, ct).ConfigureAwait(false);
        var shop = stand.World.Shops[0];
        var connection = await LiveCatalog.SeedAsync(servers, shop, time, ct).ConfigureAwait(false);

        var calls = stand.World.Stats["apiCalls"];
        var (clean, seconds) = await ReconcileAsync(servers, connection, time, ct).ConfigureAwait(false);
        Check(clean, equal: levels, differing: 0);
        results.Add("reconcile.levels", levels, "levels");
        results.Add("reconcile.seconds", seconds.TotalSeconds, "s");
        results.Add("reconcile.calls", stand.World.Stats["apiCalls"] - calls, "calls");

        var changed = Change(shop, time);
        var (found, withChanges) = await ReconcileAsync(servers, connection, time, ct).ConfigureAwait(false);
        Check(found, equal: levels - changed, differing: changed);
        await stand.SettleAsync(ct).ConfigureAwait(false);
        await Invariants.PositionsAreTheLedgersAsync(servers.ConnectionString, new TenantId(1), ct).ConfigureAwait(false);
        await Invariants.StoresShowTheirTargetsAsync(servers.ConnectionString, stand.World, levels, ct).ConfigureAwait(false);
        var cases = await servers.ScalarAsync<long>("SELECT count(DISTINCT level_id) FROM drift_cases", ct).ConfigureAwait(false);
        if (cases != changed)
        {
            throw new CheckFailedException($"reconcile: {changed} levels were changed, {cases} became drift cases.");
        }

        results.Add("reconcile.changed", changed, "levels");
        results.Add("reconcile.with_changes_seconds", withChanges.TotalSeconds, "s");
    }

    private static int Change(Shop shop, TimeProvider time)
    {
        var changed = 0;
        lock (shop.Gate)
        {
            foreach (var level in shop.Levels.Where((_, i) => i % OneIn == 0))
            {
                level.Add(StockState.Available, -UnitsTaken, time.GetUtcNow());
                changed++;
            }
        }

        return changed;
    }

    private static async Task<(JsonElement Result, TimeSpan Took)> ReconcileAsync(
        BenchServers servers, ConnectionId connection, TimeProvider time, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        var started = time.GetTimestamp();
        await servers.ExecuteAsync(
            string.Create(CultureInfo.InvariantCulture, $"INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at) VALUES (1, 'reconcile', {connection.Value}, '{{}}', now())"),
            ct).ConfigureAwait(false);
        using var look = owner.CreateCommand("SELECT state, coalesce(message, ''), coalesce(result, '{}')::text FROM sync_runs ORDER BY run_id DESC LIMIT 1");
        while (time.GetElapsedTime(started) < Limit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, ct).ConfigureAwait(false);
            await using var row = await look.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await row.ReadAsync(ct).ConfigureAwait(false);
            switch (row.GetString(0))
            {
                case "succeeded":
                    return (JsonDocument.Parse(row.GetString(2)).RootElement, time.GetElapsedTime(started));
                case "failed":
                    throw new CheckFailedException("reconcile: " + row.GetString(1));
            }
        }

        throw new CheckFailedException($"reconcile: not over after {Limit.TotalMinutes:0} minutes.");
    }

    private static void Check(JsonElement result, int equal, int differing)
    {
        if (result.GetProperty("equal").GetInt32() != equal || result.GetProperty("differing").GetInt32() != differing)
        {
            throw new CheckFailedException($"reconcile: {equal} equal and {differing} different levels were expected; it says {result}.");
        }
    }
}
