using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Benchmarks.Smoke;

/// <summary>
/// A backlog of order webhooks applied until the inbox is empty, with the wake-ups the worker sends after each batch.
/// Afterwards the books are checked: a rate at which they go wrong is not one.
/// </summary>
internal static class ApplyBenchmark
{
    private const int Backlog = 5_000;
    private const int Skus = 200;
    private const int OnHand = 1_000;
    private const int WarmUp = 500;

    public static async Task RunAsync(BenchServers servers, Results results, TimeProvider time, CancellationToken ct)
    {
        // The same work on a tenant of its own first: compiled code and warm caches, and none of it in the figure.
        await MeasureAsync(servers, "warm-up", WarmUp, time, ct).ConfigureAwait(false);
        var took = await MeasureAsync(servers, "apply", Backlog, time, ct).ConfigureAwait(false);
        results.AddRate("apply.facts_per_s", Backlog, took, "facts/s");
    }

    private static async Task<TimeSpan> MeasureAsync(
        BenchServers servers, string name, int orders, TimeProvider time, CancellationToken ct)
    {
        var merchant = await BenchMerchant.CreateAsync(servers, name, Skus, OnHand, time, ct).ConfigureAwait(false);
        var asked = await StoreBacklogAsync(servers, merchant, orders, time, ct).ConfigureAwait(false);
        using var worker = servers.ForRole(PostgresRole.Worker);
        await using var redis = new RedisConnection(servers.Redis);
        var took = await DrainAsync(worker, new WakeUps(redis), merchant.Tenant, orders, time, ct).ConfigureAwait(false);
        await CheckAsync(servers, worker, merchant, asked, orders, ct).ConfigureAwait(false);
        return took;
    }

    /// <summary>Stores the webhooks and returns what their orders ask for, by SKU.</summary>
    private static async Task<Dictionary<SkuId, long>> StoreBacklogAsync(
        BenchServers servers, BenchMerchant merchant, int orders, TimeProvider time, CancellationToken ct)
    {
        using var ingest = servers.ForRole(PostgresRole.Ingest);
        var inbox = new InboxStore(ingest, time);
        var random = new Random(3);
        var asked = merchant.Skus.ToDictionary(sku => sku, _ => 0L);
        var now = time.GetUtcNow();
        var events = Enumerable.Range(0, orders).Select(i =>
        {
            var lines = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => new OrderedLine(random.Next(Skus), 1 + random.Next(3))).ToList();
            foreach (var line in lines)
            {
                asked[merchant.Skus[line.Item]] += line.Units;
            }

            var id = 6_000_000_000 + i;
            return new InboxEvent(
                merchant.Tenant, merchant.Connections[i % merchant.Connections.Count], "orders/create",
                "apply-" + id.ToString(CultureInfo.InvariantCulture), null, now, now, "2026-10", ContentKinds.ShopifyWebhook,
                OrderBodies.Created(id, now, lines));
        });
        foreach (var batch in events.Chunk(InboxRetries.MostClaimed))
        {
            await inbox.AppendAsync(batch, ct).ConfigureAwait(false);
        }

        return asked;
    }

    private static async Task<TimeSpan> DrainAsync(
        NpgsqlDataSource worker, WakeUps wakeUps, TenantId tenant, int expected, TimeProvider time, CancellationToken ct)
    {
        using var logs = LoggerFactory.Create(_ => { });
        var pipeline = new ApplyPipeline(worker, new InboxStore(worker, time), time, logs.CreateLogger<ApplyPipeline>());
        var (claimed, failed) = (0, 0);
        var started = time.GetTimestamp();
        while (await pipeline.RunAsync(tenant, ct).ConfigureAwait(false) is { Claimed: > 0 } result)
        {
            claimed += result.Claimed;
            failed += result.Failed;
            await wakeUps.PublishAsync(WakeUpKind.Levels, tenant.Value).ConfigureAwait(false);
            await wakeUps.PublishAsync(WakeUpKind.Changes, tenant.Value).ConfigureAwait(false);
        }

        var took = time.GetElapsedTime(started);
        return claimed == expected && failed == 0
            ? took
            : throw new CheckFailedException($"apply: {claimed} of {expected} events were claimed and {failed} failed.");
    }

    private static async Task CheckAsync(
        BenchServers servers, NpgsqlDataSource worker, BenchMerchant merchant, Dictionary<SkuId, long> asked, int orders, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false);
        var counts = await DeadLetterStore.CountsAsync(session, ct).ConfigureAwait(false);
        if (counts != new InboxCounts(orders, 0, orders, 0, 0))
        {
            throw new CheckFailedException($"apply: of {orders} events the inbox says {counts}.");
        }

        var differences = await LedgerAudit.PositionsDifferFromLedgerAsync(session, ct).ConfigureAwait(false);
        if (differences.Count > 0)
        {
            throw new CheckFailedException($"apply: {differences.Count} positions differ from the ledger, the first: {differences[0]}.");
        }

        var found = await CommittedAsync(servers, merchant.Tenant, ct).ConfigureAwait(false);
        foreach (var (sku, units) in asked)
        {
            if (found.GetValueOrDefault(sku) != units)
            {
                throw new CheckFailedException(
                    $"apply: SKU {sku.Value} has {found.GetValueOrDefault(sku)} units committed; its orders asked for {units}.");
            }
        }
    }

    /// <summary>Committed units by SKU, read past everything the pipeline uses: as the database's owner, in plain SQL.</summary>
    private static async Task<Dictionary<SkuId, long>> CommittedAsync(BenchServers servers, TenantId tenant, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        using var command = owner.CreateCommand("SELECT sku_id, sum(committed)::bigint FROM positions WHERE tenant_id = $1 GROUP BY sku_id");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = tenant.Value });
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var found = new Dictionary<SkuId, long>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            found.Add(new SkuId(reader.GetInt64(0)), reader.GetInt64(1));
        }

        return found;
    }
}
