using System.Data.Common;
using Npgsql;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Operations;

/// <summary>Count sheets as people see them.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class SheetReader(NpgsqlDataSource source)
{
    private const string Columns =
        """
        SELECT h.sheet_id, h.name, l.code, h.state, h.review_percent, h.actor, h.created_at, h.submitted_at, h.finished_at,
          n.lines, n.counted, n.review, n.booked, n.rejected
        FROM count_sheets h JOIN locations l USING (tenant_id, location_id)
        CROSS JOIN LATERAL (
          SELECT count(*)::int AS lines, count(counted)::int AS counted, (count(*) FILTER (WHERE state = 2))::int AS review,
            (count(*) FILTER (WHERE state = 3))::int AS booked, (count(*) FILTER (WHERE state = 4))::int AS rejected
          FROM count_sheet_lines x WHERE x.tenant_id = h.tenant_id AND x.sheet_id = h.sheet_id) n
        WHERE h.tenant_id = $1
        """;

    /// <summary>Sheets, newest first.</summary>
    public Task<List<SheetView>> ListAsync(long tenant, SheetState? state, long? location, long? before, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::smallint IS NULL OR h.state = $2) AND ($3::bigint IS NULL OR h.location_id = $3)
             AND ($4::bigint IS NULL OR h.sheet_id < $4) ORDER BY h.sheet_id DESC LIMIT $5
            """;
        return source.ListAsync(tenant, sql, Read, [(short?)state, location, before, count], ct);
    }

    /// <summary>One sheet, or null.</summary>
    public Task<SheetView?> FindAsync(long tenant, long sheet, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND h.sheet_id = $2", Read, [sheet], ct);

    /// <summary>Lines of a sheet by SKU, with the variance that a submission would book or has booked.</summary>
    /// <param name="sheet">The sheet as it was read.</param>
    /// <param name="after">Only later codes (as compared).</param>
    public async Task<List<SheetLineView>> LinesAsync(long tenant, SheetView sheet, SheetLineState? state, string? after, int count, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(sheet);
        const string sql =
            """
            SELECT s.code, s.title, n.state, n.counted, n.as_of, coalesce(n.expected, CASE WHEN n.counted IS NOT NULL THEN (
                SELECT coalesce(sum(e.delta), 0)::int FROM ledger_entries e
                WHERE e.tenant_id = $1 AND e.sku_id = n.sku_id AND e.location_id = h.location_id AND e.bucket = 1 AND e.occurred_at < n.as_of) END),
              n.reviewed_by, n.reviewed_at, n.sku_id
            FROM (SELECT n.*, s.code, s.title, s.code_key FROM count_sheet_lines n JOIN skus s USING (tenant_id, sku_id)
                  WHERE n.tenant_id = $1 AND n.sheet_id = $2 AND ($3::smallint IS NULL OR n.state = $3) AND ($4::text IS NULL OR s.code_key > $4)
                  ORDER BY s.code_key LIMIT $5) n
            JOIN count_sheets h USING (tenant_id, sheet_id) JOIN skus s USING (tenant_id, sku_id) ORDER BY s.code_key
            """;
        return await source.ListAsync(
            tenant,
            sql,
            row => SheetLineView.Of(
                new SheetLineView(
                    row.GetString(0), row.GetString(1), (SheetLineState)row.GetInt16(2), row.IntOrNull(3), row.TimeOrNull(4), null, null, null,
                    false, row.Text(6), row.TimeOrNull(7), row.GetInt64(8)),
                row.IntOrNull(5),
                sheet.ReviewPercent),
            [sheet.Id, (short?)state, after, count],
            ct).ConfigureAwait(false);
    }

    private static SheetView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (SheetState)row.GetInt16(3), row.GetInt32(4), row.GetString(5), row.Time(6),
        row.TimeOrNull(7), row.TimeOrNull(8), row.GetInt32(9), row.GetInt32(10), row.GetInt32(11), row.GetInt32(12), row.GetInt32(13));
}
