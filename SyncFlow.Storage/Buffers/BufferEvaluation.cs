using SyncFlow.Core;
using SyncFlow.Core.Buffers;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Buffers;

/// <summary>How fast SKUs sell, from the ledger, and the buffers that a policy gives them for it.</summary>
internal static class BufferEvaluation
{
    /// <summary>Sales are looked at over so many days, or over as many as there were any in the tenant's ledger.</summary>
    public const int Days = 28;

    /// <summary>What sold: units that left what is free because of orders and tills, those that came back by a change of the order taken off. By when it happened.</summary>
    private const string PoolsSql =
        $"""
        WITH sold AS (
          SELECT sku_id, location_id, sum(CASE bucket WHEN 1 THEN -delta ELSE delta END) AS units, min(occurred_at) AS first
          FROM ledger_entries
          WHERE tenant_id = $1 AND reason IN (2, 3, 82) AND bucket <> 8 AND recorded_at >= $2 AND occurred_at >= $2
          GROUP BY sku_id, location_id
        )
        SELECT p.sku_id, p.location_id, greatest(coalesce(s.units, 0), 0)::bigint, (SELECT min(first) FROM sold), {BufferRows.Columns}
        FROM positions p LEFT JOIN sold s USING (sku_id, location_id)
        LEFT JOIN tier_buffers b ON b.tenant_id = $1 AND b.sku_id = p.sku_id AND b.location_id = p.location_id
        WHERE p.tenant_id = $1 ORDER BY p.sku_id, p.location_id
        """;

    private sealed record Pool(SkuId Sku, LocationId Location, long Units, DateTimeOffset? First, TierBuffer? Before);

    /// <summary>All pools of the session's tenant, with the buffers that a policy gives them.</summary>
    /// <param name="policy">Null for none.</param>
    /// <param name="remembering">Whether the tiers of now are the policy's own, so that a SKU near a threshold keeps its tier.</param>
    public static async Task<List<BufferedPool>> OfAllAsync(
        StorageSession session, BufferPolicy? policy, bool remembering, DateTimeOffset now, CancellationToken ct)
    {
        var pools = await session.QueryAsync(
            session.Of(PoolsSql, Sql.P(now.AddDays(-Days))),
            row => new Pool(
                new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), row.GetInt64(2), row.Nullable<DateTimeOffset>(3), BufferRows.Read(row, 4)),
            ct).ConfigureAwait(false);
        var days = pools is [{ First: { } first }, ..] ? (decimal)Math.Clamp((now - first).TotalDays, 1, Days) : Days;
        decimal Pace(long units) => Math.Round(units / days, 2, MidpointRounding.AwayFromZero);
        return [.. pools.GroupBy(p => p.Sku).SelectMany(sku =>
        {
            var before = remembering ? sku.Select(p => p.Before?.Tier).FirstOrDefault(t => t is not null) : null;
            var tier = policy?.TierOf(Pace(sku.Sum(p => p.Units)), before);
            return sku.Select(p => new BufferedPool(p.Sku, p.Location, p.Before, tier?.Of(Pace(p.Units))));
        })];
    }

    /// <summary>
    /// SKUs with pools that came since the last evaluation: those get their SKU's tier, or the slowest, until the next; all
    /// pools of these SKUs.
    /// </summary>
    public static async Task<List<BufferedPool>> OfNewAsync(StorageSession session, BufferPolicy policy, CancellationToken ct)
    {
        var pools = await session.QueryAsync(
            session.Of(
                $"""
                SELECT p.sku_id, p.location_id, {BufferRows.Columns} FROM positions p
                LEFT JOIN tier_buffers b ON b.tenant_id = $1 AND b.sku_id = p.sku_id AND b.location_id = p.location_id
                WHERE p.tenant_id = $1 AND p.sku_id IN (
                  SELECT x.sku_id FROM positions x LEFT JOIN tier_buffers y USING (tenant_id, sku_id, location_id)
                  WHERE x.tenant_id = $1 AND y.sku_id IS NULL)
                ORDER BY p.sku_id, p.location_id
                """),
            row => new Pool(new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), 0, null, BufferRows.Read(row, 2)), ct).ConfigureAwait(false);
        return [.. pools.GroupBy(p => p.Sku).SelectMany(sku =>
        {
            var known = sku.Select(p => p.Before?.Tier).FirstOrDefault(t => t is not null);
            var tier = policy.Tiers.FirstOrDefault(t => t.Name == known) ?? policy.Tiers[0];
            return sku.Select(p => new BufferedPool(p.Sku, p.Location, p.Before, p.Before ?? tier.Of(0)));
        })];
    }
}
