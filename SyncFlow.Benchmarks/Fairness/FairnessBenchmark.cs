using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Support;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Inbox;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Benchmarks.Fairness;

/// <summary>
/// A quiet merchant's orders at a steady rate, from stored to applied: alone, and beside another merchant's storm of 20,000
/// events. Of those beside it count only the ones that came between the storm's first event and its last one applied; were
/// they fewer than <see cref="LeastOrders"/>, nothing would be said. Several rounds, and the median of them.
/// </summary>
internal static class FairnessBenchmark
{
    public const string EventsOption = "--events";
    public const long DefaultEvents = 20_000;

    private const int Skus = 200;
    private const double QuietPerSecond = 25;
    private const int LeastOrders = 40;
    private const int Rounds = 3;
    private const int WarmUp = 3_000;

    /// <summary>How long the quiet merchant is watched alone.</summary>
    private static readonly TimeSpan Alone = TimeSpan.FromSeconds(8);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using var redis = new RedisConnection(servers.Redis);
        using var worker = servers.ForRole(PostgresRole.Worker);
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        using var logs = LoggerFactory.Create(_ => { });
        var inbox = new InboxStore(worker, time);
        using var service = new ApplyService(
            new ApplyPipeline(worker, inbox, time, logs.CreateLogger<ApplyPipeline>()), inbox, new WakeUps(redis), new LevelSignals(), new TenantWeights(worker), time,
            logs.CreateLogger<ApplyService>());
        await service.StartAsync(ct).ConfigureAwait(false);
        var quiet = new Merchant(service, owner, time, new(servers, await BenchMerchant.CreateAsync(servers, "quiet", Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false)));
        var noisy = new Merchant(service, owner, time, new(servers, await BenchMerchant.CreateAsync(servers, "noisy", Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false)));
        await noisy.StormAsync(WarmUp, ct).ConfigureAwait(false);
        await quiet.TrickleAsync(null, ct).ConfigureAwait(false);

        var rounds = new List<(double Alone, double Beside, int Orders, TimeSpan Storm)>();
        for (var round = 0; round < Rounds; round++)
        {
            var (alone, _) = await quiet.TrickleAsync(null, ct).ConfigureAwait(false);
            var storm = noisy.StormAsync((int)options[EventsOption], ct);
            var (beside, orders) = await quiet.TrickleAsync(storm, ct).ConfigureAwait(false);
            rounds.Add((alone, beside, orders, await storm.ConfigureAwait(false)));
        }

        await service.StopAsync(ct).ConfigureAwait(false);
        await quiet.Backlog.CheckAsync(ct).ConfigureAwait(false);
        await noisy.Backlog.CheckAsync(ct).ConfigureAwait(false);
        var median = rounds.OrderBy(r => r.Beside / r.Alone).ElementAt(Rounds / 2);
        results.Add("fairness.quiet_alone_p95_ms", median.Alone, "ms");
        results.Add("fairness.quiet_beside_p95_ms", median.Beside, "ms");
        results.Add("fairness.ratio", median.Beside / median.Alone, "ratio");
        results.Add("fairness.orders_beside", median.Orders, "orders");
        results.Add("fairness.storm_s", median.Storm.TotalSeconds, "s");
    }

    private sealed class Merchant(ApplyService service, NpgsqlDataSource owner, TimeProvider time, OrderBacklog backlog)
    {
        private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(2);

        public OrderBacklog Backlog => backlog;

        /// <summary>Stores many orders; returns how long it took until the last of them was applied.</summary>
        public async Task<TimeSpan> StormAsync(int orders, CancellationToken ct)
        {
            var began = time.GetTimestamp();
            await StoreAsync(orders, ct).ConfigureAwait(false);
            await EmptyAsync(ct).ConfigureAwait(false);
            return time.GetElapsedTime(began);
        }

        /// <summary>Orders one by one until something else is over, or for a while.</summary>
        /// <returns>The 95th percentile of their times by the inbox's own account, in milliseconds, and how many they were.</returns>
        public async Task<(double P95, int Orders)> TrickleAsync(Task? beside, CancellationToken ct)
        {
            var before = await NewestAsync(ct).ConfigureAwait(false);
            var (began, placing) = (time.GetTimestamp(), new List<Task>());
            while (beside is null ? time.GetElapsedTime(began) < Alone : !beside.IsCompleted)
            {
                // As many as are due by now, whether or not those before are stored: a stall counts for all behind it.
                while (placing.Count < time.GetElapsedTime(began).TotalSeconds * QuietPerSecond)
                {
                    placing.Add(StoreAsync(1, ct));
                }

                await Task.Delay(Grain, time, ct).ConfigureAwait(false);
            }

            await Task.WhenAll(placing).ConfigureAwait(false);
            await EmptyAsync(ct).ConfigureAwait(false);
            if (placing.Count < LeastOrders)
            {
                throw new CheckFailedException($"fairness: {placing.Count} orders met the storm, which says nothing; {EventsOption} makes it longer.");
            }

            return (await P95Async(before, ct).ConfigureAwait(false), placing.Count);
        }

        private async Task StoreAsync(int orders, CancellationToken ct)
        {
            await backlog.StoreAsync(orders, random => random.Next(Skus), time, ct).ConfigureAwait(false);
            service.Wake(backlog.Merchant.Tenant);
        }

        private async Task EmptyAsync(CancellationToken ct)
        {
            while (await backlog.WaitsAsync(owner, ct).ConfigureAwait(false))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
            }
        }

        private async Task<long> NewestAsync(CancellationToken ct)
        {
            using var command = owner.CreateCommand("SELECT coalesce(max(event_id), 0) FROM inbox WHERE tenant_id = $1");
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = backlog.Merchant.Tenant.Value });
            return (long)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        }

        private async Task<double> P95Async(long after, CancellationToken ct)
        {
            using var command = owner.CreateCommand(
                """
                SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - received_at) * 1000)::float8
                FROM inbox WHERE tenant_id = $1 AND event_id > $2
                """);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = backlog.Merchant.Tenant.Value });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            return (double)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        }
    }
}
