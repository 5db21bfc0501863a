using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Storage.Front;

/// <summary>A ledger entry, with the sum of its bucket at its location after it where that was asked for.</summary>
public sealed record EntryView(
    long Id, string Sku, string Location, Bucket Bucket, int Delta, long? Sum, EntryReason Reason, string FactKey, long? LevelId,
    long? ConnectionId, long? InboxEventId, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt);

/// <summary>What a level looked like after a batch that changed it.</summary>
public sealed record LevelMoment(
    long LevelId, string Channel, string Location, DateTimeOffset At, int? Belief, int? Target, int? Observed, int Suspense,
    int Surplus, int Unverified, int? InFlight, string Cause);

/// <summary>A write to a level.</summary>
public sealed record LevelPush(
    Guid PushId, long LevelId, string Channel, string Location, int From, int To, DateTimeOffset PlannedAt, ElementOutcome? Outcome,
    string? Code, DateTimeOffset? AcknowledgedAt, DateTimeOffset? VerifiedAt, int Changes);

/// <summary>A bucket's sum at a location.</summary>
/// <param name="Entries">How many entries make it.</param>
public sealed record BucketSum(string Location, Bucket Bucket, long Sum, long Entries);

/// <summary>Which part of a SKU's history is asked for.</summary>
/// <param name="LocationId">Only this location; null for all.</param>
/// <param name="ConnectionId">Levels and pushes of this channel only, and entries it caused; null for all.</param>
/// <param name="At">As it was known at this moment; null for now.</param>
public sealed record HistoryQuery(long SkuId, long? LocationId, long? ConnectionId, DateTimeOffset? At);

/// <summary>The ledger and what explains a number.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class LedgerDesk(NpgsqlDataSource source)
{
    /// <summary>Most rows of each kind in an explanation; the newest are given.</summary>
    public const int MostRows = 500;

    /// <summary>Entries, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="sku">Only of this SKU; null for all.</param>
    /// <param name="location">Only at this location; null for all.</param>
    /// <param name="before">Only earlier ids.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<EntryView>> ListAsync(long tenant, long? sku, long? location, long? before, int count, CancellationToken ct)
    {
        const string sql =
            """
            SELECT e.entry_id, s.code, l.code, e.bucket, e.delta, NULL::bigint, e.reason, e.fact_key, e.level_id, e.connection_id,
                   e.inbox_event_id, e.occurred_at, e.recorded_at
            FROM ledger_entries e JOIN skus s USING (tenant_id, sku_id) JOIN locations l USING (tenant_id, location_id)
            WHERE e.tenant_id = $1 AND ($2::bigint IS NULL OR e.sku_id = $2) AND ($3::bigint IS NULL OR e.location_id = $3)
              AND ($4::bigint IS NULL OR e.entry_id < $4)
            ORDER BY e.entry_id DESC LIMIT $5
            """;
        return source.ListAsync(tenant, sql, ReadEntry, [sku, location, before, count], ct);
    }

    /// <summary>The sums at the moment asked for, computed from the ledger and not from the positions.</summary>
    public Task<List<BucketSum>> SumsAsync(long tenant, HistoryQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        const string sql =
            """
            SELECT l.code, e.bucket, sum(e.delta)::bigint, count(*)
            FROM ledger_entries e JOIN locations l USING (tenant_id, location_id)
            WHERE e.tenant_id = $1 AND e.sku_id = $2 AND ($3::bigint IS NULL OR e.location_id = $3)
              AND ($4::timestamptz IS NULL OR e.recorded_at <= $4)
            GROUP BY l.code, e.bucket ORDER BY l.code, e.bucket
            """;
        return source.ListAsync(
            tenant,
            sql,
            row => new BucketSum(row.GetString(0), (Bucket)row.GetInt16(1), row.GetInt64(2), row.GetInt64(3)),
            [query.SkuId, query.LocationId, query.At],
            ct);
    }

    /// <summary>The newest entries up to the moment, oldest first, each with the sum after it.</summary>
    public Task<List<EntryView>> EntriesAsync(long tenant, HistoryQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        const string sql =
            """
            SELECT * FROM (
              SELECT * FROM (
                SELECT e.entry_id, s.code AS sku, l.code AS location, e.bucket, e.delta,
                       sum(e.delta) OVER (PARTITION BY e.location_id, e.bucket ORDER BY e.entry_id)::bigint, e.reason, e.fact_key,
                       e.level_id, e.connection_id, e.inbox_event_id, e.occurred_at, e.recorded_at
                FROM ledger_entries e JOIN skus s USING (tenant_id, sku_id) JOIN locations l USING (tenant_id, location_id)
                WHERE e.tenant_id = $1 AND e.sku_id = $2 AND ($3::bigint IS NULL OR e.location_id = $3)
                  AND ($5::timestamptz IS NULL OR e.recorded_at <= $5)) summed
              WHERE $4::bigint IS NULL OR connection_id = $4
              ORDER BY entry_id DESC LIMIT $6) newest
            ORDER BY entry_id
            """;
        return source.ListAsync(tenant, sql, ReadEntry, [query.SkuId, query.LocationId, query.ConnectionId, query.At, MostRows], ct);
    }

    /// <summary>What the SKU's levels looked like, oldest first.</summary>
    public Task<List<LevelMoment>> LevelsAsync(long tenant, HistoryQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        const string sql =
            """
            SELECT * FROM (
              SELECT h.level_id, c.name, l.code, h.at, h.belief, h.target, h.observed, h.suspense, h.surplus, h.unverified,
                     h.in_flight, h.cause, h.history_id
              FROM listing_levels v JOIN level_history h USING (tenant_id, level_id)
              JOIN connections c USING (tenant_id, connection_id) JOIN locations l USING (tenant_id, location_id)
              WHERE v.tenant_id = $1 AND v.sku_id = $2 AND ($3::bigint IS NULL OR v.location_id = $3)
                AND ($4::bigint IS NULL OR v.connection_id = $4) AND ($5::timestamptz IS NULL OR h.at <= $5)
              ORDER BY h.history_id DESC LIMIT $6) newest
            ORDER BY history_id
            """;
        return source.ListAsync(tenant, sql, ReadMoment, [query.SkuId, query.LocationId, query.ConnectionId, query.At, MostRows], ct);
    }

    /// <summary>What was written to the SKU's levels, oldest first.</summary>
    public Task<List<LevelPush>> PushesAsync(long tenant, HistoryQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        const string sql =
            """
            SELECT * FROM (
              SELECT p.push_id, p.level_id, c.name, l.code, p.from_units, p.to_units, p.planned_at, p.outcome, p.code,
                     p.acknowledged_at, p.verified_at, p.changes
              FROM listing_levels v JOIN push_levels p USING (tenant_id, level_id)
              JOIN connections c USING (tenant_id, connection_id) JOIN locations l USING (tenant_id, location_id)
              WHERE v.tenant_id = $1 AND v.sku_id = $2 AND ($3::bigint IS NULL OR v.location_id = $3)
                AND ($4::bigint IS NULL OR v.connection_id = $4) AND ($5::timestamptz IS NULL OR p.planned_at <= $5)
              ORDER BY p.planned_at DESC LIMIT $6) newest
            ORDER BY planned_at
            """;
        return source.ListAsync(tenant, sql, ReadPush, [query.SkuId, query.LocationId, query.ConnectionId, query.At, MostRows], ct);
    }

    internal static LevelPush ReadPush(DbDataReader row) => new(
        row.GetGuid(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetInt32(4), row.GetInt32(5), row.Time(6),
        row.IsDBNull(7) ? null : (ElementOutcome)row.GetInt16(7), row.Text(8), row.TimeOrNull(9), row.TimeOrNull(10), row.GetInt32(11));

    private static EntryView ReadEntry(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (Bucket)row.GetInt16(3), row.GetInt32(4), row.LongOrNull(5),
        (EntryReason)row.GetInt16(6), row.GetString(7), row.LongOrNull(8), row.LongOrNull(9), row.LongOrNull(10), row.Time(11),
        row.Time(12));

    private static LevelMoment ReadMoment(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.Time(3), row.IntOrNull(4), row.IntOrNull(5), row.IntOrNull(6),
        row.GetInt32(7), row.GetInt32(8), row.GetInt32(9), row.IntOrNull(10), row.GetString(11));
}
