using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Storage.Inbox;

/// <summary>The inbox: what arrived is here before anybody is told that it did. See docs/decisions/0004.</summary>
/// <param name="source">Ingest may only append; the worker and the API may do the rest, in a session.</param>
public sealed class InboxStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Appends events of any tenants in one statement; returns how many were new. Needs the role ingest.</summary>
    public async Task<int> AppendAsync(IReadOnlyList<InboxEvent> events, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0)
        {
            return 0;
        }

        await using var command = source.CreateCommand(AppendSql);
        command.Parameters.AddRange(AppendParameters(events));
        return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Appends events of the session's tenant; they exist when it commits.</summary>
    public static async Task<int> AppendAsync(StorageSession session, IReadOnlyList<InboxEvent> events, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(events);
        if (events.Any(e => e.Tenant != session.Tenant))
        {
            throw new ArgumentException("An event belongs to another tenant than the session.", nameof(events));
        }

        if (events.Count == 0)
        {
            return 0;
        }

        var statement = new NpgsqlBatchCommand(AppendSql);
        statement.Parameters.AddRange(AppendParameters(events));
        return await session.ExecuteAsync(statement, ct).ConfigureAwait(false);
    }

    /// <summary>Appends events of the session's tenant; returns the names of those that were new.</summary>
    internal static Task<List<string>> AppendNewAsync(StorageSession session, IReadOnlyList<InboxEvent> events, CancellationToken ct)
    {
        var statement = new NpgsqlBatchCommand(AppendSql + " RETURNING webhook_id");
        statement.Parameters.AddRange(AppendParameters(events));
        return session.QueryAsync(statement, row => row.GetString(0), ct);
    }

    /// <summary>
    /// Claims due events of the session's tenant, oldest first, that no other transaction holds. They are the session's
    /// until it ends: commit with a mark, or they are pending again.
    /// </summary>
    /// <param name="limit">Most events, at most <see cref="InboxRetries.MostClaimed"/>.</param>
    /// <param name="share">Which of them.</param>
    public Task<List<InboxItem>> ClaimAsync(StorageSession session, int limit, CancellationToken ct, InboxShare share = InboxShare.All)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, InboxRetries.MostClaimed);

        // The limit is said and not passed: a plan made once for all must know that few of many are wanted, in order.
        return session.QueryAsync(
            session.Of(
                SelectItem + $"""
                 WHERE tenant_id = $1 AND state = 0 AND next_attempt_at <= $2{Within(share)}
                ORDER BY next_attempt_at, event_id LIMIT {limit} FOR NO KEY UPDATE SKIP LOCKED
                """,
                Sql.P(DatabaseTime.Now(time))),
            ReadItem,
            ct);
    }

    /// <summary>Claims one event, if it is still pending and nobody holds it.</summary>
    public static async Task<InboxItem?> ClaimOneAsync(StorageSession session, InboxKey key, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var found = await session.QueryAsync(
            session.Of(
                SelectItem + " WHERE tenant_id = $1 AND received_day = $2 AND event_id = $3 AND state = 0 FOR NO KEY UPDATE SKIP LOCKED",
                Sql.P(key.Day), Sql.P(key.EventId)),
            ReadItem,
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Statements that write what became of claimed events, one for each day they were received on.</summary>
    internal static IEnumerable<NpgsqlBatchCommand> Marks(StorageSession session, IReadOnlyList<InboxMark> marks, DateTimeOffset at)
    {
        foreach (var day in marks.GroupBy(m => m.Key.Day)) // A constant day lets the planner look at one partition only.
        {
            var rows = day.ToList();
            yield return session.Of(
                """
                UPDATE inbox i SET state = m.state, outcome = m.outcome, error = m.error, finished_at = $3
                FROM unnest($4::bigint[], $5::smallint[], $6::smallint[], $7::text[]) AS m (event_id, state, outcome, error)
                WHERE i.tenant_id = $1 AND i.received_day = $2 AND i.event_id = m.event_id AND i.event_id BETWEEN $8 AND $9
                """,
                Sql.P(day.Key), Sql.P(at),
                Sql.Column(rows, m => m.Key.EventId), Sql.Column(rows, m => (short)m.State),
                Sql.Column(rows, m => (short?)m.Outcome), Sql.Column(rows, m => m.Reason),
                // However the rows are looked up, never are all events of the day read: a batch is a short stretch of them.
                Sql.P(rows.Min(m => m.Key.EventId)), Sql.P(rows.Max(m => m.Key.EventId)));
        }
    }

    /// <summary>Records a failed attempt: the event waits, or is a dead letter after <see cref="InboxRetries.MostAttempts"/>, with an incident.</summary>
    /// <returns>Where it stands now.</returns>
    public async Task<InboxState> RecordFailureAsync(StorageSession session, InboxItem item, string error, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(item);
        var attempts = item.Attempts + 1;
        var state = attempts >= InboxRetries.MostAttempts ? InboxState.Dead : InboxState.Pending;
        var now = DatabaseTime.Now(time);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE inbox SET attempts = $4, state = $5, error = $6, next_attempt_at = $7, finished_at = $8
                WHERE tenant_id = $1 AND received_day = $2 AND event_id = $3 AND state = 0
                """,
                Sql.P(item.Key.Day), Sql.P(item.Key.EventId), Sql.P(attempts), Sql.P((short)state), Sql.P(error),
                Sql.P(now + InboxRetries.After(attempts)), Sql.P<DateTimeOffset?>(state == InboxState.Dead ? now : null)),
            ct).ConfigureAwait(false);
        if (state == InboxState.Dead)
        {
            await session.ExecuteAsync(DeadLetterIncidents.Open(session, item, error, now), ct).ConfigureAwait(false);
        }

        return state;
    }

    /// <summary>Tenants for which something is due, by number. Needs the role worker.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsWithPendingAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_pending_inbox($1)");
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Makes partitions for the days ahead; returns how many were missing. Needs the role worker.</summary>
    public async Task<int> EnsurePartitionsAsync(int daysAhead, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT ensure_inbox_partitions($1)");
        command.Parameters.Add(Sql.P(daysAhead));
        return (int)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    /// <summary>
    /// Drops days older than <paramref name="keepDays"/>, each in a transaction of its own; of them only what waits or is dead stays,
    /// until it is no more. Returns how many went. Needs the role worker.
    /// </summary>
    public async Task<int> DropPartitionsAsync(int keepDays, CancellationToken ct)
    {
        for (var dropped = 0; ; dropped++)
        {
            await using var command = source.CreateCommand("SELECT drop_inbox_partitions($1)");
            command.Parameters.Add(Sql.P(keepDays));
            if ((int)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))! == 0)
            {
                return dropped;
            }
        }
    }

    private static string Within(InboxShare share) => share switch
    {
        InboxShare.Live => $" AND content <> '{SourceContents.Events}'",
        InboxShare.History => $" AND content = '{SourceContents.Events}'",
        _ => "",
    };

    private static NpgsqlParameter[] AppendParameters(IReadOnlyList<InboxEvent> events) =>
    [
        Sql.Column(events, e => e.Tenant.Value),
        Sql.Column(events, e => e.Connection?.Value),
        Sql.Column(events, e => e.Topic),
        Sql.Column(events, e => e.WebhookId),
        Sql.Column(events, e => e.CorrelationId),
        Sql.Column(events, e => DatabaseTime.Of(e.TriggeredAt)),
        Sql.Column(events, e => DatabaseTime.Of(e.ReceivedAt)),
        Sql.Column(events, e => e.ApiVersion),
        Sql.Column(events, e => e.Content),
        Sql.Column(events, e => e.Body),
    ];

    private static InboxItem ReadItem(NpgsqlDataReader row) => new(
        new InboxKey(row.GetInt64(0), row.GetFieldValue<DateOnly>(1)),
        row.Nullable<long>(2) is { } connection ? new ConnectionId(connection) : null,
        row.GetString(3),
        row.GetString(4),
        row.Text(5),
        row.Moment(6),
        row.Moment(7),
        row.Text(8),
        row.GetString(9),
        row.GetFieldValue<byte[]>(10),
        row.GetInt32(11));

    // No conflict target: naming one would need the right to read the inbox, which ingest does not have.
    private const string AppendSql =
        """
        INSERT INTO inbox (tenant_id, connection_id, topic, webhook_id, correlation_id, triggered_at, received_at,
          api_version, content, body, received_day, next_attempt_at)
        SELECT tenant_id, connection_id, topic, webhook_id, correlation_id, triggered_at, received_at,
          api_version, content, body, (received_at AT TIME ZONE 'UTC')::date, received_at
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
          $8::text[], $9::text[], $10::bytea[])
          AS e (tenant_id, connection_id, topic, webhook_id, correlation_id, triggered_at, received_at, api_version, content, body)
        ON CONFLICT DO NOTHING
        """;

    private const string SelectItem =
        """
        SELECT event_id, received_day, connection_id, topic, webhook_id, correlation_id, triggered_at, received_at,
          api_version, content, body, attempts
        FROM inbox
        """;
}
