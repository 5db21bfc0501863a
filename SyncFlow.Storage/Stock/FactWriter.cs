using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>
/// Writes what facts changed and replanning does not: entries and orders. They can be sent while the rules still replan
/// (<see cref="StagedSave"/>).
/// </summary>
internal static class FactWriter
{
    /// <summary>Statements for what is not written yet; replanning may have booked more entries, but changes no order.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Statements(StorageSession session, WorkingSet set, DateTimeOffset at)
    {
        var written = session.FactsWritten is { } before && ReferenceEquals(before.Set, set) ? before.Entries : (int?)null;
        var entries = written is { } count ? set.Entries[count..] : set.Entries;
        if (entries.Count > 0)
        {
            yield return Append(session, entries, at);
        }

        if (written is null)
        {
            foreach (var statement in OrderRows.Write(session, [.. set.ChangedOrders], at))
            {
                yield return statement;
            }
        }
    }

    private static NpgsqlBatchCommand Append(StorageSession session, List<LedgerEntry> entries, DateTimeOffset at) => session.Of(
        """
        INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, level_id,
          connection_id, inbox_event_id, occurred_at, recorded_at)
        SELECT $1, sku_id, location_id, bucket, delta, reason, fact_key, level_id, connection_id, inbox_event_id, occurred_at, $2
        FROM unnest($3::bigint[], $4::bigint[], $5::smallint[], $6::int[], $7::smallint[], $8::text[], $9::bigint[],
          $10::bigint[], $11::bigint[], $12::timestamptz[]) WITH ORDINALITY
          AS e (sku_id, location_id, bucket, delta, reason, fact_key, level_id, connection_id, inbox_event_id, occurred_at, ordinal)
        ORDER BY ordinal
        """,
        Sql.P(at),
        Sql.Column(entries, e => e.Sku.Value),
        Sql.Column(entries, e => e.Location.Value),
        Sql.Column(entries, e => (short)e.Bucket),
        Sql.Column(entries, e => e.Delta),
        Sql.Column(entries, e => (short)e.Reason),
        Sql.Column(entries, e => e.FactKey),
        Sql.Column(entries, e => e.Level?.Value),
        Sql.Column(entries, e => e.Connection?.Value),
        Sql.Column(entries, e => e.InboxEvent),
        Sql.Column(entries, e => DatabaseTime.Of(e.OccurredAt)));
}
