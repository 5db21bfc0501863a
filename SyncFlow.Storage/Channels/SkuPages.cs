using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>Which SKUs are to be planned again; what is null does not narrow.</summary>
/// <param name="Location">Those with a pool or a level there.</param>
/// <param name="MovingAt">Only those whose targets change as time passes, at this moment: not shared, or selling, or at a launch, or with a preorder that has ended.</param>
/// <param name="Group">Those in this group.</param>
public sealed record SkuFilter(
    ConnectionId? Connection = null, SkuId? Sku = null, LocationId? Location = null, DateTimeOffset? MovingAt = null, long? Group = null);

/// <summary>SKUs with levels, in pages by number.</summary>
public static class SkuPages
{
    /// <summary>The next SKUs after a number.</summary>
    public static Task<List<SkuId>> NextAsync(
        StorageSession session, SkuFilter filter, SkuId after, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(filter);
        return session.QueryAsync(
            session.Of(
                """
                SELECT s.sku_id FROM skus s
                WHERE s.tenant_id = $1 AND s.sku_id > $2
                  AND EXISTS (SELECT FROM listing_levels l WHERE l.tenant_id = $1 AND l.sku_id = s.sku_id
                    AND ($3::bigint IS NULL OR l.connection_id = $3))
                  AND ($4::bigint IS NULL OR s.sku_id = $4)
                  AND ($5::bigint IS NULL OR EXISTS (
                    SELECT FROM positions p WHERE p.tenant_id = $1 AND p.sku_id = s.sku_id AND p.location_id = $5)
                    OR EXISTS (SELECT FROM listing_levels v WHERE v.tenant_id = $1 AND v.sku_id = s.sku_id AND v.location_id = $5))
                  AND ($6::timestamptz IS NULL OR EXISTS (
                    SELECT FROM sku_state t WHERE t.tenant_id = $1 AND t.sku_id = s.sku_id
                      AND (t.mode <> 1 OR t.velocity_fast > 0 OR t.velocity_slow > 0))
                    OR EXISTS (SELECT FROM preorders o WHERE o.tenant_id = $1 AND o.sku_id = s.sku_id
                      AND o.until BETWEEN $6 - interval '1 day' AND $6)
                    OR EXISTS (
                      SELECT FROM launches a WHERE a.tenant_id = $1 AND a.cancelled_at IS NULL AND a.until_at > $6
                        AND a.from_at <= $6 AND (a.scope, a.scope_id) IN ((3::smallint, s.sku_id), (2::smallint, s.group_id))))
                  AND ($8::bigint IS NULL OR s.group_id = $8)
                ORDER BY s.sku_id LIMIT $7
                """,
                Sql.P(after.Value), Sql.P(filter.Connection?.Value), Sql.P(filter.Sku?.Value), Sql.P(filter.Location?.Value),
                Sql.P(filter.MovingAt), Sql.P(limit), Sql.P(filter.Group)),
            row => new SkuId(row.GetInt64(0)),
            ct);
    }

    /// <summary>The codes of SKUs.</summary>
    public static async Task<IReadOnlyDictionary<SkuId, string>> CodesAsync(
        StorageSession session, IReadOnlyList<SkuId> skus, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var rows = await session.QueryAsync(
            session.Of("SELECT sku_id, code FROM skus WHERE tenant_id = $1 AND sku_id = ANY($2)", Sql.Column(skus, s => s.Value)),
            row => (Sku: new SkuId(row.GetInt64(0)), Code: row.GetString(1)),
            ct).ConfigureAwait(false);
        return rows.ToDictionary(row => row.Sku, row => row.Code);
    }

    /// <summary>How many there are.</summary>
    public static async Task<int> CountAsync(StorageSession session, SkuFilter filter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(filter);
        var counted = await session.QueryAsync(
            session.Of(
                """
                SELECT count(DISTINCT sku_id)::int FROM listing_levels l
                WHERE tenant_id = $1 AND ($2::bigint IS NULL OR connection_id = $2) AND ($3::bigint IS NULL OR sku_id = $3)
                  AND ($4::bigint IS NULL OR EXISTS (
                    SELECT FROM positions p WHERE p.tenant_id = $1 AND p.sku_id = l.sku_id AND p.location_id = $4))
                  AND ($5::bigint IS NULL OR EXISTS (
                    SELECT FROM skus k WHERE k.tenant_id = $1 AND k.sku_id = l.sku_id AND k.group_id = $5))
                """,
                Sql.P(filter.Connection?.Value), Sql.P(filter.Sku?.Value), Sql.P(filter.Location?.Value),
                Sql.P(filter.Group)),
            row => row.GetInt32(0),
            ct).ConfigureAwait(false);
        return counted[0];
    }
}
