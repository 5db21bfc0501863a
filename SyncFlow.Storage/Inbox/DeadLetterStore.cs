using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Inbox;

/// <summary>Which dead letters are meant; what is null narrows nothing.</summary>
/// <param name="Connection">The store or source that they came from.</param>
/// <param name="Topic">Their topic.</param>
/// <param name="Since">Received then or later.</param>
/// <param name="Discarded">Those that a person let go and that are stored still, instead of those that wait for a decision.</param>
public sealed record DeadLetterFilter(ConnectionId? Connection = null, string? Topic = null, DateTimeOffset? Since = null, bool Discarded = false)
{
    /// <summary>Whether all are meant.</summary>
    public bool IsEmpty => this is { Connection: null, Topic: null, Since: null };
}

/// <summary>Dead letters of a topic.</summary>
public sealed record TopicLetters(string Topic, long Events);

/// <summary>What a filter means at a moment.</summary>
/// <param name="Matching">How many.</param>
/// <param name="Topics">How many of each topic, the most first.</param>
/// <param name="Version">Another where it means other events.</param>
/// <param name="Oldest">The numbers of the first, as many as are settled at once.</param>
public sealed record DeadLetterSight(long Matching, IReadOnlyList<TopicLetters> Topics, string Version, IReadOnlyList<long> Oldest);

/// <summary>What became of many dead letters.</summary>
/// <param name="Meant">What was meant.</param>
/// <param name="Done">How many of them were settled, the oldest first.</param>
/// <param name="Left">What is meant by the same filter now.</param>
public sealed record DeadLetterWork(DeadLetterSight Meant, int Done, DeadLetterSight Left);

/// <summary>Dead letters: events given up on. Replaying one recomputes what it means today; it never resends an old value.</summary>
public sealed class DeadLetterStore(TimeProvider time)
{
    /// <summary>Most that are settled at once: one statement, and what waits behind it waits for less than a second.</summary>
    public const int MostAtOnce = 1_000;

    private const string Meant =
        "state = 2 AND " + Narrowed;

    private const string MeantDiscarded =
        "state = 3 AND discarded_by IS NOT NULL AND " + Narrowed;

    private const string Narrowed =
        "($2::bigint IS NULL OR connection_id = $2) AND ($3::text IS NULL OR topic = $3) AND ($4::timestamptz IS NULL OR received_at >= $4)";

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
                FROM inbox WHERE tenant_id = $1 AND {Of(filter)} AND event_id < $5 ORDER BY event_id DESC LIMIT $6
                """,
                [.. Named(filter), Sql.P(before ?? long.MaxValue), Sql.P(limit)]),
            Read,
            ct);
    }

    /// <summary>What a filter means now.</summary>
    public static async Task<DeadLetterSight> LookAsync(StorageSession session, DeadLetterFilter filter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var seen = await session.QueryAsync(
            session.Of(
                $$"""
                WITH meant AS MATERIALIZED (SELECT event_id, topic FROM inbox WHERE tenant_id = $1 AND {{Of(filter)}})
                SELECT count(*), coalesce(md5(string_agg(event_id::text, ',' ORDER BY event_id)), ''),
                  coalesce((array_agg(event_id ORDER BY event_id))[1:$5], '{}'),
                  (SELECT coalesce(array_agg(topic ORDER BY events DESC, topic), '{}') FROM (SELECT topic, count(*) AS events FROM meant GROUP BY topic) t),
                  (SELECT coalesce(array_agg(events ORDER BY events DESC, topic), '{}') FROM (SELECT topic, count(*) AS events FROM meant GROUP BY topic) t)
                FROM meant
                """,
                [.. Named(filter), Sql.P(MostAtOnce)]),
            row => new DeadLetterSight(
                row.GetInt64(0),
                [.. row.GetFieldValue<string[]>(3).Zip(row.GetFieldValue<long[]>(4), (topic, events) => new TopicLetters(topic, events))],
                row.GetString(1), row.GetFieldValue<long[]>(2)),
            ct).ConfigureAwait(false);
        return seen[0];
    }

    /// <summary>Replays those of a filter, at most <see cref="MostAtOnce"/> of them.</summary>
    /// <param name="seen">What the caller has seen of it; null where whatever it means is meant.</param>
    /// <param name="who">For the audit log.</param>
    /// <returns>Null where it means others by now; nothing is done then.</returns>
    public Task<DeadLetterWork?> ReplayAsync(StorageSession session, DeadLetterFilter filter, string? seen, string who, CancellationToken ct) =>
        SettleAsync(session, filter, seen, "dead-letters.replay", null, who, ids => ReplayAsync(session, ids, ct), ct);

    /// <summary>Lets those of a filter go, at most <see cref="MostAtOnce"/> of them.</summary>
    /// <inheritdoc cref="ReplayAsync(StorageSession, DeadLetterFilter, string?, string, CancellationToken)"/>
    public Task<DeadLetterWork?> DiscardAsync(
        StorageSession session, DeadLetterFilter filter, string? seen, string reason, string who, CancellationToken ct) =>
        SettleAsync(session, filter, seen, "dead-letters.discard", reason, who, ids => DiscardAsync(session, ids, reason, who, ct), ct);

    /// <summary>Replays one, and writes down who did.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> ReplayOneAsync(StorageSession session, long id, string who, CancellationToken ct)
    {
        var done = await ReplayAsync(session, [id], ct).ConfigureAwait(false);
        await NoteAsync(session, "dead-letters.replay", $"dead-letters:{id}", new DeadLetterFilter(), done, null, who, ct).ConfigureAwait(false);
        return done == 1;
    }

    /// <summary>Lets one go, and writes down who did.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> DiscardOneAsync(StorageSession session, long id, string reason, string who, CancellationToken ct)
    {
        var done = await DiscardAsync(session, [id], reason, who, ct).ConfigureAwait(false);
        await NoteAsync(session, "dead-letters.discard", $"dead-letters:{id}", new DeadLetterFilter(), done, reason, who, ct).ConfigureAwait(false);
        return done == 1;
    }

    private async Task<DeadLetterWork?> SettleAsync(
        StorageSession session, DeadLetterFilter filter, string? seen, string action, string? reason, string who,
        Func<IReadOnlyList<long>, Task<int>> settle, CancellationToken ct)
    {
        var meant = await LookAsync(session, filter, ct).ConfigureAwait(false);
        if (seen is not null && seen != meant.Version)
        {
            return null;
        }

        var done = await settle(meant.Oldest).ConfigureAwait(false);
        await NoteAsync(session, action, "dead-letters", filter, done, reason, who, ct).ConfigureAwait(false);
        return new DeadLetterWork(meant, done, await LookAsync(session, filter, ct).ConfigureAwait(false));
    }

    private Task<int> NoteAsync(
        StorageSession session, string action, string subject, DeadLetterFilter filter, int done, string? reason, string who, CancellationToken ct) => done == 0
        ? Task.FromResult(0)
        : session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
                VALUES ($1, $5, $6, $7, $10, jsonb_strip_nulls(jsonb_build_object(
                  'connectionId', $2::bigint, 'topic', $3::text, 'since', $4::timestamptz, 'events', $8::int, 'reason', $9::text)))
                """,
                [.. Named(filter), Sql.P(DatabaseTime.Now(time)), Sql.P(who), Sql.P(action), Sql.P(done), Sql.P(reason), Sql.P(subject)]),
            ct);

    private static string Of(DeadLetterFilter filter) => filter.Discarded ? MeantDiscarded : Meant;

    private static NpgsqlParameter[] Named(DeadLetterFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return [Sql.P(filter.Connection?.Value), Sql.P(filter.Topic), Sql.P(DatabaseTime.Of(filter.Since))];
    }

    /// <summary>
    /// Makes dead letters pending again with no attempts behind them, also those that a person let go and that are stored still;
    /// returns how many were.
    /// </summary>
    public Task<int> ReplayAsync(StorageSession session, IReadOnlyCollection<long> eventIds, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                UPDATE inbox SET state = 0, attempts = 0, next_attempt_at = $3, finished_at = NULL, discarded_by = NULL
                WHERE tenant_id = $1 AND (state = 2 OR (state = 3 AND discarded_by IS NOT NULL)) AND event_id = ANY ($2)
                """,
                Sql.P(eventIds.ToArray()), Sql.P(DatabaseTime.Now(time))),
            ct);
    }

    /// <summary>Settles dead letters as not wanted; they are stored with the reason for as long as any event of their day.</summary>
    public Task<int> DiscardAsync(StorageSession session, IReadOnlyCollection<long> eventIds, string reason, string who, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                "UPDATE inbox SET state = 3, error = $3, finished_at = $4, discarded_by = $5 WHERE tenant_id = $1 AND state = 2 AND event_id = ANY ($2)",
                Sql.P(eventIds.ToArray()), Sql.P(reason), Sql.P(DatabaseTime.Now(time)), Sql.P(who)),
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
