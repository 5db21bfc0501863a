using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Orders;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>Rows of <c>orders</c>: made if missing, locked in key order, read, written.</summary>
internal static class OrderRows
{
    /// <summary>Locks the rows of orders, those nobody knew yet as placeholders.</summary>
    public static async Task<List<OrderState>> LockAsync(
        StorageSession session, IReadOnlyCollection<(ConnectionId Connection, string OrderRef)> orders, CancellationToken ct)
    {
        if (orders.Count == 0)
        {
            return [];
        }

        var sorted = orders.OrderBy(o => o.Connection.Value).ThenBy(o => o.OrderRef, StringComparer.Ordinal).ToList();
        NpgsqlParameter[] Keys() => [Sql.Column(sorted, o => o.Connection.Value), Sql.Column(sorted, o => o.OrderRef)];

        // A placeholder is inserted so that there is something to lock: two first events of one order meet here.
        // What sources call a transaction is no order of ours; it is locked with its SKUs.
        await using var batch = session.Batch(
            session.Of(
                """
                INSERT INTO orders (tenant_id, connection_id, order_ref)
                SELECT $1, connection_id, order_ref FROM unnest($2::bigint[], $3::text[]) AS o (connection_id, order_ref)
                WHERE NOT EXISTS (SELECT FROM sources s WHERE s.tenant_id = $1 AND s.connection_id = o.connection_id)
                ORDER BY connection_id, order_ref COLLATE "C" ON CONFLICT DO NOTHING
                """,
                Keys()),
            session.Of(
                """
                SELECT o.connection_id, o.order_ref, o.version_updated, o.version_authority, o.version_sequence,
                  o.snapshot::text, o.footprint::text, o.unmapped_lines, o.provisional, o.kits::text
                FROM orders o JOIN unnest($2::bigint[], $3::text[]) AS k (connection_id, order_ref)
                  ON o.connection_id = k.connection_id AND o.order_ref = k.order_ref
                WHERE o.tenant_id = $1
                ORDER BY o.connection_id, o.order_ref COLLATE "C" FOR NO KEY UPDATE OF o
                """,
                Keys()));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, Read, ct).ConfigureAwait(false);
    }

    public static NpgsqlBatchCommand Update(StorageSession session, IReadOnlyList<OrderState> orders, DateTimeOffset at) => session.Of(
        """
        UPDATE orders o SET version_updated = d.updated, version_authority = d.authority, version_sequence = d.sequence,
          snapshot = d.snapshot::jsonb, footprint = d.footprint::jsonb, unmapped_lines = d.unmapped,
          provisional = d.provisional, kits = d.kits::jsonb, cancelled = d.cancelled, updated_at = $2
        FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::smallint[], $7::bigint[], $8::text[], $9::text[],
          $10::int[], $11::bool[], $12::bool[], $13::text[])
          AS d (connection_id, order_ref, updated, authority, sequence, snapshot, footprint, unmapped, provisional, cancelled, kits)
        WHERE o.tenant_id = $1 AND o.connection_id = d.connection_id AND o.order_ref = d.order_ref
        """,
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
        Sql.Column(orders, o => o.Kits.IsEmpty ? null : StoredJson.Write(o.Kits)));

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
