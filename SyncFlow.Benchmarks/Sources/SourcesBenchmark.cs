using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>
/// An ERP's history taken in from a file and booked, checked against totals that were added up beside it; a source
/// that is asked for its movements; and events pushed one by one at a steady rate.
/// </summary>
internal static class SourcesBenchmark
{
    public const string EventsOption = "--events";

    public const long DefaultEvents = 100_000;

    private const int Skus = 500;
    private const int OnHand = 1_000;
    private const int PushesPerSecond = 200;
    private const int PushSeconds = 10;
    private const string Place = "1000";

    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(5);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        using var api = servers.ForRole(PostgresRole.Api);
        using var worker = servers.ForRole(PostgresRole.Worker);
        var merchant = await BenchMerchant.CreateAsync(servers, "sources", Skus, OnHand, time, ct).ConfigureAwait(false);
        var erp = await SourceAsync(api, merchant, time, ct).ConfigureAwait(false);
        var events = (int)options[EventsOption];
        var before = await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false);
        var (took, truth) = await BackfillAsync(api, worker, merchant, erp, events, time, ct).ConfigureAwait(false);
        var (own, database) = (await CpuTime.ReadAsync(servers, ct).ConfigureAwait(false)).Since(before);
        results.Add("sources.backfill_own_cpu_us_per_event", own.TotalMicroseconds / events, "us");
        results.Add("sources.backfill_database_cpu_us_per_event", database.TotalMicroseconds / events, "us");
        results.AddRate("sources.backfill_events_per_s", events, took, "events/s");
        await CheckAsync(servers, worker, merchant, truth, ct).ConfigureAwait(false);
        await PullBenchmark.RunAsync(
            results, servers, api, worker, merchant, truth, last => BookAsync(worker, merchant.Tenant, last, time, ct), time, ct).ConfigureAwait(false);
        await CheckAsync(servers, worker, merchant, truth, ct).ConfigureAwait(false);
        results.Add("sources.push_p95_ms", await PushAsync(servers, api, worker, merchant, erp, time, ct).ConfigureAwait(false), "ms");
        await new PushBesideBenchmark(servers, api, worker, merchant, erp, time).RunAsync(
            results, History("b", events, new long[Skus], time), n => Movement($"q{n}", n % Skus, 1, time.GetUtcNow(), 200_000_000 + n), ct).ConfigureAwait(false);
        results.Add("sources.cdc_p95_ms", await CaptureBenchmark.RunAsync(servers, api, merchant, time, ct).ConfigureAwait(false), "ms");
    }

    private static async Task<ConnectionId> SourceAsync(NpgsqlDataSource api, BenchMerchant merchant, TimeProvider time, CancellationToken ct)
    {
        var draft = new SourceDraft("erp", "ERP", SourceStrategy.Push, SourceOrdering.Sequence, 900, [Bucket.OnHand], OwnsOnHand: false, null, Gapless: false);
        var id = (await new SourceDesk(api, time).CreateAsync(merchant.Tenant.Value, draft, ct).ConfigureAwait(false))!.Value;
        await new SourceMapDesk(api, time).MapPlacesAsync(merchant.Tenant.Value, [new PlaceWish(id, Place, merchant.Location.Value)], ct).ConfigureAwait(false);
        return new ConnectionId(id);
    }

    private static async Task<(TimeSpan Took, long[] Truth)> BackfillAsync(
        NpgsqlDataSource api, NpgsqlDataSource worker, BenchMerchant merchant, ConnectionId erp, int events, TimeProvider time, CancellationToken ct)
    {
        var truth = Enumerable.Repeat((long)OnHand, Skus).ToArray();
        var rows = History("h", events, truth, time);
        var desk = new SourceFileDesk(api, time);
        var started = time.GetTimestamp();
        var file = await desk.BeginAsync(merchant.Tenant.Value, erp.Value, SourceFileKind.History, "bench", ct).ConfigureAwait(false);
        foreach (var chunk in rows.Chunk(SourceBatch.MostEvents))
        {
            await desk.AddAsync(merchant.Tenant.Value, file, chunk, ct).ConfigureAwait(false);
        }

        await desk.CompleteAsync(merchant.Tenant.Value, erp.Value, file, new byte[32], 0, [], null, ct).ConfigureAwait(false);
        var received = new TaskCompletionSource();
        var booking = BookAsync(worker, merchant.Tenant, received.Task, time, ct);
        await new SourceFileApplier(worker, time).RunAsync(merchant.Tenant, null, ct).ConfigureAwait(false);
        received.SetResult();
        await booking.ConfigureAwait(false);
        return (time.GetElapsedTime(started), truth);
    }

    /// <summary>Thirty days of movements.</summary>
    /// <param name="truth">Units by SKU, to which they are added as they are made.</param>
    private static IEnumerable<FileRow> History(string prefix, int events, long[] truth, TimeProvider time)
    {
        var random = new Random(11);
        var begin = time.GetUtcNow().AddDays(-30);
        var step = TimeSpan.FromDays(30) / events;
        return Enumerable.Range(1, events).Select(n =>
        {
            var (sku, units) = (random.Next(Skus), random.Next(3) == 0 ? random.Next(1, 20) : -random.Next(1, 5));
            truth[sku] += units;
            return new FileRow(n + 1, Movement($"{prefix}{n}", sku, units, begin + (step * n), n));
        });
    }

    /// <summary>Applies until nothing more comes.</summary>
    private static async Task BookAsync(NpgsqlDataSource worker, TenantId tenant, Task last, TimeProvider time, CancellationToken ct)
    {
        using var logs = LoggerFactory.Create(_ => { });
        var pipeline = new ApplyPipeline(worker, new InboxStore(worker, time), time, logs.CreateLogger<ApplyPipeline>());
        while (true)
        {
            var over = last.IsCompleted; // Before the look: what was stored by then is seen.
            var result = await pipeline.RunAsync(tenant, ct).ConfigureAwait(false);
            if (result.Failed > 0)
            {
                throw new CheckFailedException($"sources: {result.Failed} events could not be applied.");
            }

            if (result.Claimed == 0)
            {
                if (over)
                {
                    return;
                }

                await Task.Delay(Idle, time, ct).ConfigureAwait(false);
            }
        }
    }

    private static async Task CheckAsync(BenchServers servers, NpgsqlDataSource worker, BenchMerchant merchant, long[] truth, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false);
        var differences = await LedgerAudit.PositionsDifferFromLedgerAsync(session, ct).ConfigureAwait(false);
        if (differences.Count > 0)
        {
            throw new CheckFailedException($"sources: {differences.Count} positions differ from the ledger, the first: {differences[0]}.");
        }

        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        using var command = owner.CreateCommand("SELECT sku_id, sum(on_hand)::bigint FROM positions WHERE tenant_id = $1 GROUP BY sku_id");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = merchant.Tenant.Value });
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var found = new Dictionary<long, long>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            found[reader.GetInt64(0)] = reader.GetInt64(1);
        }

        for (var i = 0; i < truth.Length; i++)
        {
            if (found.GetValueOrDefault(merchant.Skus[i].Value) != truth[i])
            {
                throw new CheckFailedException(
                    $"sources: SKU {merchant.Skus[i].Value} has {found.GetValueOrDefault(merchant.Skus[i].Value)} on hand; its history adds up to {truth[i]}.");
            }
        }
    }

    /// <summary>From the call that brings an event to its booking with new targets; the 95th percentile in milliseconds.</summary>
    private static async Task<double> PushAsync(
        BenchServers servers, NpgsqlDataSource api, NpgsqlDataSource worker, BenchMerchant merchant, ConnectionId erp, TimeProvider time, CancellationToken ct)
    {
        var intake = new SourceIntake(api, time);
        var received = new TaskCompletionSource();
        var booking = BookAsync(worker, merchant.Tenant, received.Task, time, ct);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / PushesPerSecond, time);
        for (var n = 1; n <= PushesPerSecond * PushSeconds; n++)
        {
            await timer.WaitForNextTickAsync(ct).ConfigureAwait(false);
            var one = Movement($"p{n}", n % Skus, 1, time.GetUtcNow(), 100_000_000 + n);
            await intake.TakeInAsync(merchant.Tenant, erp, new SourceBatch(null, [one]), ct).ConfigureAwait(false);
        }

        received.SetResult();
        await booking.ConfigureAwait(false);
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        using var command = owner.CreateCommand(
            """
            SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - received_at) * 1000)::float8
            FROM inbox WHERE tenant_id = $1 AND webhook_id LIKE 'p%' AND content = 'source.event' AND state = 1
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = merchant.Tenant.Value });
        return (double)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    private static SourceEvent Movement(string id, int sku, int units, DateTimeOffset at, long sequence) =>
        new(id, SourceEventType.Movement, string.Create(CultureInfo.InvariantCulture, $"sku-{sku:0000}"), Place, at, sequence) { Units = units };
}
