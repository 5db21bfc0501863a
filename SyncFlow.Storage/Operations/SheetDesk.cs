using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>Count sheets: changes decide under the sheet's lock, and what is booked is taken in with the change.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SheetDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Most lines of a sheet.</summary>
    public const int MostLines = 10_000;

    /// <summary>Begins a sheet.</summary>
    /// <param name="skus">What is to be counted; null for everything that has stock or had it at the location.</param>
    /// <returns>Its id; null where there is nothing to count, or more than <see cref="MostLines"/>.</returns>
    public async Task<long?> CreateAsync(
        long tenant, string actor, string name, long location, int reviewPercent, IReadOnlyCollection<long>? skus, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var id = (await session.QueryAsync(
            session.Of(
                """
                INSERT INTO count_sheets (tenant_id, name, location_id, review_percent, actor, created_at)
                VALUES ($1, $2, $3, $4, $5, $6) RETURNING sheet_id
                """,
                Sql.P(name), Sql.P(location), Sql.P(reviewPercent), Sql.P(actor), Sql.P(DatabaseTime.Now(time))),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false))[0];
        var lines = await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO count_sheet_lines (tenant_id, sheet_id, sku_id)
                SELECT $1, $2, s.sku_id FROM skus s
                WHERE s.tenant_id = $1 AND CASE WHEN $4 THEN s.sku_id = ANY ($5)
                  ELSE EXISTS (SELECT FROM positions p WHERE p.tenant_id = $1 AND p.sku_id = s.sku_id AND p.location_id = $3) END
                LIMIT $6
                """,
                Sql.P(id), Sql.P(location), Sql.P(skus is not null), Sql.P(skus?.ToArray() ?? []), Sql.P(MostLines + 1)),
            ct).ConfigureAwait(false);
        if (lines is 0 or > MostLines)
        {
            return null;
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return id;
    }

    /// <summary>Enters what was counted; a line that was entered before is entered anew, a SKU that is not on the sheet is added.</summary>
    public async Task<SheetChange> EnterAsync(long tenant, long sheet, IReadOnlyList<CountedLine> lines, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await LockAsync(session, sheet, ct).ConfigureAwait(false) is not { } head)
        {
            return SheetChange.NotFound;
        }

        if (head.State != SheetState.Open)
        {
            return SheetChange.WrongState;
        }

        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO count_sheet_lines (tenant_id, sheet_id, sku_id, counted, as_of)
                SELECT $1, $2, d.* FROM unnest($3::bigint[], $4::int[], $5::timestamptz[]) AS d
                ON CONFLICT (tenant_id, sheet_id, sku_id) DO UPDATE SET counted = excluded.counted, as_of = excluded.as_of
                """,
                Sql.P(sheet), Sql.Column(lines, l => l.SkuId), Sql.Column(lines, l => l.Counted), Sql.Column(lines, l => DatabaseTime.Of(l.AsOf))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return SheetChange.Done;
    }

    /// <summary>
    /// Submits a sheet: small variances are taken in as counts, large ones wait for a person, and an incident says so.
    /// </summary>
    public async Task<SheetChange> SubmitAsync(long tenant, string actor, long sheet, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await LockAsync(session, sheet, ct).ConfigureAwait(false) is not { } head)
        {
            return SheetChange.NotFound;
        }

        if (head.State != SheetState.Open)
        {
            return SheetChange.WrongState;
        }

        var counted = await CountedAsync(session, head, ct).ConfigureAwait(false);
        var (toReview, toBook) = (counted.Where(Doubtful).ToList(), counted.Where(line => !Doubtful(line)).ToList());
        var now = DatabaseTime.Now(time);
        await MarkAsync(session, sheet, SheetLineState.Review, toReview, ct).ConfigureAwait(false);
        await BookAsync(session, actor, head, toBook, now, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE count_sheets SET state = $3, submitted_at = $4, finished_at = CASE WHEN $3 = 3 THEN $4 END
                WHERE tenant_id = $1 AND sheet_id = $2
                """,
                Sql.P(sheet), Sql.P((short)(toReview.Count > 0 ? SheetState.Review : SheetState.Done)), Sql.P(now)),
            ct).ConfigureAwait(false);
        if (toReview.Count > 0)
        {
            await OpenIncidentAsync(session, head, toReview.Count, now, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return SheetChange.Done;

        bool Doubtful(ExpectedLine line) => CountReview.IsNeeded(line.Expected, line.Counted, head.ReviewPercent);
    }

    /// <summary>A person's word on lines that wait; when none waits any more, the sheet is done and its incident closed.</summary>
    /// <returns>How many lines were decided; null where there is no such sheet.</returns>
    public async Task<int?> ReviewAsync(
        long tenant, string actor, long sheet, IReadOnlyCollection<long> approved, IReadOnlyCollection<long> rejected, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await LockAsync(session, sheet, ct).ConfigureAwait(false) is not { } head)
        {
            return null;
        }

        if (head.State != SheetState.Review)
        {
            return 0;
        }

        var waiting = (await CountedAsync(session, head, ct, SheetLineState.Review).ConfigureAwait(false)).ToDictionary(line => line.SkuId);
        var yes = approved.Where(waiting.ContainsKey).Select(sku => waiting[sku]).ToList();
        var no = rejected.Where(waiting.ContainsKey).Select(sku => waiting[sku]).ToList();
        var now = DatabaseTime.Now(time);
        await BookAsync(session, actor, head, yes, now, ct).ConfigureAwait(false);
        await MarkAsync(session, sheet, SheetLineState.Rejected, no, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                "UPDATE count_sheet_lines SET reviewed_by = $3, reviewed_at = $4 WHERE tenant_id = $1 AND sheet_id = $2 AND sku_id = ANY ($5)",
                Sql.P(sheet), Sql.P(actor), Sql.P(now), Sql.P(yes.Concat(no).Select(line => line.SkuId).ToArray())),
            ct).ConfigureAwait(false);
        if (yes.Count + no.Count == waiting.Count)
        {
            await FinishAsync(session, sheet, SheetState.Done, now, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return yes.Count + no.Count;
    }

    /// <summary>Nothing more of the sheet is booked; what was booked stays.</summary>
    public async Task<SheetChange> CancelAsync(long tenant, long sheet, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await LockAsync(session, sheet, ct).ConfigureAwait(false) is not { } head)
        {
            return SheetChange.NotFound;
        }

        if (head.State is SheetState.Done or SheetState.Cancelled)
        {
            return SheetChange.WrongState;
        }

        await FinishAsync(session, sheet, SheetState.Cancelled, DatabaseTime.Now(time), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return SheetChange.Done;
    }

    private static async Task<SheetHead?> LockAsync(StorageSession session, long sheet, CancellationToken ct) => (await session.QueryAsync(
        session.Of(
            "SELECT location_id, state, review_percent, name FROM count_sheets WHERE tenant_id = $1 AND sheet_id = $2 FOR NO KEY UPDATE",
            Sql.P(sheet)),
        row => new SheetHead(sheet, row.GetInt64(0), (SheetState)row.GetInt16(1), row.GetInt32(2), row.GetString(3)),
        ct).ConfigureAwait(false)).SingleOrDefault();

    private static Task<List<ExpectedLine>> CountedAsync(
        StorageSession session, SheetHead head, CancellationToken ct, SheetLineState state = SheetLineState.Open) => session.QueryAsync(
        session.Of(
            """
            SELECT n.sku_id, n.counted, n.as_of, coalesce(sum(e.delta), 0)::int
            FROM count_sheet_lines n LEFT JOIN ledger_entries e
              ON e.tenant_id = $1 AND e.sku_id = n.sku_id AND e.location_id = $3 AND e.bucket = 1 AND e.occurred_at < n.as_of
            WHERE n.tenant_id = $1 AND n.sheet_id = $2 AND n.state = $4 AND n.counted IS NOT NULL
            GROUP BY n.sku_id, n.counted, n.as_of ORDER BY n.sku_id
            """,
            Sql.P(head.Id), Sql.P(head.Location), Sql.P((short)state)),
        row => new ExpectedLine(row.GetInt64(0), row.GetInt32(1), row.Moment(2), row.GetInt32(3)),
        ct);

    private static async Task BookAsync(
        StorageSession session, string actor, SheetHead head, List<ExpectedLine> lines, DateTimeOffset now, CancellationToken ct)
    {
        await MarkAsync(session, head.Id, SheetLineState.Booked, lines, ct).ConfigureAwait(false);
        var operations = lines.ConvertAll(line => OperationEvents.OfCount(new OperationDraft(
            string.Create(CultureInfo.InvariantCulture, $"count:sheet:{head.Id}:{line.SkuId}"), OperationKind.Count, line.SkuId, head.Location,
            line.Counted, line.AsOf, TimeGiven: true, Document: head.Name)));
        await OperationDesk.TakeInAsync(session, actor, operations, now, ct).ConfigureAwait(false);
    }

    private static Task MarkAsync(StorageSession session, long sheet, SheetLineState state, List<ExpectedLine> lines, CancellationToken ct) =>
        lines.Count == 0 ? Task.CompletedTask : session.ExecuteAsync(
            session.Of(
                """
                UPDATE count_sheet_lines n SET state = $3, expected = coalesce(n.expected, d.expected)
                FROM unnest($4::bigint[], $5::int[]) AS d (sku_id, expected)
                WHERE n.tenant_id = $1 AND n.sheet_id = $2 AND n.sku_id = d.sku_id
                """,
                Sql.P(sheet), Sql.P((short)state), Sql.Column(lines, l => l.SkuId), Sql.Column(lines, l => l.Expected)),
            ct);

    private static async Task FinishAsync(StorageSession session, long sheet, SheetState state, DateTimeOffset now, CancellationToken ct)
    {
        await using var batch = session.Batch(
            session.Of(
                "UPDATE count_sheets SET state = $3, finished_at = $4 WHERE tenant_id = $1 AND sheet_id = $2",
                Sql.P(sheet), Sql.P((short)state), Sql.P(now)),
            session.Of(
                "UPDATE incidents SET closed_at = $3 WHERE tenant_id = $1 AND incident_key = $2 AND closed_at IS NULL",
                Sql.P(IncidentOf(sheet)), Sql.P(now)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static Task<int> OpenIncidentAsync(StorageSession session, SheetHead head, int lines, DateTimeOffset now, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            INSERT INTO incidents (tenant_id, incident_key, kind, message, opened_at, seen_at) VALUES ($1, $2, 'count-variance', $3, $4, $4)
            ON CONFLICT (tenant_id, incident_key) WHERE closed_at IS NULL DO UPDATE SET message = excluded.message, seen_at = excluded.seen_at
            """,
            Sql.P(IncidentOf(head.Id)),
            Sql.P(string.Create(
                CultureInfo.InvariantCulture, $"Count sheet {head.Id} ({head.Name}): {lines} variances above {head.ReviewPercent} % wait for a review.")),
            Sql.P(now)),
        ct);

    private static string IncidentOf(long sheet) => string.Create(CultureInfo.InvariantCulture, $"count-sheet:{sheet}");

    private sealed record SheetHead(long Id, long Location, SheetState State, int ReviewPercent, string Name);

    private sealed record ExpectedLine(long SkuId, int Counted, DateTimeOffset AsOf, int Expected);
}
