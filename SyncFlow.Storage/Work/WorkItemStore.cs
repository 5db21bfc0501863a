using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Work;

/// <summary>An open work item, claimed for a while.</summary>
/// <param name="Asked">Which wish was claimed; a newer wish meanwhile keeps the item open.</param>
/// <param name="Attempts">How often it was claimed, this time included.</param>
public sealed record StoredWorkItem(long Id, ConnectionId Connection, WorkKind Kind, string Ref, int Attempts, long Asked);

/// <summary>
/// Calls to be made to channels. The engine asks, the connection's lease holder calls, the answer enters the inbox.
/// Claiming commits before the call: nothing is locked meanwhile, and a claim that is not answered for runs out.
/// </summary>
public sealed class WorkItemStore(TimeProvider time)
{
    /// <summary>The kind of incidents about items that a channel refused.</summary>
    public const string RefusedKind = "work-refused";

    private static readonly TimeSpan ClaimFor = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);

    /// <summary>An outage may last for hours: what is asked for is asked for until it is answered or refused.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>Doublings until the longest wait; more would leave the range of numbers.</summary>
    private const int MostDoublings = 10;

    /// <summary>Asks for items; a wish that is open already is counted and takes the earlier moment.</summary>
    public Task AddAsync(StorageSession session, IReadOnlyList<WorkItem> items, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(items);
        return items.Count == 0 ? Task.CompletedTask : session.ExecuteAsync(Upsert(session, items, DatabaseTime.Now(time)), ct);
    }

    /// <summary>When the next open item of a connection is due, or its claim runs out; null where none is open.</summary>
    public static async Task<DateTimeOffset?> NextDueAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var next = await session.QueryAsync(
            session.Of(
                "SELECT min(greatest(due_at, claimed_until)) FROM work_items WHERE tenant_id = $1 AND connection_id = $2 AND state = 0",
                Sql.P(connection.Value)),
            row => row.Nullable<DateTimeOffset>(0),
            ct).ConfigureAwait(false);
        return next[0];
    }

    /// <summary>Claims due items of a connection that nobody holds, oldest wish first.</summary>
    public Task<List<StoredWorkItem>> ClaimAsync(StorageSession session, ConnectionId connection, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var now = DatabaseTime.Now(time);

        // Materialised: joined as it stands, it may be run once per row, and each time finds rows not locked before.
        return session.QueryAsync(
            session.Of(
                """
                WITH due AS MATERIALIZED (
                  SELECT work_item_id FROM work_items
                  WHERE tenant_id = $1 AND connection_id = $2 AND state = 0 AND due_at <= $3
                    AND (claimed_until IS NULL OR claimed_until <= $3)
                  ORDER BY due_at, work_item_id LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED
                )
                UPDATE work_items w SET attempts = w.attempts + 1, claimed_until = $4
                FROM due
                WHERE w.tenant_id = $1 AND w.work_item_id = due.work_item_id
                RETURNING w.work_item_id, w.connection_id, w.kind, w.ref, w.attempts, w.asked
                """,
                Sql.P(connection.Value), Sql.P(now), Sql.P(now + ClaimFor), Sql.P(limit)),
            Read,
            ct);
    }

    /// <summary>
    /// The answers are in the inbox. An item is done, unless it was wished for again since it was claimed; what was refused of
    /// the same before is answered with it.
    /// </summary>
    public async Task DoneAsync(StorageSession session, IReadOnlyList<StoredWorkItem> items, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(items);
        await using var batch = session.Batch(
            session.Of(
                """
                UPDATE work_items w SET claimed_until = NULL, error = NULL,
                  state = CASE WHEN w.asked = d.asked THEN 1 ELSE 0 END, attempts = CASE WHEN w.asked = d.asked THEN attempts ELSE 0 END,
                  finished_at = CASE WHEN w.asked = d.asked THEN $2::timestamptz END
                FROM unnest($3::bigint[], $4::bigint[]) AS d (work_item_id, asked)
                WHERE w.tenant_id = $1 AND w.work_item_id = d.work_item_id AND w.state = 0
                """,
                Sql.P(DatabaseTime.Now(time)), Sql.Column(items, i => i.Id), Sql.Column(items, i => i.Asked)),
            session.Of(
                """
                UPDATE work_items w SET state = 1
                FROM unnest($2::bigint[], $3::smallint[], $4::text[]) AS d (connection_id, kind, ref)
                WHERE w.tenant_id = $1 AND w.connection_id = d.connection_id AND w.kind = d.kind AND w.ref = d.ref AND w.state = 2
                """,
                Sql.Column(items, i => i.Connection.Value), Sql.Column(items, i => (short)i.Kind), Sql.Column(items, i => i.Ref)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>The call failed and may work later: each item waits twice as long each time, five minutes at most, without end.</summary>
    /// <param name="retryAfter">How long the other side asked us to wait, if it did.</param>
    public Task RetryAsync(StorageSession session, IReadOnlyList<StoredWorkItem> items, string error, TimeSpan? retryAfter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(session);
        var now = DatabaseTime.Now(time);
        return session.ExecuteAsync(
            session.Of(
                """
                UPDATE work_items w SET claimed_until = NULL, due_at = d.due_at, error = $4
                FROM unnest($2::bigint[], $3::timestamptz[]) AS d (work_item_id, due_at)
                WHERE w.tenant_id = $1 AND w.work_item_id = d.work_item_id AND w.state = 0
                """,
                Sql.Column(items, i => i.Id), Sql.Column(items, i => now + WaitOf(i, retryAfter)), Sql.P(error)),
            ct);
    }

    private static TimeSpan WaitOf(StoredWorkItem item, TimeSpan? retryAfter)
    {
        var wait = FirstWait * Math.Pow(2, Math.Min(item.Attempts - 1, MostDoublings));
        wait = wait > LongestWait ? LongestWait : wait;
        return retryAfter > wait ? retryAfter.Value : wait;
    }

    /// <summary>The channel refused the call for good: the item is dead, and a person is told.</summary>
    public async Task DeadAsync(StorageSession session, StoredWorkItem item, string error, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(item);
        var now = DatabaseTime.Now(time);
        await using var batch = session.Batch(
            session.Of(
                """
                UPDATE work_items SET state = 2, claimed_until = NULL, error = $3, finished_at = $4
                WHERE tenant_id = $1 AND work_item_id = $2 AND state = 0
                """,
                Sql.P(item.Id), Sql.P(error), Sql.P(now)),
            CaseRows.UpsertIncidents(
                session,
                [
                    new Incident(
                        string.Create(CultureInfo.InvariantCulture, $"{RefusedKind}:{item.Connection.Value}"), RefusedKind,
                        $"The store refused a read that facts asked for ({item.Kind} {item.Ref}): {error}", item.Connection, null, null, now),
                ]));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    internal static NpgsqlBatchCommand Upsert(StorageSession session, IReadOnlyList<WorkItem> items, DateTimeOffset at)
    {
        var once = items.GroupBy(i => (i.Connection, i.Kind, i.Ref)).Select(g => (Item: g.First(), Due: g.Min(i => i.DueAt))).ToList();
        return session.Of(
            """
            INSERT INTO work_items AS w (tenant_id, connection_id, kind, ref, due_at, created_at)
            SELECT $1, d.connection_id, d.kind, d.ref, d.due_at, $2
            FROM unnest($3::bigint[], $4::smallint[], $5::text[], $6::timestamptz[]) AS d (connection_id, kind, ref, due_at)
            ORDER BY d.connection_id, d.kind, d.ref
            ON CONFLICT (tenant_id, connection_id, kind, ref) WHERE state = 0
            DO UPDATE SET due_at = least(w.due_at, excluded.due_at), asked = w.asked + 1
            """,
            Sql.P(at),
            Sql.Column(once, o => o.Item.Connection.Value), Sql.Column(once, o => (short)o.Item.Kind),
            Sql.Column(once, o => o.Item.Ref), Sql.Column(once, o => DatabaseTime.Of(o.Due)));
    }

    private static StoredWorkItem Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), new ConnectionId(row.GetInt64(1)), (WorkKind)row.GetInt16(2), row.GetString(3), row.GetInt32(4),
        row.GetInt64(5));
}
