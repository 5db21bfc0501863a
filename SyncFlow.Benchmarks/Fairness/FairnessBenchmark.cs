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
/// A quiet merchant's orders, ten a second, from stored to applied: alone, and while another merchant's backlog of
/// 20,000 is being applied.
/// </summary>
internal static class FairnessBenchmark
{
    public const string EventsOption = "--events";
    public const long DefaultEvents = 20_000;

    private const int Skus = 200;
    private const int QuietOrders = 100;
    private const double QuietPerSecond = 10;
    private const int WarmUp = 3_000;

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
        var quiet = new OrderBacklog(servers, await BenchMerchant.CreateAsync(servers, "quiet", Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false));
        var noisy = new OrderBacklog(servers, await BenchMerchant.CreateAsync(servers, "noisy", Skus, onHand: 1_000_000, time, ct).ConfigureAwait(false));
        await StoreAsync(noisy, WarmUp).ConfigureAwait(false);
        await EmptyAsync(noisy).ConfigureAwait(false);
        await TrickleAsync().ConfigureAwait(false);

        var alone = await TrickleAsync().ConfigureAwait(false);
        var began = time.GetTimestamp();
        var storm = StoreAsync(noisy, (int)options[EventsOption]);
        var beside = await TrickleAsync().ConfigureAwait(false);
        await storm.ConfigureAwait(false);
        await EmptyAsync(noisy).ConfigureAwait(false);
        var lasted = time.GetElapsedTime(began);

        await service.StopAsync(ct).ConfigureAwait(false);
        await quiet.CheckAsync(ct).ConfigureAwait(false);
        await noisy.CheckAsync(ct).ConfigureAwait(false);
        results.Add("fairness.quiet_alone_p95_ms", alone, "ms");
        results.Add("fairness.quiet_beside_p95_ms", beside, "ms");
        results.Add("fairness.ratio", beside / alone, "ratio");
        results.Add("fairness.storm_s", lasted.TotalSeconds, "s");

        async Task StoreAsync(OrderBacklog backlog, int orders)
        {
            await backlog.StoreAsync(orders, random => random.Next(Skus), time, ct).ConfigureAwait(false);
            service.Wake(backlog.Merchant.Tenant);
        }

        async Task EmptyAsync(OrderBacklog backlog)
        {
            while (await backlog.WaitsAsync(owner, ct).ConfigureAwait(false))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
            }
        }

        // The 95th percentile of these orders, by the inbox's own times.
        async Task<double> TrickleAsync()
        {
            var last = await servers.ScalarAsync<long>("SELECT coalesce(max(event_id), 0) FROM inbox", ct).ConfigureAwait(false);
            for (var i = 0; i < QuietOrders; i++)
            {
                await StoreAsync(quiet, 1).ConfigureAwait(false);
                await Task.Delay(TimeSpan.FromSeconds(1 / QuietPerSecond), time, ct).ConfigureAwait(false);
            }

            await EmptyAsync(quiet).ConfigureAwait(false);
            using var command = owner.CreateCommand(
                """
                SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - received_at) * 1000)::float8
                FROM inbox WHERE tenant_id = $1 AND event_id > $2
                """);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = quiet.Merchant.Tenant.Value });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last });
            return (double)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        }
    }
}
