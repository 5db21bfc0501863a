using System.Data.Common;
using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Availability;

/// <summary>A SKU as it is listed, with its stamp.</summary>
/// <param name="InForce">Null before the SKU's first fact.</param>
/// <param name="Stamp">Null where it has no state yet.</param>
public sealed record StampedSku(
    long SkuId, string Code, string Title, SharingMode Mode, EffectiveMode? InForce, int SafetyBuffer, int RiskBudget, SkuStamp? Stamp);

/// <summary>SKUs, and where the database stood before they were read.</summary>
public sealed record StampedSkus(DatabaseMark Mark, List<StampedSku> Skus);

/// <summary>Figures of a SKU, and what they were computed of.</summary>
/// <param name="Members">The SKU and all that kits tie to it, as they were before it was computed; null where one changed its ties meanwhile.</param>
/// <param name="Until">When they end by themselves (a preorder does); null for never.</param>
public sealed record ComputedAvailability(SkuAvailability Figures, IReadOnlyList<SkuStamp>? Members, DateTimeOffset? Until);

/// <summary>Figures of some SKUs.</summary>
/// <param name="Mark">Where the database stood before anything of them was read.</param>
/// <param name="Locations">Codes of the tenant's locations.</param>
public sealed record ComputedAvailabilities(
    DatabaseMark Mark, IReadOnlyDictionary<long, string> Locations, IReadOnlyList<ComputedAvailability> Skus);

/// <summary>
/// Available-to-sell for whoever asks over the API, with what tells whether figures that were computed before still hold.
/// Nothing that decides about stock reads here.
/// </summary>
/// <param name="source">Acts as the api role.</param>
public sealed class AvailabilityStore(NpgsqlDataSource source)
{
    /// <summary>SKUs by their codes, in any case; those that are not there are left out.</summary>
    public Task<StampedSkus> FindAsync(long tenant, IEnumerable<string> codes, CancellationToken ct) => ReadAsync(
        tenant, $"{Columns} WHERE s.tenant_id = $1 AND s.code_key = ANY ($2) ORDER BY s.code_key",
        [Sql.P(codes.Select(SkuDesk.KeyOf).Distinct().ToArray())], ct);

    /// <summary>SKUs by code.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="search">Part of a code or title.</param>
    /// <param name="after">Only later codes (as compared).</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<StampedSkus> ListAsync(long tenant, string? search, string? after, int count, CancellationToken ct) => ReadAsync(
        tenant,
        $"""
        {Columns} WHERE s.tenant_id = $1 AND ($2::text IS NULL OR s.code ILIKE $2 OR s.title ILIKE $2)
          AND ($3::text IS NULL OR s.code_key > $3) ORDER BY s.code_key LIMIT $4
        """,
        [Sql.P(TenantSql.Contains(search)), Sql.P(after), Sql.P(count)], ct);

    /// <summary>The stamps of SKUs now.</summary>
    public async Task<List<SkuStamp>> StampsAsync(long tenant, long[] skus, CancellationToken ct) => await source.ListAsync(
        tenant, StampSql + "k.sku_id = ANY ($2)", ReadStamp, [skus], ct).ConfigureAwait(false);

    /// <summary>Computes the figures of SKUs as the rules have them, without a lock.</summary>
    public async Task<ComputedAvailabilities> ComputeAsync(TenantId tenant, IReadOnlyCollection<SkuId> skus, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(skus);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);

        // First where the database stands, then what it says: what changes in between makes the stamp an old one.
        await using var batch = session.Batch(
            session.Of(MarkSql, Sql.P(DatabaseMark.MostChanges)), session.Of($"{StampSql} k.sku_id IN ({ClusterSql.Members})", Sql.P(skus.Select(s => s.Value).ToArray())),
            session.Of("SELECT location_id, code FROM locations WHERE tenant_id = $1"));
        DatabaseMark mark;
        Dictionary<long, SkuStamp> stamps;
        Dictionary<long, string> locations;
        await using (var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false))
        {
            mark = (await StorageSession.ReadAsync(reader, ReadMark, ct).ConfigureAwait(false))[0];
            await reader.NextResultAsync(ct).ConfigureAwait(false);
            stamps = (await StorageSession.ReadAsync(reader, ReadStamp, ct).ConfigureAwait(false)).ToDictionary(s => s.SkuId);
            await reader.NextResultAsync(ct).ConfigureAwait(false);
            locations = (await StorageSession.ReadAsync(reader, row => (Id: row.GetInt64(0), Code: row.GetString(1)), ct).ConfigureAwait(false))
                .ToDictionary(l => l.Id, l => l.Code);
        }

        var set = await StockStore.ReadSkusAsync(session, skus, ct).ConfigureAwait(false);
        return new ComputedAvailabilities(
            mark, locations, [.. skus.Where(s => set.FindSku(s) is not null).Select(s => Computed(set, s, stamps, mark.At))]);
    }

    private static ComputedAvailability Computed(WorkingSet set, SkuId sku, Dictionary<long, SkuStamp> stamps, DateTimeOffset at)
    {
        var cluster = Cluster.Of(set, sku).Skus;
        var known = cluster.All(s => stamps.ContainsKey(s.Sku.Value));
        return new ComputedAvailability(
            SkuAvailability.Of(set, sku), known ? [.. cluster.Select(s => stamps[s.Sku.Value])] : null,
            cluster.Select(s => s.Policy.Preorder?.Until).Where(until => until > at).Min());
    }

    private async Task<StampedSkus> ReadAsync(long tenant, string sql, NpgsqlParameter[] values, CancellationToken ct)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(TenantSetting.Of(tenant));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(MarkSql) { Parameters = { Sql.P(tenant), Sql.P(DatabaseMark.MostChanges) } });
#pragma warning disable CA2100 // Both statements are constants of this class.
        var statement = new NpgsqlBatchCommand(sql) { Parameters = { Sql.P(tenant) } };
#pragma warning restore CA2100
        statement.Parameters.AddRange(values);
        batch.BatchCommands.Add(statement);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var mark = (await StorageSession.ReadAsync(reader, ReadMark, ct).ConfigureAwait(false))[0];
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return new StampedSkus(mark, await StorageSession.ReadAsync(reader, ReadSku, ct).ConfigureAwait(false));
    }

    private static StampedSku ReadSku(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (SharingMode)row.GetInt16(3), (EffectiveMode?)row.Nullable<short>(4),
        row.GetInt32(5), row.GetInt32(6), row.IsDBNull(7) ? null : new SkuStamp(row.GetInt64(0), row.GetInt64(7), row.Moment(8)));

    private static SkuStamp ReadStamp(DbDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.Time(2));

    private static DatabaseMark ReadMark(NpgsqlDataReader row) => new(
        row.GetString(0), SnapshotMark.Parse(row.GetString(1)), row.Moment(2),
        [.. row.GetFieldValue<string[]>(3).Zip(row.GetFieldValue<long[]>(4), (transaction, sku) =>
            new SettingChange(ulong.Parse(transaction, CultureInfo.InvariantCulture), sku))]);

    // Each SKU's state by its key: joined, a whole tenant's would be read for a page.
    private const string Columns =
        """
        SELECT s.sku_id, s.code, s.title, s.mode, k.mode, s.safety_buffer, s.risk_budget, k.version, k.updated_at
        FROM skus s LEFT JOIN LATERAL (
          SELECT c.mode, c.version, c.updated_at FROM sku_state c WHERE c.tenant_id = $1 AND c.sku_id = s.sku_id LIMIT 1) k ON true
        """;

    private const string StampSql = "SELECT k.sku_id, k.version, k.updated_at FROM sku_state k WHERE k.tenant_id = $1 AND ";

    // One snapshot for all of it, taken before the statement that follows takes its own.
    private const string MarkSql =
        """
        SELECT extract(epoch FROM pg_postmaster_start_time())::text || '-' || (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
            || '-' || 'sku_state'::regclass::oid,
          pg_current_snapshot()::text, now(), coalesce(array_agg(c.xid::text ORDER BY c.xid DESC), '{}'),
          coalesce(array_agg(c.sku_id ORDER BY c.xid DESC), '{}')
        FROM (SELECT xid, sku_id FROM stock_setting_changes WHERE tenant_id = $1 ORDER BY xid DESC LIMIT $2) c
        """;
}
