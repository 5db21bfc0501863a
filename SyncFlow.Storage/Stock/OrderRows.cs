using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Orders;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>Rows of <c>orders</c>: locked in key order, read, written; made whole where they were missing.</summary>
internal static class OrderRows
{
    /// <summary>
    /// Locks the rows of orders; those nobody knew yet come as placeholders, and the session remembers that they are to
    /// be made. They are made when they are written: of two transactions that make the same order the later one fails
    /// (<see cref="IsRace"/>), and is to begin again.
    /// </summary>
    /// <param name="placeholders">
    /// Whether they are made now, empty: where something is decided by an order and the order is not written, two
    /// transactions must meet on its row. What sources call a transaction is no order of ours; it is locked with its SKUs.
    /// </param>
    public static IEnumerable<NpgsqlBatchCommand> Lock(
        StorageSession session, IReadOnlyCollection<(ConnectionId Connection, string OrderRef)> orders, bool placeholders)
    {
        var sorted = InOrder(orders, o => o);
        if (placeholders && sorted.Count > 0)
        {
            yield return session.Of(PlaceholderSql, Sql.Column(sorted, o => o.Connection.Value), Sql.Column(sorted, o => o.OrderRef));
        }

        yield return session.Of(
            """
            SELECT o.connection_id, o.order_ref, o.version_updated, o.version_authority, o.version_sequence,
              o.snapshot::text, o.footprint::text, o.unmapped_lines, o.provisional, o.kits::text
            FROM orders o JOIN unnest($2::bigint[], $3::text[]) AS k (connection_id, order_ref)
              ON o.connection_id = k.connection_id AND o.order_ref = k.order_ref
            WHERE o.tenant_id = $1
            ORDER BY o.connection_id, o.order_ref COLLATE "C" FOR NO KEY UPDATE OF o
            """,
            Sql.Column(sorted, o => o.Connection.Value), Sql.Column(sorted, o => o.OrderRef));
    }

    /// <summary><see cref="Lock"/> in a round trip of its own.</summary>
    public static async Task<List<OrderState>> LockAsync(
        StorageSession session, IReadOnlyCollection<(ConnectionId Connection, string OrderRef)> orders, bool placeholders, CancellationToken ct)
    {
        if (orders.Count == 0)
        {
            return [];
        }

        await using var batch = session.Batch([.. Lock(session, orders, placeholders)]);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await ReadLockedAsync(reader, session, orders, ct).ConfigureAwait(false);
    }

    /// <summary>Reads the result of <see cref="Lock"/>, on which the reader stands.</summary>
    public static async Task<List<OrderState>> ReadLockedAsync(
        NpgsqlDataReader reader, StorageSession session, IReadOnlyCollection<(ConnectionId Connection, string OrderRef)> orders, CancellationToken ct)
    {
        var found = await StorageSession.ReadAsync(reader, Read, ct).ConfigureAwait(false);
        var known = found.Select(o => (o.Connection, o.OrderRef)).ToHashSet();
        foreach (var missing in InOrder(orders, o => o).Where(o => !known.Contains(o)))
        {
            session.OrdersToMake.Add(missing);
            found.Add(OrderState.Placeholder(missing.Connection, missing.OrderRef));
        }

        return found;
    }

    /// <summary>Writes orders: those that were locked are updated, those that were missing are made.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Write(StorageSession session, IReadOnlyList<OrderState> orders, DateTimeOffset at)
    {
        var made = orders.ToLookup(o => session.OrdersToMake.Remove((o.Connection, o.OrderRef)));
        if (made[false].ToList() is { Count: > 0 } known)
        {
            yield return session.Of(UpdateSql, Parameters(known, at));
        }

        if (InOrder(made[true], o => (o.Connection, o.OrderRef)) is { Count: > 0 } unknown)
        {
            yield return session.Of(InsertSql, Parameters(unknown, at));
        }
    }

    /// <summary>Whether a transaction failed because another made one of its orders meanwhile.</summary>
    public static bool IsRace(PostgresException failure) =>
        failure.SqlState == PostgresErrorCodes.UniqueViolation && failure.ConstraintName == "orders_pkey";

    private static List<T> InOrder<T>(IEnumerable<T> orders, Func<T, (ConnectionId Connection, string OrderRef)> key) =>
        [.. orders.OrderBy(o => key(o).Connection.Value).ThenBy(o => key(o).OrderRef, StringComparer.Ordinal)];

    private static NpgsqlParameter[] Parameters(IReadOnlyList<OrderState> orders, DateTimeOffset at) =>
    [
        Sql.P(at),
        Sql.Column(orders, o => o.Connection.Value),
        Sql.Column(orders, o => o.OrderRef),
        Sql.Column(orders, o => o.Version.UpdatedAt),
        Sql.Column(orders, o => o.Version.Authority),
        Sql.Column(orders, o => o.Version.Sequence),
        Sql.Column(orders, o => o.Snapshot is null ? null : StoredJson.Write(o.Snapshot)),
        Sql.Column(orders, o => o.Applied.IsDefaultOrEmpty ? null : StoredJson.Write(o.Applied)),
        Sql.Column(orders, o => o.UnmappedLines),
        Sql.Column(orders, o => o.Provisional),
        Sql.Column(orders, o => o.Snapshot?.Cancelled ?? false),
        Sql.Column(orders, o => o.Kits.IsEmpty ? null : StoredJson.Write(o.Kits)),
    ];

    private const string PlaceholderSql =
        """
        INSERT INTO orders (tenant_id, connection_id, order_ref)
        SELECT $1, connection_id, order_ref FROM unnest($2::bigint[], $3::text[]) AS o (connection_id, order_ref)
        WHERE NOT EXISTS (SELECT FROM sources s WHERE s.tenant_id = $1 AND s.connection_id = o.connection_id)
        ORDER BY connection_id, order_ref COLLATE "C" ON CONFLICT DO NOTHING
        """;

    private const string Rows =
        """
        unnest($3::bigint[], $4::text[], $5::bigint[], $6::smallint[], $7::bigint[], $8::text[], $9::text[],
          $10::int[], $11::bool[], $12::bool[], $13::text[])
          AS d (connection_id, order_ref, updated, authority, sequence, snapshot, footprint, unmapped, provisional, cancelled, kits)
        """;

    private const string UpdateSql =
        $"""
        UPDATE orders o SET version_updated = d.updated, version_authority = d.authority, version_sequence = d.sequence,
          snapshot = d.snapshot::json, footprint = d.footprint::json, unmapped_lines = d.unmapped,
          provisional = d.provisional, kits = d.kits::json, cancelled = d.cancelled, updated_at = $2
        FROM {Rows}
        WHERE o.tenant_id = $1 AND o.connection_id = d.connection_id AND o.order_ref = d.order_ref
        """;

    private const string InsertSql =
        $"""
        INSERT INTO orders (tenant_id, connection_id, order_ref, version_updated, version_authority, version_sequence,
          snapshot, footprint, unmapped_lines, provisional, cancelled, kits, updated_at)
        SELECT $1, d.connection_id, d.order_ref, d.updated, d.authority, d.sequence, d.snapshot::json, d.footprint::json,
          d.unmapped, d.provisional, d.cancelled, d.kits::json, $2
        FROM {Rows}
        """;

    private static OrderState Read(NpgsqlDataReader row) => new(
        new ConnectionId(row.GetInt64(0)),
        row.GetString(1),
        new FactVersion(row.GetInt64(2), row.GetInt16(3), row.GetInt64(4)),
        row.Text(5) is { } snapshot ? StoredJson.ReadSnapshot(snapshot) : null,
        row.Text(6) is { } footprint ? StoredJson.ReadFootprint(footprint) : [],
        row.GetInt32(7),
        row.GetBoolean(8))
    {
        Kits = row.Text(9) is { } kits ? StoredJson.ReadKits(kits) : [],
    };
}
