using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Buffers;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Buffers;

/// <summary>A pool with the buffer that its tier gave it, and the one it is to have.</summary>
/// <param name="Before">Null where it had none.</param>
/// <param name="After">Null where there is no policy.</param>
internal sealed record BufferedPool(SkuId Sku, LocationId Location, TierBuffer? Before, TierBuffer? After);

/// <summary>Rows of <c>tier_buffers</c>, and the policy behind them.</summary>
internal static class BufferRows
{
    /// <summary>Columns of a row that <see cref="Read"/> reads; of an alias <c>b</c>.</summary>
    public const string Columns = "b.tier, b.per_day, b.units, b.percent, b.days";

    /// <summary>A buffer; null where the row is missing.</summary>
    public static TierBuffer? Read(NpgsqlDataReader row, int first) => row.IsDBNull(first)
        ? null
        : new TierBuffer(row.GetString(first), row.GetDecimal(first + 1))
        {
            Units = row.Nullable<int>(first + 2),
            Percent = row.Nullable<decimal>(first + 3),
            Days = row.Nullable<decimal>(first + 4),
        };

    /// <summary>Lets one transaction at a time decide on a tenant's buffers.</summary>
    public static Task<int> LockAsync(StorageSession session, CancellationToken ct) => session.ExecuteAsync(
        session.Of("SELECT pg_advisory_xact_lock(hashtextextended('buffers:' || $1, 0))"), ct);

    /// <summary>The policy in force; null where there is none.</summary>
    public static async Task<BufferPolicy?> PolicyAsync(StorageSession session, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of("SELECT version, tiers::text FROM buffer_policies WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1"),
            row => row.Text(1) is { } tiers ? new BufferPolicy(row.GetInt32(0), BufferJson.ReadTiers(tiers)) : null, ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>
    /// Writes the buffers that changed, notes them in the history of settings, and asks the worker to plan their SKUs again
    /// (run kind <c>replan</c>); returns how many pools changed.
    /// </summary>
    /// <param name="pools">All pools of every SKU that is among them.</param>
    public static async Task<int> WriteAsync(StorageSession session, IReadOnlyList<BufferedPool> pools, DateTimeOffset now, CancellationToken ct)
    {
        var changed = pools.Where(p => p.After is null ? p.Before is not null : !p.After.IsSameAs(p.Before)).ToList();
        if (changed.Count == 0)
        {
            return 0;
        }

        var (set, skus) = (changed.FindAll(p => p.After is not null), changed.Select(p => p.Sku).Distinct().ToHashSet());
        var kept = pools.Where(p => skus.Contains(p.Sku)).GroupBy(p => p.Sku)
            .Select(g => (Sku: g.Key.Value, Json: BufferJson.Write(g.Where(p => p.After is not null).Select(p => (p.Location, InForce(p)))))).ToList();
        await using var batch = session.Batch(
            session.Of(
                "DELETE FROM tier_buffers b USING unnest($2::bigint[], $3::bigint[]) AS d (sku, location) WHERE b.tenant_id = $1 AND b.sku_id = d.sku AND b.location_id = d.location",
                Sql.Column(changed, p => p.Sku.Value), Sql.Column(changed, p => p.Location.Value)),
            session.Of(
                """
                INSERT INTO tier_buffers (tenant_id, sku_id, location_id, tier, per_day, units, percent, days)
                SELECT $1, d.* FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::numeric[], $6::int[], $7::numeric[], $8::numeric[]) AS d
                """,
                Sql.Column(set, p => p.Sku.Value), Sql.Column(set, p => p.Location.Value), Sql.Column(set, p => p.After!.Tier),
                Sql.Column(set, p => p.After!.PerDay), Sql.Column(set, p => p.After!.Units), Sql.Column(set, p => p.After!.Percent), Sql.Column(set, p => p.After!.Days)),
            session.Of(
                """
                INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
                SELECT $1, 'buffer', d.sku, now(), d.json::jsonb FROM unnest($2::bigint[], $3::text[]) AS d (sku, json)
                """,
                Sql.Column(kept, k => k.Sku), Sql.Column(kept, k => k.Json)),
            Replan(session, [.. skus.Select(s => s.Value)], now));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        return changed.Count;
    }

    /// <summary>What stands in the table afterwards: a row that says the same is not written for its pace.</summary>
    private static TierBuffer InForce(BufferedPool pool) => pool.After!.IsSameAs(pool.Before) ? pool.Before! : pool.After;

    /// <summary>A run for each SKU where they are few, else one for all.</summary>
    private static NpgsqlBatchCommand Replan(StorageSession session, long[] skus, DateTimeOffset now) => session.Of(
        """
        INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
        SELECT $1, 'replan', CASE WHEN s IS NULL THEN '{}' ELSE jsonb_build_object('skuId', s) END, $3 FROM unnest($2::bigint[]) AS s
        """,
        Sql.P(skus.Length > MostRuns ? [null] : skus.Select(s => (long?)s).ToArray()), Sql.P(now));

    private const int MostRuns = 20;
}
