using System.Text.Json;
using Npgsql;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Requests;

/// <summary>Lines of reservations as they were asked for: a kit's parts are one line again.</summary>
internal static class ReservationLines
{
    private sealed record Row(
        long Reservation, int Wish, string? Location, string? Kit, int? Kits, ReservationPartView Part);

    /// <summary>The lines of reservations, in order.</summary>
    public static async Task<ILookup<long, ReservationLineView>> ReadAsync(StorageSession session, long[] ids, CancellationToken ct)
    {
        var rows = await session.QueryAsync(
            session.Of(
                """
                SELECT l.reservation_id, l.wish, p.code, k.code, l.kits, s.code, l.units, l.state, l.taken, h.held::text
                FROM reservation_lines l JOIN skus s USING (tenant_id, sku_id)
                LEFT JOIN skus k ON k.tenant_id = l.tenant_id AND k.sku_id = l.kit_sku_id
                LEFT JOIN locations p ON p.tenant_id = l.tenant_id AND p.location_id = l.location_id
                LEFT JOIN LATERAL (
                  SELECT jsonb_agg(jsonb_build_array(c.code, e.value -> 2)) AS held
                  FROM jsonb_array_elements(l.held) AS e JOIN locations c
                    ON c.tenant_id = l.tenant_id AND c.location_id = (e.value ->> 0)::bigint) h ON true
                WHERE l.tenant_id = $1 AND l.reservation_id = ANY ($2) ORDER BY l.reservation_id, l.line
                """,
                Sql.P(ids)),
            Read,
            ct).ConfigureAwait(false);
        return rows.GroupBy(r => (r.Reservation, r.Wish)).Select(wish => (wish.Key.Reservation, Line: LineOf([.. wish])))
            .ToLookup(l => l.Reservation, l => l.Line);
    }

    private static ReservationLineView LineOf(List<Row> rows)
    {
        var first = rows[0];
        if (first.Kit is null)
        {
            var (sku, units, status, taken, held) = first.Part;
            return new ReservationLineView(first.Wish, sku, first.Location, units, status, taken, held, []);
        }

        // As in the request's own row: what is least settled, unless all of it has ended.
        var parts = rows.ConvertAll(r => r.Part);
        var least = parts.Min(p => p.Status);
        return new ReservationLineView(
            first.Wish, first.Kit, first.Location, first.Kits!.Value,
            least <= RequestLineState.Committed ? least : parts.Max(p => p.Status),
            parts.Min(p => (int)((long)p.Taken * first.Kits.Value / p.Units)), [], parts);
    }

    private static Row Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetInt32(1), row.Text(2), row.Text(3), row.Nullable<int>(4),
        new ReservationPartView(
            row.GetString(5), row.GetInt32(6), (RequestLineState)row.GetInt16(7), row.GetInt32(8), ReadHeld(row.Text(9))));

    private static IReadOnlyList<ReservationHeld> ReadHeld(string? json)
    {
        if (json is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(part => new ReservationHeld(part[0].GetString()!, part[1].GetInt32()))];
    }
}
