using System.Globalization;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Benchmarks.Apply;

/// <summary>Order webhooks of a merchant that wait in the inbox, and what the books must say once they are applied.</summary>
internal sealed class OrderBacklog
{
    private readonly BenchServers servers;
    private readonly Dictionary<SkuId, long> asked;
    private readonly Random random = new(3);
    private long stored;

    public OrderBacklog(BenchServers servers, BenchMerchant merchant)
    {
        this.servers = servers;
        Merchant = merchant;
        asked = merchant.Skus.ToDictionary(sku => sku, _ => 0L);
    }

    public BenchMerchant Merchant { get; }

    /// <summary>The same for a merchant with a past: what is committed already is not of these orders.</summary>
    public static async Task<OrderBacklog> OfPastAsync(BenchServers servers, BenchMerchant merchant, CancellationToken ct)
    {
        var backlog = new OrderBacklog(servers, merchant);
        foreach (var (sku, units) in await CommittedAsync(servers.ConnectionString, merchant.Tenant, ct).ConfigureAwait(false))
        {
            backlog.asked[sku] = units;
        }

        return backlog;
    }

    /// <summary>Stores <paramref name="orders"/> webhooks of 1 to 3 lines each.</summary>
    /// <param name="pick">The number of the SKU of a line.</param>
    /// <returns>Their ids.</returns>
    public async Task<IReadOnlyList<string>> StoreAsync(int orders, Func<Random, int> pick, TimeProvider time, CancellationToken ct)
    {
        var inbox = new InboxStore(servers.Ingest, time);
        var now = time.GetUtcNow();
        var ids = new List<string>(orders);
        var events = Enumerable.Range(0, orders).Select(_ => Event(6_000_000_000 + stored++, random, pick, now));
        foreach (var batch in events.Chunk(500))
        {
            await inbox.AppendAsync(batch, ct).ConfigureAwait(false);
            ids.AddRange(batch.Select(e => e.WebhookId));
        }

        return ids;
    }

    /// <summary>Whether anything still waits.</summary>
    public async Task<bool> WaitsAsync(NpgsqlDataSource owner, CancellationToken ct)
    {
        using var command = owner.CreateCommand("SELECT EXISTS (SELECT FROM inbox WHERE tenant_id = $1 AND state = 0)");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Merchant.Tenant.Value });
        return (bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    /// <summary>Everything is done, nothing dead; positions are the ledger's replay; every SKU has the units its orders ask for, every level their rest.</summary>
    /// <exception cref="CheckFailedException">It is not so.</exception>
    public async Task CheckAsync(CancellationToken ct)
    {
        using var worker = servers.ForRole(PostgresRole.Worker);
        await using var session = await StorageSession.OpenAsync(worker, Merchant.Tenant, ct).ConfigureAwait(false);
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        using var applied = owner.CreateCommand("SELECT count(*) FROM inbox WHERE tenant_id = $1 AND state = 1");
        applied.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Merchant.Tenant.Value });
        if (await applied.ExecuteScalarAsync(ct).ConfigureAwait(false) is not long done || done != stored)
        {
            throw new CheckFailedException($"not all of {stored} events are applied.");
        }

        var differences = await LedgerAudit.PositionsDifferFromLedgerAsync(session, ct).ConfigureAwait(false);
        if (differences.Count > 0)
        {
            throw new CheckFailedException($"{differences.Count} positions differ from the ledger, the first: {differences[0]}.");
        }

        await CheckCommittedAsync(servers.ConnectionString, Merchant.Tenant, asked, ct).ConfigureAwait(false);
        await Invariants.TargetsAreWhatOrdersLeftAsync(servers.ConnectionString, Merchant.Tenant, ct).ConfigureAwait(false);
    }

    /// <summary>Each SKU has as many units committed as its orders asked for, no more and no fewer.</summary>
    /// <exception cref="CheckFailedException">One has not.</exception>
    public static async Task CheckCommittedAsync(
        string database, TenantId tenant, IReadOnlyDictionary<SkuId, long> asked, CancellationToken ct)
    {
        var found = await CommittedAsync(database, tenant, ct).ConfigureAwait(false);
        foreach (var (sku, units) in asked)
        {
            if (found.GetValueOrDefault(sku) != units)
            {
                throw new CheckFailedException(
                    $"SKU {sku.Value} has {found.GetValueOrDefault(sku)} units committed; its orders asked for {units}.");
            }
        }
    }

    private InboxEvent Event(long id, Random random, Func<Random, int> pick, DateTimeOffset now)
    {
        var lines = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => new OrderedLine(pick(random), 1 + random.Next(3))).ToList();
        foreach (var line in lines)
        {
            asked[Merchant.Skus[line.Item]] += line.Units;
        }

        return new InboxEvent(
            Merchant.Tenant, Merchant.Connections[(int)(id % Merchant.Connections.Count)], "orders/create",
            "apply-" + id.ToString(CultureInfo.InvariantCulture), null, now, now, "2026-10", ContentKinds.ShopifyWebhook,
            OrderBodies.Created(id, now, lines));
    }

    /// <summary>Committed units by SKU, read past everything the pipeline uses: as the database's owner, in plain SQL.</summary>
    private static async Task<Dictionary<SkuId, long>> CommittedAsync(string database, TenantId tenant, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(database);
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
