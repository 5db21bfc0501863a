using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Inbox;

/// <summary>Dead letters: events given up on. Replaying one recomputes what it means today; it never resends an old value.</summary>
public sealed class DeadLetterStore(TimeProvider time)
{
    /// <summary>Dead letters, newest first.</summary>
    /// <param name="before">Only those with a lower number: the cursor of the next page.</param>
    public static Task<List<DeadLetter>> ListAsync(StorageSession session, long? before, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(
                """
                SELECT event_id, received_day, connection_id, topic, webhook_id, content, received_at, attempts, error
                FROM inbox WHERE tenant_id = $1 AND state = 2 AND event_id < $2 ORDER BY event_id DESC LIMIT $3
                """,
                Sql.P(before ?? long.MaxValue), Sql.P(limit)),
            Read,
            ct);
    }

    /// <summary>Makes dead letters pending again with no attempts behind them; returns how many were dead letters.</summary>
    public Task<int> ReplayAsync(StorageSession session, IReadOnlyCollection<long> eventIds, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                UPDATE inbox SET state = 0, attempts = 0, next_attempt_at = $3, finished_at = NULL
                WHERE tenant_id = $1 AND state = 2 AND event_id = ANY ($2)
                """,
                Sql.P(eventIds.ToArray()), Sql.P(DatabaseTime.Now(time))),
            ct);
    }

    /// <summary>Settles dead letters as not wanted; they stay stored, with the reason.</summary>
    public Task<int> DiscardAsync(StorageSession session, IReadOnlyCollection<long> eventIds, string reason, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                "UPDATE inbox SET state = 3, error = $3, finished_at = $4 WHERE tenant_id = $1 AND state = 2 AND event_id = ANY ($2)",
                Sql.P(eventIds.ToArray()), Sql.P(reason), Sql.P(DatabaseTime.Now(time))),
            ct);
    }

    private static DeadLetter Read(NpgsqlDataReader row) => new(
        new InboxKey(row.GetInt64(0), row.GetFieldValue<DateOnly>(1)),
        row.Nullable<long>(2) is { } connection ? new ConnectionId(connection) : null,
        row.GetString(3),
        row.GetString(4),
        row.GetString(5),
        row.Moment(6),
        row.GetInt32(7),
        row.Text(8));
}
