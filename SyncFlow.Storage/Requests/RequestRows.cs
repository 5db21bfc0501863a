using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Requests;

/// <summary>Lines of requests as rows: read with their SKUs, written with them.</summary>
internal static class RequestRows
{
    /// <summary>Open lines of SKUs: those that wait, and those held ones that are asked for.</summary>
    public static NpgsqlBatchCommand Select(StorageSession session, long[] skus, RequestKeys keys) => session.Of(
        """
        SELECT l.sku_id, l.reservation_id, l.line, r.reference, l.units, l.location_id, l.state, l.taken, l.held::text,
          r.connection_id, r.order_ref, l.wish, l.kit_sku_id, l.kits, l.pool_group
        FROM reservation_lines l JOIN reservations r USING (tenant_id, reservation_id)
        WHERE l.tenant_id = $1 AND l.sku_id = ANY ($2) AND (l.state = 1 OR l.state = 2 AND l.reservation_id IN (
          SELECT unnest($3::bigint[])
          UNION ALL
          SELECT f.reservation_id FROM reservations f WHERE f.tenant_id = $1 AND f.reference = ANY ($4)
          UNION ALL
          SELECT f.reservation_id FROM reservations f JOIN unnest($5::bigint[], $6::text[]) AS o (connection_id, order_ref)
            ON f.connection_id = o.connection_id AND f.order_ref = o.order_ref WHERE f.tenant_id = $1))
        ORDER BY l.sku_id, l.reservation_id, l.line
        """,
        Sql.P(skus), Sql.P(keys.Ids.ToArray()), Sql.P(keys.References.ToArray()),
        Sql.P(keys.Orders.Select(o => o.Connection.Value).ToArray()), Sql.P(keys.Orders.Select(o => o.OrderRef).ToArray()));

    public static (SkuId Sku, RequestLine Line) Read(NpgsqlDataReader row) => (new SkuId(row.GetInt64(0)), new RequestLine(
        new RequestId(row.GetInt64(1)),
        row.GetInt32(2),
        row.GetString(3),
        row.GetInt32(4),
        row.Nullable<long>(5) is { } location ? new LocationId(location) : null,
        (RequestLineState)row.GetInt16(6),
        row.GetInt32(7),
        ReadHeld(row.Text(8)),
        row.Nullable<long>(9) is { } connection ? new ConnectionId(connection) : null,
        row.Text(10))
    {
        Wish = row.GetInt32(11),
        Kit = row.Nullable<long>(12) is { } kit ? new KitWish(new SkuId(kit), row.GetInt32(13)) : null,
        Group = row.Nullable<int>(14),
    });

    /// <summary>
    /// Writes lines, and then their requests from all their lines. The requests' rows are locked first: two
    /// transactions that settle different lines of one request must not both think the other's is open.
    /// </summary>
    public static NpgsqlBatchCommand[] Write(
        StorageSession session, IReadOnlyList<(SkuId Sku, RequestLine Line)> lines, DateTimeOffset at)
    {
        var ids = lines.Select(l => l.Line.Request.Value).Distinct().Order().ToArray();
        var linked = lines.Select(l => l.Line).Where(l => l.OrderRef is not null).DistinctBy(l => l.Request).ToList();
        return
        [
            session.Of(
                "SELECT 1 FROM reservations WHERE tenant_id = $1 AND reservation_id = ANY ($2) ORDER BY reservation_id FOR NO KEY UPDATE",
                Sql.P(ids)),
            session.Of(
                """
                INSERT INTO reservation_lines (tenant_id, reservation_id, line, sku_id, location_id, units, state, taken, held,
                  wish, kit_sku_id, kits, pool_group)
                SELECT $1, d.reservation_id, d.line, d.sku_id, d.location_id, d.units, d.state, d.taken, d.held::jsonb, d.wish,
                  d.kit_sku_id, d.kits, d.pool_group
                FROM unnest($2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::int[], $7::smallint[], $8::int[], $9::text[],
                  $10::int[], $11::bigint[], $12::int[], $13::int[])
                  AS d (reservation_id, line, sku_id, location_id, units, state, taken, held, wish, kit_sku_id, kits, pool_group)
                ON CONFLICT (tenant_id, reservation_id, line)
                DO UPDATE SET state = excluded.state, taken = excluded.taken, held = excluded.held
                """,
                Sql.Column(lines, l => l.Line.Request.Value), Sql.Column(lines, l => l.Line.Number),
                Sql.Column(lines, l => l.Sku.Value), Sql.Column(lines, l => l.Line.Location?.Value),
                Sql.Column(lines, l => l.Line.Units), Sql.Column(lines, l => (short)l.Line.State),
                Sql.Column(lines, l => l.Line.Taken), Sql.Column(lines, l => WriteHeld(l.Line.Held)),
                Sql.Column(lines, l => l.Line.Wish), Sql.Column(lines, l => l.Line.Kit?.Sku.Value),
                Sql.Column(lines, l => l.Line.Kit?.Units), Sql.Column(lines, l => l.Line.Group)),
            session.Of(
                """
                UPDATE reservations r SET state = l.state,
                  connection_id = coalesce(o.connection_id, r.connection_id), order_ref = coalesce(o.order_ref, r.order_ref),
                  granted_at = CASE WHEN l.state > 1 THEN coalesce(r.granted_at, $2) END,
                  ended_at = CASE WHEN l.state > 2 THEN coalesce(r.ended_at, $2) END
                FROM (
                  SELECT reservation_id, CASE WHEN min(state) <= 3 THEN min(state) ELSE max(state) END AS state
                  FROM reservation_lines WHERE tenant_id = $1 AND reservation_id = ANY ($3) GROUP BY reservation_id) l
                LEFT JOIN unnest($4::bigint[], $5::bigint[], $6::text[]) AS o (reservation_id, connection_id, order_ref)
                  USING (reservation_id)
                WHERE r.tenant_id = $1 AND r.reservation_id = l.reservation_id
                """,
                Sql.P(at), Sql.P(ids), Sql.Column(linked, l => l.Request.Value),
                Sql.Column(linked, l => l.Connection?.Value), Sql.Column(linked, l => l.OrderRef)),
        ];
    }

    /// <summary><c>[[location, bucket, units], …]</c></summary>
    private static string? WriteHeld(ImmutableArray<HeldUnits> held)
    {
        if (held.IsDefaultOrEmpty)
        {
            return null;
        }

        var text = new StringBuilder("[");
        foreach (var part in held)
        {
            text.Append(text.Length > 1 ? "," : "");
            text.Append(CultureInfo.InvariantCulture, $"[{part.Location.Value},{(short)part.Bucket},{part.Units}]");
        }

        return text.Append(']').ToString();
    }

    internal static ImmutableArray<HeldUnits> ReadHeld(string? json) => json is null
        ? []
        : [.. JsonSerializer.Deserialize<long[][]>(json)!.Select(
            part => new HeldUnits(new LocationId(part[0]), (Bucket)part[1], checked((int)part[2])))];
}
