using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Ledger;

namespace SyncFlow.Storage.Front;

/// <summary>A ledger entry.</summary>
public sealed record EntryView(
    long Id, string Sku, string Location, Bucket Bucket, int Delta, EntryReason Reason, string FactKey, long? LevelId,
    long? ConnectionId, long? InboxEventId, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt);

/// <summary>The ledger as a list.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class LedgerDesk(NpgsqlDataSource source)
{
    /// <summary>Entries, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="sku">Only of this SKU; null for all.</param>
    /// <param name="location">Only at this location; null for all.</param>
    /// <param name="before">Only earlier ids.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<EntryView>> ListAsync(long tenant, long? sku, long? location, long? before, int count, CancellationToken ct) =>
        source.ListAsync(tenant, sku is null ? OfTenant : OfSku, ReadEntry, [sku, location, before, count], ct);

    private const string Columns =
        """
        SELECT e.entry_id, s.code, l.code, e.bucket, e.delta, e.reason, e.fact_key, e.level_id, e.connection_id,
               e.inbox_event_id, e.occurred_at, e.recorded_at
        """;

    private const string OfTenant = Columns +
        """

        FROM ledger_entries e JOIN skus s USING (tenant_id, sku_id) JOIN locations l USING (tenant_id, location_id)
        WHERE e.tenant_id = $1 AND ($2::bigint IS NULL OR e.sku_id = $2) AND ($3::bigint IS NULL OR e.location_id = $3)
          AND ($4::bigint IS NULL OR e.entry_id < $4)
        ORDER BY e.entry_id DESC LIMIT $5
        """;

    // The index is by moment; within a SKU moments and numbers rise together.
    private const string OfSku = LedgerSums.Places + Columns +
        """

        FROM place p CROSS JOIN LATERAL (
          SELECT * FROM ledger_entries x
          WHERE x.tenant_id = $1 AND x.sku_id = $2 AND x.location_id = p.location_id AND (x.recorded_at, x.entry_id) < (
            coalesce((SELECT b.recorded_at FROM ledger_entries b WHERE b.tenant_id = $1 AND b.entry_id = $4), 'infinity'),
            coalesce($4::bigint, 9223372036854775807))
          ORDER BY x.recorded_at DESC, x.entry_id DESC LIMIT $5) e
        JOIN skus s USING (tenant_id, sku_id) JOIN locations l ON l.tenant_id = $1 AND l.location_id = p.location_id
        ORDER BY e.recorded_at DESC, e.entry_id DESC LIMIT $5
        """;

    private static EntryView ReadEntry(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (Bucket)row.GetInt16(3), row.GetInt32(4), (EntryReason)row.GetInt16(5),
        row.GetString(6), row.LongOrNull(7), row.LongOrNull(8), row.LongOrNull(9), row.Time(10), row.Time(11));
}
