using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Inbox;

/// <summary>Which dead letters are meant; what is null narrows nothing.</summary>
/// <param name="Connection">The store or source that they came from.</param>
/// <param name="Topic">Their topic.</param>
/// <param name="Since">Received then or later.</param>
public sealed record DeadLetterFilter(ConnectionId? Connection = null, string? Topic = null, DateTimeOffset? Since = null)
{
    /// <summary>Whether all are meant.</summary>
    public bool IsEmpty => this is { Connection: null, Topic: null, Since: null };
}

/// <summary>What became of many dead letters.</summary>
/// <param name="Matching">How many were meant.</param>
/// <param name="Done">How many of them were settled, the oldest first.</param>
public sealed record DeadLetterWork(long Matching, int Done);

/// <summary>Dead letters: events given up on. Replaying one recomputes what it means today; it never resends an old value.</summary>
public sealed class DeadLetterStore(TimeProvider time)
{
    /// <summary>Most that are settled at once: one statement, and what waits behind it waits for less than a second.</summary>
    public const int MostAtOnce = 1_000;

    private const string Meant =
        "tenant_id = $1 AND state = 2 AND ($2::bigint IS NULL OR connection_id = $2) AND ($3::text IS NULL OR topic = $3) AND ($4::timestamptz IS NULL OR received_at >= $4)";

    private const string Oldest = $"SELECT event_id FROM inbox WHERE {Meant} ORDER BY event_id LIMIT $5";

    /// <summary>Dead letters, newest first.</summary>
    /// <param name="before">Only those with a lower number: the cursor of the next page.</param>
    public static Task<List<DeadLetter>> ListAsync(StorageSession session, long? before, int limit, CancellationToken ct) =>
        ListAsync(session, new DeadLetterFilter(), before, limit, ct);

    /// <summary>Those of a filter, newest first.</summary>
    /// <param name="before">Only those with a lower number: the cursor of the next page.</param>
    public static Task<List<DeadLetter>> ListAsync(
        StorageSession session, DeadLetterFilter filter, long? before, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(
                $"""
                SELECT event_id, received_day, connection_id, topic, webhook_id, content, received_at, attempts, error
                FROM inbox WHERE {Meant} AND event_id < $5 ORDER BY event_id DESC LIMIT $6
                """,
                [.. Named(filter), Sql.P(before ?? long.MaxValue), Sql.P(limit)]),
            Read,
            ct);
    }

    /// <summary>How many a filter means.</summary>
    public static async Task<long> CountAsync(StorageSession session, DeadLetterFilter filter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var counted = await session.QueryAsync(
            session.Of($"SELECT count(*) FROM inbox WHERE {Meant}", Named(filter)), row => row.GetInt64(0), ct).ConfigureAwait(false);
        return counted[0];
    }

    /// <summary>Replays those of a filter, at most <see cref="MostAtOnce"/> of them.</summary>
    /// <param name="who">For the audit log.</param>
    public async Task<DeadLetterWork> ReplayAsync(StorageSession session, DeadLetterFilter filter, string who, CancellationToken ct)
    {
        var meant = await CountAsync(session, filter, ct).ConfigureAwait(false);
        var done = await ReplayAsync(session, await OldestAsync(session, filter, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        await NoteAsync(session, "dead-letters.replay", filter, done, null, who, ct).ConfigureAwait(false);
        return new DeadLetterWork(meant, done);
    }

    /// <summary>Lets those of a filter go, at most <see cref="MostAtOnce"/> of them.</summary>
    /// <param name="who">For the audit log.</param>
    public async Task<DeadLetterWork> DiscardAsync(StorageSession session, DeadLetterFilter filter, string reason, string who, CancellationToken ct)
    {
        var meant = await CountAsync(session, filter, ct).ConfigureAwait(false);
        var done = await DiscardAsync(session, await OldestAsync(session, filter, ct).ConfigureAwait(false), reason, ct).ConfigureAwait(false);
        await NoteAsync(session, "dead-letters.discard", filter, done, reason, who, ct).ConfigureAwait(false);
        return new DeadLetterWork(meant, done);
    }

    private static Task<List<long>> OldestAsync(StorageSession session, DeadLetterFilter filter, CancellationToken ct) =>
        session.QueryAsync(session.Of(Oldest, [.. Named(filter), Sql.P(MostAtOnce)]), row => row.GetInt64(0), ct);

    private Task<int> NoteAsync(
        StorageSession session, string action, DeadLetterFilter filter, int done, string? reason, string who, CancellationToken ct) => done == 0
        ? Task.FromResult(0)
        : session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
                VALUES ($1, $5, $6, $7, 'dead-letters', jsonb_strip_nulls(jsonb_build_object(
                  'connectionId', $2::bigint, 'topic', $3::text, 'since', $4::timestamptz, 'events', $8::int, 'reason', $9::text)))
                """,
                [.. Named(filter), Sql.P(DatabaseTime.Now(time)), Sql.P(who), Sql.P(action), Sql.P(done), Sql.P(reason)]),
            ct);

    private static NpgsqlParameter[] Named(DeadLetterFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return [Sql.P(filter.Connection?.Value), Sql.P(filter.Topic), Sql.P(DatabaseTime.Of(filter.Since))];
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
