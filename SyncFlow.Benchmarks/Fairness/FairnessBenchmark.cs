using System.Collections.Concurrent;
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
/// A quiet merchant beside another's storm of 20,000 events: until his other store shows an order (<see cref="ShownBeside"/>), and
/// here from stored to applied. Of the orders beside it count only the ones that came between the storm's first event and its
/// last one applied; were they fewer than <see cref="LeastOrders"/>, nothing would be said. Several rounds, and the median of them.
/// </summary>
internal static class FairnessBenchmark
{
    public const string EventsOption = "--events";
    public const long DefaultEvents = 20_000;

    private const int Skus = 200;
    private const double QuietPerSecond = 25;
    private const int LeastOrders = 40;
    private const int Rounds = 5;
    private const int WarmUp = 3_000;

    /// <summary>How long the quiet merchant is watched alone.</summary>
    private static readonly TimeSpan Alone = TimeSpan.FromSeconds(8);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await ShownBeside.RunAsync(results, options, (int)options[EventsOption], time, ct).ConfigureAwait(false);
        await AppliedAsync(results, options, time, ct).ConfigureAwait(false);
    }

    /// <summary>The first of the queues by itself, in a worker that does nothing else.</summary>
    private static async Task AppliedAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
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

        var rounds = new List<(Trickle Alone, Trickle Beside, TimeSpan Storm)>();
        for (var round = 0; round < Rounds; round++)
        {
            var alone = await quiet.TrickleAsync(null, ct).ConfigureAwait(false);
            var storm = noisy.StormAsync((int)options[EventsOption], ct);
            rounds.Add((alone, await quiet.TrickleAsync(storm, ct).ConfigureAwait(false), await storm.ConfigureAwait(false)));
        }

        await service.StopAsync(ct).ConfigureAwait(false);
        await quiet.Backlog.CheckAsync(ct).ConfigureAwait(false);
        await noisy.Backlog.CheckAsync(ct).ConfigureAwait(false);
        Report("applied", static t => t.FromStored);
        Report("stored_and_applied", static t => t.FromReceived);
        results.Add("fairness.storm_s", rounds.Max(r => r.Storm).TotalSeconds, "s");

        void Report(string name, Func<Trickle, Latencies> times)
        {
            var p95 = rounds.Select(r => (Alone: times(r.Alone).At(0.95), Beside: times(r.Beside).At(0.95))).OrderBy(r => r.Beside / r.Alone).ElementAt(Rounds / 2);
            results.Add($"fairness.{name}.quiet_alone_p95_ms", p95.Alone, "ms");
            results.Add($"fairness.{name}.quiet_beside_p95_ms", p95.Beside, "ms");
            results.Add($"fairness.{name}.ratio", p95.Beside / p95.Alone, "ratio");
        }
    }

    /// <summary>Times of a quiet merchant's orders until each was applied.</summary>
    /// <param name="FromStored">From its storing's end: what the queue and the applying take.</param>
    /// <param name="FromReceived">From before it was stored, which is a commit more.</param>
    private sealed record Trickle(Latencies FromStored, Latencies FromReceived);

    private sealed class Merchant(ApplyService service, NpgsqlDataSource owner, TimeProvider time, OrderBacklog backlog)
    {
        private readonly ConcurrentDictionary<string, DateTimeOffset> stored = new(StringComparer.Ordinal);
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
        public async Task<Trickle> TrickleAsync(Task? beside, CancellationToken ct)
        {
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

            return await TimesAsync(ct).ConfigureAwait(false);
        }

        private async Task StoreAsync(int orders, CancellationToken ct)
        {
            var ids = await backlog.StoreAsync(orders, random => random.Next(Skus), time, ct).ConfigureAwait(false);
            if (orders == 1)
            {
                stored[ids[0]] = time.GetUtcNow();
            }

            service.Wake(backlog.Merchant.Tenant);
        }

        private async Task EmptyAsync(CancellationToken ct)
        {
            while (await backlog.WaitsAsync(owner, ct).ConfigureAwait(false))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
            }
        }

        /// <summary>What the inbox says of the orders since the last time.</summary>
        private async Task<Trickle> TimesAsync(CancellationToken ct)
        {
            var trickle = new Trickle(new Latencies(), new Latencies());
            using var command = owner.CreateCommand("SELECT webhook_id, received_at, finished_at FROM inbox WHERE tenant_id = $1 AND webhook_id = ANY ($2)");
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = backlog.Merchant.Tenant.Value });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. stored.Keys] });
            await using var rows = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            while (await rows.ReadAsync(ct).ConfigureAwait(false))
            {
                var (received, finished) = (rows.GetFieldValue<DateTimeOffset>(1), rows.GetFieldValue<DateTimeOffset>(2));
                trickle.FromStored.Add(finished - stored[rows.GetString(0)]);
                trickle.FromReceived.Add(finished - received);
            }

            stored.Clear();
            return trickle;
        }
    }
}
