using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Ledger;

/// <summary>A ledger entry as it was recorded.</summary>
/// <param name="Id">Its number; within a SKU numbers rise in the order of commits.</param>
/// <param name="RecordedAt">When it was written, by our clock.</param>
public sealed record RecordedEntry(long Id, DateTimeOffset RecordedAt, LedgerEntry Entry)
{
    /// <summary>The point just before it.</summary>
    public LedgerPoint Point => new(RecordedAt, Id);
}

/// <summary>Entries of a SKU, newest first.</summary>
internal static class EntryRows
{
    private const string NewestSql = LedgerSums.Places +
        """

        SELECT e.entry_id, e.recorded_at, e.sku_id, e.location_id, e.bucket, e.delta, e.reason, e.fact_key, e.level_id,
          e.connection_id, e.inbox_event_id, e.occurred_at
        FROM place p CROSS JOIN LATERAL (
          SELECT * FROM ledger_entries x
          WHERE x.tenant_id = $1 AND x.sku_id = $2 AND x.location_id = p.location_id AND (x.recorded_at, x.entry_id) < ($4, $5)
          ORDER BY x.recorded_at DESC, x.entry_id DESC LIMIT $6) e
        ORDER BY e.recorded_at DESC, e.entry_id DESC LIMIT $6
        """;

    /// <summary>The newest entries behind a point, at one location or at all.</summary>
    public static NpgsqlBatchCommand Newest(
        StorageSession session, SkuId sku, LocationId? location, LedgerPoint point, int count) => session.Of(
        NewestSql,
        Sql.P(sku.Value), Sql.P(location?.Value), Sql.P(DatabaseTime.Of(point.RecordedAt)), Sql.P(point.EntryId), Sql.P(count));

    public static RecordedEntry Read(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        row.Moment(1),
        new LedgerEntry(
            new SkuId(row.GetInt64(2)), new LocationId(row.GetInt64(3)), (Bucket)row.GetInt16(4), row.GetInt32(5),
            (EntryReason)row.GetInt16(6), row.GetString(7),
            row.Nullable<long>(8) is { } level ? new LevelId(level) : null,
            row.Nullable<long>(9) is { } connection ? new ConnectionId(connection) : null,
            row.Nullable<long>(10), row.Moment(11)));
}
