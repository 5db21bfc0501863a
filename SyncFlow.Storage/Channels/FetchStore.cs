using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>What the worker fetched itself: stored as inbox events, waited for, and how far it got.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class FetchStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Stores events; those stored before on the same day are left as they are.</summary>
    /// <param name="under">The lease that must be held for it; null where none is needed.</param>
    /// <exception cref="LeaseLostException">It is not held any more; nothing is stored.</exception>
    public async Task<int> StoreAsync(TenantId tenant, IReadOnlyList<InboxEvent> events, LeaseOf? under, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var stored = await InboxStore.AppendAsync(session, events, ct).ConfigureAwait(false);
        if (under is { } lease)
        {
            await LeaseStore.RequireAsync(session, lease.Connection, lease.Epoch, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return stored;
    }

    /// <summary>How many of these events, stored on this day or the one before, are not applied yet; and how many are dead.</summary>
    public async Task<(int Pending, int Dead)> PendingAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<string> names, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(DatabaseTime.Now(time).UtcDateTime);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var counts = await session.QueryAsync(
            session.Of(
                """
                SELECT count(*) FILTER (WHERE e.state = 0)::int, count(*) FILTER (WHERE e.state = 2)::int
                FROM unnest($3::text[]) AS n (name) CROSS JOIN LATERAL (
                  SELECT i.state FROM inbox i
                  WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.webhook_id = n.name AND i.received_day BETWEEN $4 AND $5
                  OFFSET 0) AS e -- Name by name: else every event of these days is compared with every name.
                """,
                Sql.P(connection.Value), Sql.Column(names, n => n), Sql.P(today.AddDays(-1)), Sql.P(today.AddDays(1))),
            row => (row.GetInt32(0), row.GetInt32(1)),
            ct).ConfigureAwait(false);
        return counts[0];
    }

    /// <summary>
    /// Whether orders that were fetched before a moment are not applied yet, and how many are dead. One that is dead counts for
    /// nothing once that state of the order or a later one is applied (<see cref="Core.Orders.FactVersion"/>), for that one holds all of it.
    /// A webhook of the same second may be of before.
    /// </summary>
    public async Task<(bool Waiting, int Dead)> UnappliedOrdersAsync(
        TenantId tenant, ConnectionId connection, DateTimeOffset before, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT EXISTS (
                    SELECT FROM inbox i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.state = 0 AND i.topic IN ('fetch', 'import') AND i.received_at < $3),
                  (SELECT count(*)::int
                   FROM inbox i CROSS JOIN LATERAL string_to_array(i.webhook_id, ':') AS n
                   WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.state = 2 AND i.topic IN ('fetch', 'import') AND NOT EXISTS (
                     SELECT FROM orders o WHERE o.tenant_id = $1 AND o.connection_id = $2 AND o.order_ref = n[2]
                       AND (o.version_updated, o.version_authority, o.version_sequence) >= (
                         CASE WHEN n[3] ~ '^[0-9]{1,18}$' THEN n[3]::bigint ELSE 9223372036854775807 END,
                         1, (extract(epoch FROM i.triggered_at) * 10000000)::bigint + 621355968000000000)))
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Of(before))),
            row => (row.GetBoolean(0), row.GetInt32(1)),
            ct).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>
    /// Those of these orders that the ledger has not applied as of their update time, or does not know; and those of which
    /// more was asked for, because a message told of a change and not of all that it did.
    /// </summary>
    public async Task<IReadOnlyList<string>> UnknownAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<(string OrderRef, DateTimeOffset UpdatedAt)> orders, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                """
                SELECT d.order_ref FROM unnest($3::text[], $4::bigint[]) AS d (order_ref, updated)
                LEFT JOIN orders o ON o.tenant_id = $1 AND o.connection_id = $2 AND o.order_ref = d.order_ref
                WHERE o.version_updated IS NULL OR o.version_updated < d.updated OR EXISTS (
                  SELECT FROM work_items w WHERE w.tenant_id = $1 AND w.connection_id = $2 AND w.kind = $5 AND w.ref = d.order_ref AND w.state = 0)
                """,
                Sql.P(connection.Value), Sql.Column(orders, o => o.OrderRef), Sql.Column(orders, o => o.UpdatedAt.UtcTicks),
                Sql.P((short)WorkKind.FetchOrder)),
            row => row.GetString(0),
            ct).ConfigureAwait(false);
    }

    /// <summary>Up to which update time orders have been fetched, by the channel's clock; null before the first fetch.</summary>
    public async Task<DateTimeOffset?> WatermarkAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                "SELECT orders_watermark FROM connection_runtime WHERE tenant_id = $1 AND connection_id = $2",
                Sql.P(connection.Value)),
            row => row.Nullable<DateTimeOffset>(0),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Moves the watermark forward; never back.</summary>
    public Task AdvanceAsync(TenantId tenant, ConnectionId connection, DateTimeOffset to, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            """
            INSERT INTO connection_runtime (tenant_id, connection_id, orders_watermark) VALUES ($1, $2, $3)
            ON CONFLICT (tenant_id, connection_id) DO UPDATE
            SET orders_watermark = greatest(connection_runtime.orders_watermark, excluded.orders_watermark)
            """,
            Sql.P(connection.Value), Sql.P(DatabaseTime.Of(to))),
        ct);

    private async Task RunAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(statement(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
