using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Ledger;

/// <summary>What the entries of a SKU at a location add up to.</summary>
/// <param name="Location">Where.</param>
/// <param name="Buckets">The sums.</param>
/// <param name="Entries">How many entries make them.</param>
/// <param name="Added">How many of those were added up one by one; the others came summed, from a checkpoint.</param>
public sealed record PoolSums(LocationId Location, Buckets Buckets, long Entries, long Added);

/// <summary>
/// Sums behind a point of the ledger: the newest checkpoint before it, and the entries after that one. Positions are not
/// asked, so they can be checked against it.
/// </summary>
internal static class LedgerSums
{
    /// <summary>The sum of each bucket, in the order of <see cref="Bucket"/>, of the rows of <c>e</c>.</summary>
    public const string SumsOfEntries =
        """
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 1), 0)::int AS on_hand,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 2), 0)::int AS committed,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 3), 0)::int AS allocated,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 4), 0)::int AS pos_pending,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 5), 0)::int AS reserved,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 6), 0)::int AS shipped_unposted,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 7), 0)::int AS suspense,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 8), 0)::int AS in_transit,
        coalesce(sum(e.delta) FILTER (WHERE e.bucket = 9), 0)::int AS unavailable
        """;

    /// <summary>
    /// The locations at which a SKU ($2) has entries, or the one asked for ($3): by jumping from one to the next through
    /// the index, however many entries each has.
    /// </summary>
    public const string Places =
        """
        WITH RECURSIVE place AS (
          SELECT coalesce($3::bigint, (
            SELECT e.location_id FROM ledger_entries e WHERE e.tenant_id = $1 AND e.sku_id = $2
            ORDER BY e.location_id LIMIT 1)) AS location_id
          UNION ALL
          SELECT (
            SELECT e.location_id FROM ledger_entries e
            WHERE e.tenant_id = $1 AND e.sku_id = $2 AND e.location_id > p.location_id ORDER BY e.location_id LIMIT 1)
          FROM place p WHERE p.location_id IS NOT NULL AND $3::bigint IS NULL
        )
        """;

    private const string BehindSql = Places +
        $"""

        SELECT p.location_id, coalesce(c.entries, 0) + t.added, t.added,
          coalesce(c.on_hand, 0) + t.on_hand, coalesce(c.committed, 0) + t.committed, coalesce(c.allocated, 0) + t.allocated,
          coalesce(c.pos_pending, 0) + t.pos_pending, coalesce(c.reserved, 0) + t.reserved,
          coalesce(c.shipped_unposted, 0) + t.shipped_unposted, coalesce(c.suspense, 0) + t.suspense,
          coalesce(c.in_transit, 0) + t.in_transit, coalesce(c.unavailable, 0) + t.unavailable
        FROM place p
        LEFT JOIN LATERAL (
          SELECT * FROM ledger_checkpoints k
          WHERE k.tenant_id = $1 AND k.sku_id = $2 AND k.location_id = p.location_id AND k.through < $4
          ORDER BY k.through DESC LIMIT 1) c ON true
        CROSS JOIN LATERAL (
          SELECT count(*) AS added, {SumsOfEntries}
          FROM ledger_entries e
          WHERE e.tenant_id = $1 AND e.sku_id = $2 AND e.location_id = p.location_id
            AND e.recorded_at > coalesce(c.through, '-infinity') AND (e.recorded_at, e.entry_id) < ($4, $5)) t
        WHERE p.location_id IS NOT NULL
        ORDER BY p.location_id
        """;

    /// <summary>The sums behind a point, by location; a location whose first entry comes later has zeros.</summary>
    public static NpgsqlBatchCommand Behind(StorageSession session, SkuId sku, LocationId? location, LedgerPoint point) => session.Of(
        BehindSql, Sql.P(sku.Value), Sql.P(location?.Value), Sql.P(DatabaseTime.Of(point.RecordedAt)), Sql.P(point.EntryId));

    /// <summary>Reads a row of <see cref="Behind"/>.</summary>
    public static PoolSums Read(NpgsqlDataReader row) => new(
        new LocationId(row.GetInt64(0)), ReadBuckets(row, 3), row.GetInt64(1), row.GetInt64(2));

    /// <summary>Reads nine columns in the order of <see cref="Bucket"/>.</summary>
    public static Buckets ReadBuckets(NpgsqlDataReader row, int first) => new(
        row.GetInt32(first), row.GetInt32(first + 1), row.GetInt32(first + 2), row.GetInt32(first + 3), row.GetInt32(first + 4),
        row.GetInt32(first + 5), row.GetInt32(first + 6), row.GetInt32(first + 7), row.GetInt32(first + 8));
}
