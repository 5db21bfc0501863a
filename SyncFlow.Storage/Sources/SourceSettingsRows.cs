using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>A source as its intake needs it; its row is locked while a batch is taken in.</summary>
internal sealed record SourceSettings(
    ConnectionId Connection, SourceOrdering Ordering, SourceState State, string? Reason, IReadOnlyList<Bucket> Buckets, long? ReferenceSystem,
    bool Gapless, int Beginning, SequenceMark Mark, bool GroupsWait);

/// <summary>Rows of <c>sources</c> as the intake reads and writes them.</summary>
internal static class SourceSettingsRows
{
    /// <summary>Locks a source, so that its batches are taken in one after another; null where there is none.</summary>
    public static Task<SourceSettings?> LockAsync(StorageSession session, ConnectionId connection, CancellationToken ct) =>
        FindAsync(session, connection, " FOR NO KEY UPDATE", ct);

    /// <summary>A source as it is now; null where there is none.</summary>
    public static Task<SourceSettings?> ReadAsync(StorageSession session, ConnectionId connection, CancellationToken ct) =>
        FindAsync(session, connection, "", ct);

    private static async Task<SourceSettings?> FindAsync(StorageSession session, ConnectionId connection, string locking, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(
                $"""
                SELECT connection_id, ordering, state, state_reason, buckets, reference_system, gapless, beginning, last_sequence, last_at,
                  missing_sequences, groups_wait
                FROM sources WHERE tenant_id = $1 AND connection_id = $2{locking}
                """,
                Sql.P(connection.Value)),
            row => new SourceSettings(
                new ConnectionId(row.GetInt64(0)), (SourceOrdering)row.GetInt16(1), (SourceState)row.GetInt16(2), row.Text(3),
                [.. row.GetFieldValue<short[]>(4).Select(b => (Bucket)b)], row.Nullable<long>(5), row.GetBoolean(6), row.GetInt32(7),
                new SequenceMark(row.Nullable<long>(8), row.Nullable<DateTimeOffset>(9), row.GetInt64(10)), row.GetBoolean(11)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Beginnings and orderings of all the tenant's sources: marks speak in other systems' values.</summary>
    public static async Task<Dictionary<long, int>> BeginningsAsync(StorageSession session, CancellationToken ct)
    {
        var rows = await session.QueryAsync(
            session.Of("SELECT c.connection_id, coalesce(s.beginning, 0) FROM connections c LEFT JOIN sources s USING (tenant_id, connection_id) WHERE c.tenant_id = $1"),
            row => (Id: row.GetInt64(0), Beginning: row.GetInt32(1)), ct).ConfigureAwait(false);
        return rows.ToDictionary(r => r.Id, r => r.Beginning);
    }

    /// <summary>Notes a batch.</summary>
    /// <param name="unreadable">What was told beside these and could not be read: it is refused as well.</param>
    public static NpgsqlBatchCommand Note(
        StorageSession session, SourceSettings source, SequenceJudgement judged, IReadOnlyList<SourceItem> items, DateTimeOffset at, long unreadable = 0)
    {
        long Count(SourceOutcome outcome) => items.Count(i => i.Outcome == outcome);
        return session.Of(
            """
            UPDATE sources SET last_sequence = $3, last_at = $4, missing_sequences = $5, received_at = $6, updated_at = $6,
              accepted_events = accepted_events + $7, repeated_events = repeated_events + $8, held_events = held_events + $9,
              refused_events = refused_events + $10,
              error_rate = CASE WHEN $7 + $8 + $9 + $10 = 0 THEN error_rate
                ELSE error_rate * 0.9 + 0.1 * $10::float8 / ($7 + $8 + $9 + $10) END,
              state = CASE WHEN $11::text IS NULL THEN state ELSE 2 END,
              state_reason = coalesce($11, state_reason),
              state_since = CASE WHEN $11::text IS NULL OR state = 2 THEN state_since ELSE $6 END
            WHERE tenant_id = $1 AND connection_id = $2
            """,
            Sql.P(source.Connection.Value), Sql.P(judged.Mark.Sequence), Sql.P(DatabaseTime.Of(judged.Mark.At)), Sql.P(judged.Mark.Missing),
            Sql.P(at), Sql.P(Count(SourceOutcome.Accepted)), Sql.P(Count(SourceOutcome.Repeated)), Sql.P(Count(SourceOutcome.Held)),
            Sql.P(Count(SourceOutcome.Refused) + unreadable), Sql.P(judged.Backwards));
    }
}
