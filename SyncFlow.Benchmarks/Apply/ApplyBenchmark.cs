using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Inbox;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Benchmarks.Apply;

/// <summary>
/// A backlog of order webhooks applied by the worker's own service until the inbox is empty: orders spread over many
/// SKUs, then all on one SKU, then the rows of the first written bare, round by round, so that what else the machine does
/// meets all three. Afterwards the books are checked: a rate at which they go wrong is not one.
/// </summary>
internal static class ApplyBenchmark
{
    /// <summary>The option that says how many orders a backlog has.</summary>
    public const string OrdersOption = "--orders";

    public const long DefaultOrders = 20_000;

    private const int Skus = 2_000;
    private const int OnHand = 1_000_000;
    /// <summary>Until the compiler has done with what is hot: a worker runs for days, this for seconds.</summary>
    private const int WarmUp = 12_000;

    private const int Rounds = 3;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await RunAsync(servers, (int)options[OrdersOption], Rounds, results, options, time, ct).ConfigureAwait(false);
    }

    /// <summary>The same on servers that run already.</summary>
    public static async Task RunAsync(
        BenchServers servers, int orders, int rounds, Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var redis = new RedisConnection(servers.Redis);
        using var drain = new BacklogDrain(servers, new WakeUps(redis), time);
        var bare = new BareLedger(servers.ConnectionString, time);
        await bare.PrepareAsync(ct).ConfigureAwait(false);

        // The same work on a tenant of its own first: compiled code and warm caches, and none of it in the figures.
        await drain.MeasureAsync("warm-up", WarmUp, Skus, random => random.Next(Skus), ct).ConfigureAwait(false);
        var (spread, hot, rows, ledger) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var (own, database, raw) = (new List<double>(), new List<double>(), new List<double>());
        var (allocated, collecting) = (new List<double>(), new List<double>());
        await TraceAsync().ConfigureAwait(false);
        for (var round = 0; round < rounds; round++)
        {
            var name = round.ToString(CultureInfo.InvariantCulture);
            var (backlog, rate, spent) = await drain.MeasureAsync("spread-" + name, orders, Skus, random => random.Next(Skus), ct).ConfigureAwait(false);
            spread.Add(rate);
            own.Add(spent.Own.TotalMicroseconds / orders);
            database.Add(spent.Database.TotalMicroseconds / orders);
            allocated.Add(spent.Allocated / 1024.0 / orders);
            collecting.Add(spent.Collecting.TotalMicroseconds / orders);
            hot.Add((await drain.MeasureAsync("hot-" + name, orders, 1, _ => 0, ct).ConfigureAwait(false)).PerSecond);
            var written = await bare.ReadAsync(backlog.Merchant.Tenant, ct).ConfigureAwait(false);
            await bare.ResetAsync(written, ct).ConfigureAwait(false);
            var before = await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false);
            rows.Add(await bare.WriteAsync(written, whole: true, ct).ConfigureAwait(false));
            var (client, server) = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(before);
            raw.Add((client + server).TotalMicroseconds / orders);
            await bare.ResetAsync(written, ct).ConfigureAwait(false);
            ledger.Add(await bare.WriteAsync(written, whole: false, ct).ConfigureAwait(false));
        }

        results.Add("apply.facts_per_s", Math.Round(Median(spread)), "facts/s");
        results.Add("apply.hot_facts_per_s", Math.Round(Median(hot)), "facts/s");
        results.Add("apply.hot_to_spread", Median(hot.Zip(spread, (h, s) => h / s)), "ratio");
        results.Add("apply.raw_facts_per_s", Math.Round(Median(rows)), "facts/s");
        results.Add("apply.share_of_raw", Median(spread.Zip(rows, (s, r) => s / r)), "ratio");
        results.Add("apply.cpu_us_per_fact.worker", Math.Round(Median(own)), "us");
        results.Add("apply.cpu_us_per_fact.database", Math.Round(Median(database)), "us");
        results.Add("apply.cpu_us_per_fact.raw", Math.Round(Median(raw)), "us");
        results.Add("apply.allocated_kb_per_fact", Median(allocated), "KB");
        results.Add("apply.collecting_us_per_fact", Median(collecting), "us");
        results.Add("apply.share_of_raw_ledger", Median(spread.Zip(ledger, (s, r) => s / r)), "ratio");

        // A backlog of its own, for looking costs, and nothing else is in what is seen.
        async Task TraceAsync()
        {
            if (options[StatementTrace.Option] + options[WaitTrace.Option] > 0)
            {
                await StatementTrace.BeginAsync(servers, options, ct).ConfigureAwait(false);
                await using var waits = WaitTrace.Begin(servers, options, time);
                await drain.MeasureAsync("traced", orders, Skus, random => random.Next(Skus), ct).ConfigureAwait(false);
                await StatementTrace.PrintAsync(servers, options, ct).ConfigureAwait(false);
                await waits.PrintAsync().ConfigureAwait(false);
            }
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>What a backlog cost: processor time of ours and of the database's, bytes that we asked for, time in which the collector stopped us.</summary>
    private sealed record Spent(TimeSpan Own, TimeSpan Database, long Allocated, TimeSpan Collecting);

    /// <summary>Applies backlogs with the service that the worker runs.</summary>
    private sealed class BacklogDrain(BenchServers servers, WakeUps wakeUps, TimeProvider time) : IDisposable
    {
        private readonly NpgsqlDataSource worker = servers.ForRole(PostgresRole.Worker);
        private readonly ILoggerFactory logs = LoggerFactory.Create(_ => { });

        public async Task<(OrderBacklog Backlog, double PerSecond, Spent Spent)> MeasureAsync(
            string name, int orders, int skus, Func<Random, int> pick, CancellationToken ct)
        {
            var backlog = new OrderBacklog(servers, await BenchMerchant.CreateAsync(servers, name, skus, OnHand, time, ct).ConfigureAwait(false));
            await backlog.StoreAsync(orders, pick, time, ct).ConfigureAwait(false);
            var inbox = new InboxStore(worker, time);
            var pipeline = new ApplyPipeline(worker, inbox, time, logs.CreateLogger<ApplyPipeline>());
            using var service = new ApplyService(pipeline, inbox, wakeUps, new LevelSignals(), new TenantWeights(worker), time, logs.CreateLogger<ApplyService>());
            var before = await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false);
            using var settled = new SettledEvents(orders);
            var (allocated, collecting) = (GC.GetTotalAllocatedBytes(), GC.GetTotalPauseDuration());
            var started = time.GetTimestamp();
            await service.StartAsync(ct).ConfigureAwait(false);
            await settled.All.WaitAsync(ct).ConfigureAwait(false);
            var took = time.GetElapsedTime(started);
            var (own, database) = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(before);
            var spent = new Spent(own, database, GC.GetTotalAllocatedBytes() - allocated, GC.GetTotalPauseDuration() - collecting);
            await service.StopAsync(ct).ConfigureAwait(false);
            await backlog.CheckAsync(ct).ConfigureAwait(false);
            return (backlog, orders / took.TotalSeconds, spent);
        }

        public void Dispose()
        {
            worker.Dispose();
            logs.Dispose();
        }
    }
}
