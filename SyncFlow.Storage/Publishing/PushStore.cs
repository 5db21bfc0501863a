using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Publishing;

/// <summary>Pushes: stored whole before they are sent, settled element by element. See docs/protocol.md, rule R8.</summary>
public static class PushStore
{
    /// <summary>Levels of a connection that want a push, in order of priority; none while it does not publish. Locks nothing.</summary>
    public static Task<List<PlanCandidate>> CandidatesAsync(
        StorageSession session, ConnectionId connection, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.QueryAsync(
            session.Of(
                """
                SELECT sku_id, level_id, item_ref, external_location_id FROM listing_levels
                WHERE tenant_id = $1 AND connection_id = $2 AND at_work AND wants_push
                  AND EXISTS (SELECT FROM connections c WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.status IN (3, 8))
                ORDER BY push_priority, level_id LIMIT $3
                """,
                Sql.P(connection.Value), Sql.P(limit)),
            row => new PlanCandidate(new SkuId(row.GetInt64(0)), new LevelId(row.GetInt64(1)), row.GetString(2), row.GetString(3)),
            ct);
    }

    /// <summary>
    /// Stores a push before it is sent, and the set with the levels that carry it, in one round trip. From the commit on
    /// it may have been sent: it is either settled or counted as possible.
    /// </summary>
    /// <param name="body">The request's variables exactly as they will be sent.</param>
    /// <exception cref="LeaseLostException">The connection is leased to another by now.</exception>
    public static Task StoreIntentAsync(
        StorageSession session, WorkingSet set, Push push, string body, long epoch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(push);
        var elements = push.Elements;
        NpgsqlBatchCommand[] intent =
        [
            session.Of(
                """
                INSERT INTO pushes (tenant_id, push_id, connection_id, lease_epoch, state, body, elements, planned_at, deadline, kind)
                VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9)
                """,
                Sql.P(push.Id), Sql.P(push.Connection.Value), Sql.P(epoch), Sql.P(body), Sql.P(elements.Length),
                Sql.P(DatabaseTime.Of(push.PlannedAt)), Sql.P(DatabaseTime.Of(push.Deadline)), Sql.P((short)push.Kind)),
            session.Of(
                """
                INSERT INTO push_levels (tenant_id, push_id, level_id, sku_id, ordinal, generation, item_ref,
                  external_location_id, from_units, to_units, cause_at, planned_at, changes)
                SELECT $1, $2, d.level_id, d.sku_id, d.ordinal - 1, d.generation, d.item_ref, d.external_location_id,
                  d.from_units, d.to_units, d.cause_at, $3,
                  -- The level still stands as it did before the plan, which may have changed its target once more.
                  greatest(1, l.pending_changes + (d.to_units IS DISTINCT FROM l.target)::int)
                FROM unnest($4::bigint[], $5::bigint[], $6::int[], $7::text[], $8::text[], $9::int[], $10::int[], $11::timestamptz[])
                  WITH ORDINALITY AS d (level_id, sku_id, generation, item_ref, external_location_id, from_units, to_units, cause_at, ordinal)
                JOIN listing_levels l ON l.tenant_id = $1 AND l.level_id = d.level_id
                """,
                Sql.P(push.Id), Sql.P(DatabaseTime.Of(push.PlannedAt)),
                Sql.Column(elements, e => e.Level.Value), Sql.Column(elements, e => e.Sku.Value),
                Sql.Column(elements, e => e.Generation), Sql.Column(elements, e => e.ItemRef),
                Sql.Column(elements, e => e.ExternalLocation), Sql.Column(elements, e => e.From),
                Sql.Column(elements, e => e.To), Sql.Column(elements, e => DatabaseTime.Of(e.CauseAt))),
        ];
        return UnderLeaseAsync(session, set, "plan", intent, push.Connection, epoch, push.PlannedAt, ct);
    }

    /// <summary>
    /// Stores the answers, and the set with the levels they settle, in one round trip. The push is settled, or unknown
    /// when an answer was lost. An element that has an answer other than "lost" keeps it.
    /// </summary>
    /// <param name="fault">Why the call failed as a whole, if it did.</param>
    /// <param name="sentAt">When the call began; the first one stands.</param>
    /// <exception cref="LeaseLostException">The connection is leased to another by now.</exception>
    public static Task SettleAsync(
        StorageSession session, WorkingSet set, Push push, IReadOnlyList<ElementAnswer> answers, string? fault, DateTimeOffset? sentAt,
        long epoch, DateTimeOffset at, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(push);
        ArgumentNullException.ThrowIfNull(answers);
        NpgsqlBatchCommand[] settled =
        [
            session.Of(
                """
                UPDATE push_levels p SET outcome = d.outcome, code = d.code,
                  acknowledged_at = CASE WHEN d.outcome = 1 THEN $3::timestamptz END
                FROM unnest($4::bigint[], $5::smallint[], $6::text[]) AS d (level_id, outcome, code)
                WHERE p.tenant_id = $1 AND p.push_id = $2 AND p.planned_at = $7 AND p.level_id = d.level_id AND (p.outcome IS NULL OR p.outcome = 6)
                """,
                Sql.P(push.Id), Sql.P(DatabaseTime.Of(at)),
                Sql.Column(answers, a => a.Level.Value), Sql.Column(answers, a => (short)a.Outcome), Sql.Column(answers, a => a.Code),
                Sql.P(DatabaseTime.Of(push.PlannedAt))),
            session.Of(
                """
                UPDATE pushes p SET fault = $3, settled_at = CASE WHEN open THEN NULL ELSE $4::timestamptz END,
                  state = CASE WHEN open THEN 3 ELSE 2 END, sent_at = coalesce(sent_at, $5)
                FROM (SELECT EXISTS (
                  SELECT FROM push_levels WHERE tenant_id = $1 AND push_id = $2 AND planned_at = $6 AND (outcome IS NULL OR outcome = 6)) AS open) AS o
                WHERE p.tenant_id = $1 AND p.push_id = $2 AND p.planned_at = $6
                """,
                Sql.P(push.Id), Sql.P(fault), Sql.P(DatabaseTime.Of(at)), Sql.P(DatabaseTime.Of(sentAt)),
                Sql.P(DatabaseTime.Of(push.PlannedAt))),
        ];
        return UnderLeaseAsync(session, set, "settle", settled, push.Connection, epoch, at, ct);
    }

    /// <summary>
    /// Pushes of a connection that still sit on a level without an answer, oldest first: what a new lease holder finds.
    /// </summary>
    public static async Task<List<StoredPush>> UnsettledAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var rows = await session.QueryAsync(
            session.Of(
                """
                SELECT p.push_id, p.body, p.lease_epoch, p.state, p.planned_at, p.sent_at, p.deadline,
                  l.sku_id, l.level_id, l.generation, l.item_ref, l.external_location_id, l.from_units, l.to_units, l.cause_at, p.kind
                FROM pushes p JOIN push_levels l ON l.tenant_id = p.tenant_id AND l.push_id = p.push_id AND l.planned_at = p.planned_at
                WHERE p.tenant_id = $1 AND p.connection_id = $2 AND p.state <> 2
                ORDER BY p.planned_at, p.push_id, l.ordinal
                """,
                Sql.P(connection.Value)),
            ReadUnsettled,
            ct).ConfigureAwait(false);
        return [.. rows.GroupBy(r => r.Head.Id).Select(g => g.First().Head.ToPush(connection, [.. g.Select(r => r.Element)]))];
    }

    /// <summary>Closes unknown pushes that readings have settled: no level carries them any more.</summary>
    public static Task<int> CloseResolvedAsync(StorageSession session, ConnectionId connection, DateTimeOffset at, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(
            session.Of(
                """
                UPDATE pushes p SET state = 2, settled_at = $3
                WHERE p.tenant_id = $1 AND p.connection_id = $2 AND p.state = 3
                  AND NOT EXISTS (SELECT FROM listing_levels l WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.at_work AND l.in_flight_push = p.push_id)
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Of(at))),
            ct);
    }

    /// <summary>Writes the set and what is written of its push, all of it only if the connection is still leased under the epoch.</summary>
    private static async Task UnderLeaseAsync(
        StorageSession session, WorkingSet set, string cause, NpgsqlBatchCommand[] ofThePush, ConnectionId connection, long epoch,
        DateTimeOffset at, CancellationToken ct)
    {
        var held = LeaseStore.Require(session, connection, epoch);
        await StockWriter.Plan(session, set, cause, DatabaseTime.Of(at), [held, .. ofThePush]).RunAsync(session, ct).ConfigureAwait(false);
        LeaseStore.EnsureHeld(held, connection, epoch);
    }

    private static (Head Head, PushElement Element) ReadUnsettled(NpgsqlDataReader row) => (
        new Head(
            row.GetGuid(0), row.GetString(1), row.GetInt64(2), (PushState)row.GetInt16(3), row.Moment(4),
            row.Nullable<DateTimeOffset>(5), row.Moment(6), (PushKind)row.GetInt16(15)),
        new PushElement(
            new SkuId(row.GetInt64(7)), new LevelId(row.GetInt64(8)), row.GetInt32(9), row.GetString(10), row.GetString(11),
            row.GetInt32(12), row.GetInt32(13), row.Nullable<DateTimeOffset>(14)));

    private sealed record Head(
        Guid Id, string Body, long Epoch, PushState State, DateTimeOffset PlannedAt, DateTimeOffset? SentAt, DateTimeOffset Deadline,
        PushKind Kind)
    {
        public StoredPush ToPush(ConnectionId connection, System.Collections.Immutable.ImmutableArray<PushElement> elements) =>
            new(new Push(Id, connection, elements, PlannedAt, Deadline) { Kind = Kind }, Body, Epoch, State, SentAt);
    }
}
