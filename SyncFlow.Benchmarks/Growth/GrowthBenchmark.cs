using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Explain;
using SyncFlow.Benchmarks.Support;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Benchmarks.Growth;

/// <summary>Time to apply an event with 100,000 ledger entries of its merchant, and with many more.</summary>
internal static class GrowthBenchmark
{
    public const string EntriesOption = "--entries";
    public const long DefaultEntries = 1_000_000;

    private const long Small = 100_000;
    private const int Skus = 2_000;
    private const int Orders = 5_000;
    private const int Rounds = 3;
    private const int SkusAtOnce = 500;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);

        // Two merchants side by side in one database, measured in turns: what else the machine does meets both.
        var (small, large) = (await FillAsync("small", Small).ConfigureAwait(false), await FillAsync("large", Math.Max(Small, options[EntriesOption])).ConfigureAwait(false));
        await MeasureAsync(small).ConfigureAwait(false);
        await MeasureAsync(large).ConfigureAwait(false);
        var ratios = new List<(double Ratio, double Small, double Large)>();
        for (var round = 0; round < Rounds; round++)
        {
            var (one, other) = (await MeasureAsync(small).ConfigureAwait(false), await MeasureAsync(large).ConfigureAwait(false));
            ratios.Add((other / one, one, other));
        }

        await small.CheckAsync(ct).ConfigureAwait(false);
        await large.CheckAsync(ct).ConfigureAwait(false);
        var median = ratios.OrderBy(r => r.Ratio).ElementAt(Rounds / 2);
        results.Add("growth.entries", Math.Max(Small, options[EntriesOption]), "entries");
        results.Add("growth.us_per_event_at_100k", median.Small, "us");
        results.Add("growth.us_per_event", median.Large, "us");
        results.Add("growth.ratio", median.Ratio, "ratio");

        async Task<OrderBacklog> FillAsync(string name, long entries)
        {
            var merchant = await BenchMerchant.CreateAsync(servers, name, Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false);
            await new LedgerFill(owner, merchant).ToAsync(entries, ct).ConfigureAwait(false);
            using var worker = servers.ForRole(PostgresRole.Worker);
            foreach (var skus in merchant.Skus.Chunk(SkusAtOnce))
            {
                await using var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false);
                await StockStore.LoadSkusAsync(session, skus, ct).ConfigureAwait(false);
                await PositionReplay.RewriteAsync(session, skus, ct).ConfigureAwait(false);
                await session.CommitAsync(ct).ConfigureAwait(false);
            }

            return await OrderBacklog.OfPastAsync(servers, merchant, ct).ConfigureAwait(false);
        }

        async Task<double> MeasureAsync(OrderBacklog backlog)
        {
            using var worker = servers.ForRole(PostgresRole.Worker);
            using var logs = LoggerFactory.Create(_ => { });
            await backlog.StoreAsync(Orders, random => random.Next(Skus), time, ct).ConfigureAwait(false);
            var pipeline = new ApplyPipeline(worker, new InboxStore(worker, time), time, logs.CreateLogger<ApplyPipeline>());
            var started = time.GetTimestamp();
            while (await pipeline.RunAsync(backlog.Merchant.Tenant, ct).ConfigureAwait(false) is { Claimed: > 0 } result)
            {
                if (result.Failed > 0)
                {
                    throw new CheckFailedException($"growth: {result.Failed} events failed.");
                }
            }

            return time.GetElapsedTime(started).TotalMicroseconds / Orders;
        }
    }
}
