using System.Globalization;
using Npgsql;
using SyncFlow.Api.Availability;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Availability;

namespace SyncFlow.Benchmarks.Available;

/// <summary>
/// What it costs to answer how many units may be sold: kept in Redis and asked whether it still holds, computed by the
/// rules each time, and summed by one statement that knows neither kits nor closed places nor what channels owe. In
/// processor time of this process and of the database, for whoever waits is not who works.
/// </summary>
internal static class AvailableBenchmark
{
    /// <summary>The option that says how many SKUs the merchant has.</summary>
    public const string SkusOption = "--skus";

    public const long DefaultSkus = 5_000;

    private const int OnHand = 100;
    private const int AtOnce = 100;
    private const int Questions = 400;

    private const string Statement =
        """
        SELECT s.sku_id, s.code, (
          SELECT sum(p.on_hand - p.committed - p.allocated - p.pos_pending - p.reserved - p.shipped_unposted - p.suspense - p.unavailable - s.safety_buffer)
          FROM positions p JOIN locations l USING (tenant_id, location_id) WHERE p.tenant_id = $1 AND p.sku_id = s.sku_id AND l.fulfills_online AND p.opened)
        FROM skus s WHERE s.tenant_id = $1 AND s.code_key = ANY ($2)
        """;

    private sealed record Way(string Name, int Skus, Func<string[], Task<int>> Ask);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        var merchant = await BenchMerchant.CreateAsync(servers, "available", (int)options[SkusOption], OnHand, time, ct).ConfigureAwait(false);
        await servers.ExecuteAsync("ANALYZE", ct).ConfigureAwait(false);
        using var api = servers.ForRole(PostgresRole.Api);
        await using var redis = new RedisConnection(servers.Redis);
        await using var nowhere = new RedisConnection("127.0.0.1:1");
        var kept = new AvailabilityReader(new AvailabilityStore(api), new RedisValues(redis, time));
        var computed = new AvailabilityReader(new AvailabilityStore(api), new RedisValues(nowhere, time));
        await redis.GetAsync().ConfigureAwait(false);
        await nowhere.GetAsync().ConfigureAwait(false);

        foreach (var skus in new[] { 1, AtOnce })
        {
            await MeasureAsync(new Way("kept", skus, codes => AskAsync(kept, merchant.Tenant, codes, ct)), servers, merchant, results, ct).ConfigureAwait(false);
            await MeasureAsync(new Way("computed", skus, codes => AskAsync(computed, merchant.Tenant, codes, ct)), servers, merchant, results, ct).ConfigureAwait(false);
            await MeasureAsync(new Way("statement", skus, codes => SumAsync(api, merchant.Tenant, codes, ct)), servers, merchant, results, ct).ConfigureAwait(false);
        }
    }

    private static async Task MeasureAsync(Way way, BenchServers servers, BenchMerchant merchant, Results results, CancellationToken ct)
    {
        for (var i = 0; i < Questions; i++)
        {
            await AskAsync(way, i, merchant).ConfigureAwait(false); // Warms whatever is kept or prepared.
        }

        var before = await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false);
        for (var i = 0; i < Questions; i++)
        {
            await AskAsync(way, i, merchant).ConfigureAwait(false);
        }

        var (own, database) = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(before);
        var name = string.Create(CultureInfo.InvariantCulture, $"available.{way.Name}_{way.Skus}");
        results.Add(name + "_api_us", own.TotalMicroseconds / Questions, "us");
        results.Add(name + "_database_us", database.TotalMicroseconds / Questions, "us");
    }

    private static async Task AskAsync(Way way, int question, BenchMerchant merchant)
    {
        var codes = Enumerable.Range(0, way.Skus)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"sku-{((question * way.Skus) + i) % merchant.Skus.Count:0000}")).ToArray();
        var sum = await way.Ask(codes).ConfigureAwait(false);
        if (sum != codes.Length * OnHand)
        {
            throw new CheckFailedException($"{way.Name}: {sum} units are said to be there, not {codes.Length * OnHand}.");
        }
    }

    private static async Task<int> AskAsync(AvailabilityReader reader, TenantId tenant, string[] codes, CancellationToken ct) =>
        (await reader.FindAsync(tenant.Value, codes, ct).ConfigureAwait(false)).Skus.Sum(s => s.Kept.Figures.Exposure.Available);

    private static async Task<int> SumAsync(NpgsqlDataSource source, TenantId tenant, string[] codes, CancellationToken ct)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT set_config('app.tenant_id', $1, true)")
        {
            Parameters = { new NpgsqlParameter { Value = tenant.Value.ToString(CultureInfo.InvariantCulture) } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Statement)
        {
            Parameters = { new NpgsqlParameter { Value = tenant.Value }, new NpgsqlParameter { Value = Array.ConvertAll(codes, c => c.ToUpperInvariant()) } },
        });
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var sum = 0L;
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            sum += reader.GetInt64(2);
        }

        return (int)sum;
    }
}
