using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Ledger;

/// <summary>A SKU at a location.</summary>
public readonly record struct PoolRef(SkuId Sku, LocationId Location);

/// <summary>A checkpoint whose sums are not those of the entries behind it.</summary>
public sealed record WrongCheckpoint(SkuId Sku, LocationId Location, DateTimeOffset Through);

/// <summary>
/// Sums of the ledger at moments of the past, about every <see cref="Spacing"/> entries of a SKU at a location, so that a
/// question about any moment adds up a bounded number of entries. They are derived: checked against the ledger each
/// night, dropped where they differ, and made again.
/// </summary>
public static class LedgerCheckpoints
{
    /// <summary>Entries from one checkpoint to the next.</summary>
    public const int Spacing = 500;

    /// <summary>Pools in one statement.</summary>
    public const int PoolsAtOnce = 500;

    /// <summary>
    /// How old a moment must be. An entry is recorded with the moment of its decision and committed a little later, by
    /// clocks that differ a little; behind a moment this old nothing appears any more.
    /// </summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMinutes(15);

    /// <summary>Pools with entries since the tenant was last looked through, up to a moment; the first time all that have entries.</summary>
    public static Task<List<PoolRef>> DueAsync(StorageSession session, DateTimeOffset until, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(
                """
                SELECT DISTINCT e.sku_id, e.location_id FROM ledger_entries e
                WHERE e.tenant_id = $1 AND e.recorded_at <= $2
                  AND e.recorded_at > coalesce((SELECT m.through FROM ledger_checkpoint_marks m WHERE m.tenant_id = $1), '-infinity')
                ORDER BY e.sku_id, e.location_id
                """,
                Sql.P(DatabaseTime.Of(until))),
            row => new PoolRef(new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1))),
            ct);
    }

    /// <summary>Makes the checkpoints that pools lack, up to a moment that is settled.</summary>
    /// <returns>How many were made.</returns>
    public static Task<int> MakeAsync(StorageSession session, IReadOnlyList<PoolRef> pools, DateTimeOffset until, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(pools);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pools.Count, PoolsAtOnce, nameof(pools));
        return session.ExecuteAsync(
            session.Of(
                MakeSql,
                Sql.P(DatabaseTime.Of(until)), Sql.Column(pools, p => p.Sku.Value), Sql.Column(pools, p => p.Location.Value), Sql.P((long)Spacing)),
            ct);
    }

    /// <summary>Notes that the tenant was looked through up to a moment.</summary>
    public static Task NoteAsync(StorageSession session, DateTimeOffset until, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO ledger_checkpoint_marks AS m (tenant_id, through) VALUES ($1, $2)
                ON CONFLICT (tenant_id) DO UPDATE SET through = greatest(m.through, excluded.through)
                """,
                Sql.P(DatabaseTime.Of(until))),
            ct);
    }

    /// <summary>
    /// Adds up all entries of a range of SKUs and compares every checkpoint with them; a wrong one is dropped with those
    /// after it, so that questions are answered from the entries until they are made again.
    /// </summary>
    /// <param name="after">SKUs with higher numbers.</param>
    /// <param name="last">The last SKU of the range.</param>
    public static Task<List<WrongCheckpoint>> DropWrongAsync(StorageSession session, SkuId after, SkuId last, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(DropWrongSql, Sql.P(after.Value), Sql.P(last.Value)),
            row => new WrongCheckpoint(new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), row.Moment(2)),
            ct);
    }

    private const string Columns =
        "on_hand, committed, allocated, pos_pending, reserved, shipped_unposted, suspense, in_transit, unavailable";

    // Running sums take in all entries of a moment at once (the window's default frame ends with the last of its peers),
    // so a checkpoint never cuts a moment in two. One is made at every Spacing-th entry after the newest there is.
    private const string MakeSql =
        $"""
        WITH base AS (
          SELECT p.sku_id, p.location_id, coalesce(k.through, '-infinity') AS through, coalesce(k.entries, 0) AS entries,
            coalesce(k.on_hand, 0) AS on_hand, coalesce(k.committed, 0) AS committed, coalesce(k.allocated, 0) AS allocated,
            coalesce(k.pos_pending, 0) AS pos_pending, coalesce(k.reserved, 0) AS reserved,
            coalesce(k.shipped_unposted, 0) AS shipped_unposted, coalesce(k.suspense, 0) AS suspense,
            coalesce(k.in_transit, 0) AS in_transit, coalesce(k.unavailable, 0) AS unavailable
          FROM unnest($3::bigint[], $4::bigint[]) AS p (sku_id, location_id) LEFT JOIN LATERAL (
            SELECT * FROM ledger_checkpoints c
            WHERE c.tenant_id = $1 AND c.sku_id = p.sku_id AND c.location_id = p.location_id
            ORDER BY c.through DESC LIMIT 1) k ON true
        ), running AS (
          SELECT e.sku_id, e.location_id, e.recorded_at AS through, b.entries + count(*) OVER moments AS entries,
            row_number() OVER (PARTITION BY e.sku_id, e.location_id ORDER BY e.recorded_at, e.entry_id) AS ordinal,
            b.on_hand + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 1) OVER moments, 0) AS on_hand,
            b.committed + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 2) OVER moments, 0) AS committed,
            b.allocated + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 3) OVER moments, 0) AS allocated,
            b.pos_pending + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 4) OVER moments, 0) AS pos_pending,
            b.reserved + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 5) OVER moments, 0) AS reserved,
            b.shipped_unposted + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 6) OVER moments, 0) AS shipped_unposted,
            b.suspense + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 7) OVER moments, 0) AS suspense,
            b.in_transit + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 8) OVER moments, 0) AS in_transit,
            b.unavailable + coalesce(sum(e.delta) FILTER (WHERE e.bucket = 9) OVER moments, 0) AS unavailable
          FROM base b JOIN ledger_entries e
            ON e.tenant_id = $1 AND e.sku_id = b.sku_id AND e.location_id = b.location_id
            AND e.recorded_at > b.through AND e.recorded_at <= $2
          WINDOW moments AS (PARTITION BY e.sku_id, e.location_id ORDER BY e.recorded_at)
        )
        INSERT INTO ledger_checkpoints (tenant_id, sku_id, location_id, through, entries, {Columns})
        SELECT DISTINCT $1::bigint, sku_id, location_id, through, entries, {Columns} FROM running WHERE ordinal % $5 = 0
        ON CONFLICT DO NOTHING
        """;

    // From one checkpoint to the next the difference must be what lies between them.
    private const string DropWrongSql =
        $"""
        WITH checkpoint AS (
          SELECT c.*, coalesce(lag(c.through) OVER w, '-infinity') AS since, coalesce(lag(c.entries) OVER w, 0) AS earlier_entries,
            coalesce(lag(c.on_hand) OVER w, 0) AS earlier_on_hand, coalesce(lag(c.committed) OVER w, 0) AS earlier_committed,
            coalesce(lag(c.allocated) OVER w, 0) AS earlier_allocated, coalesce(lag(c.pos_pending) OVER w, 0) AS earlier_pos_pending,
            coalesce(lag(c.reserved) OVER w, 0) AS earlier_reserved,
            coalesce(lag(c.shipped_unposted) OVER w, 0) AS earlier_shipped_unposted,
            coalesce(lag(c.suspense) OVER w, 0) AS earlier_suspense, coalesce(lag(c.in_transit) OVER w, 0) AS earlier_in_transit,
            coalesce(lag(c.unavailable) OVER w, 0) AS earlier_unavailable
          FROM ledger_checkpoints c WHERE c.tenant_id = $1 AND c.sku_id > $2 AND c.sku_id <= $3
          WINDOW w AS (PARTITION BY c.sku_id, c.location_id ORDER BY c.through)
        ), first_wrong AS (
          SELECT c.sku_id, c.location_id, min(c.through) AS through
          FROM checkpoint c CROSS JOIN LATERAL (
            SELECT count(*) AS entries, {LedgerSums.SumsOfEntries}
            FROM ledger_entries e
            WHERE e.tenant_id = $1 AND e.sku_id = c.sku_id AND e.location_id = c.location_id
              AND e.recorded_at > c.since AND e.recorded_at <= c.through) s
          WHERE (s.entries, s.on_hand, s.committed, s.allocated, s.pos_pending, s.reserved, s.shipped_unposted, s.suspense,
              s.in_transit, s.unavailable)
            IS DISTINCT FROM (c.entries - c.earlier_entries, c.on_hand - c.earlier_on_hand, c.committed - c.earlier_committed,
              c.allocated - c.earlier_allocated, c.pos_pending - c.earlier_pos_pending, c.reserved - c.earlier_reserved,
              c.shipped_unposted - c.earlier_shipped_unposted, c.suspense - c.earlier_suspense,
              c.in_transit - c.earlier_in_transit, c.unavailable - c.earlier_unavailable)
          GROUP BY c.sku_id, c.location_id
        )
        DELETE FROM ledger_checkpoints k USING first_wrong w
        WHERE k.tenant_id = $1 AND k.sku_id = w.sku_id AND k.location_id = w.location_id AND k.through >= w.through
        RETURNING k.sku_id, k.location_id, k.through
        """;
}
