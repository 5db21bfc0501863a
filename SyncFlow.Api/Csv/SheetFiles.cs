using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.CountSheets;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.StockOperations;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Csv;

/// <summary>A count sheet as a file: to take along, and to bring back filled in.</summary>
internal sealed class SheetFiles : IEndpoint
{
    public static readonly CsvColumns Columns = new(["sku", "counted"], ["title", "asOf"], ["SHIRT-M", "21", "", "2026-11-24T07:30:00Z"]);

    private static readonly string[] Export = ["sku", "title", "counted", "asOf"];

    private static readonly string[] ExportWithVariances =
        ["sku", "title", "counted", "asOf", "expected", "variance", "percent", "state", "needsReview"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/count-sheets/{id:long}/csv", ExportAsync).WithName("ExportCountSheet").WithTags("Counts").Needs(Permission.StockRead)
            .WithSummary("A sheet as a file to fill in, without what is expected; variances=true shows that as well.");
        routes.MapPost("/count-sheets/{id:long}/csv", ImportAsync).WithName("ImportCountSheet").WithTags("Counts").Needs(Permission.StockWrite)
            .Accepts<string>(CsvFile.ContentType).WithSummary("Enters the filled rows of a sheet's file; dryRun=true only checks it.");
    }

    private static async Task<Results<EmptyHttpResult, Refused>> ExportAsync(
        long id, bool? variances, Caller caller, SheetReader reader, HttpResponse response, CancellationToken ct)
    {
        if (await reader.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } sheet)
        {
            return (Refused)Problem.NotFound("count sheet", id);
        }

        var rows = CsvDownload.PagesAsync<SheetLineView>(
            last => reader.LinesAsync(caller.Tenant, sheet, null, last is null ? null : SkuDesk.KeyOf(last.Sku), CsvDownload.PageRows, ct),
            line =>
            {
                object?[] filled = [line.Sku, CsvDownload.Free(line.Title), line.Counted, CsvDownload.Moment(line.AsOf)];
                return variances == true
                    ? [.. filled, line.Expected, line.Variance, line.Percent, CsvDownload.Word<SheetLineState>(line.State), line.NeedsReview]
                    : filled;
            });
        await CsvDownload.WriteAsync(response, $"count-sheet-{id}", variances == true ? ExportWithVariances : Export, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportAsync(
        long id, bool? dryRun, HttpRequest request, Caller caller, SheetReader reader, SheetDesk desk, OperationDesk operations, TimeProvider time,
        CancellationToken ct)
    {
        if (await reader.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } sheet)
        {
            return (Refused)Problem.NotFound("count sheet", id);
        }

        if (sheet.State != SheetState.Open)
        {
            return (Refused)new Problem(ProblemKind.StateConflict, "Counts are entered while a sheet is open.");
        }

        var now = time.GetUtcNow();
        return await CsvImport.RunAsync(request, dryRun, new CsvIntake<CountedLine>(Columns, SheetDesk.MostLines, SheetDesk.MostLines, CheckAsync, ApplyAsync), ct)
            .ConfigureAwait(false);

        async Task<List<CheckedRow<CountedLine>>> CheckAsync(IReadOnlyList<CsvRow> rows, CancellationToken stop)
        {
            var codes = await operations.CodesAsync(caller.Tenant, rows.Select(row => row.Text("sku")).OfType<string>(), [], stop).ConfigureAwait(false);
            var seen = new HashSet<long>();
            return [.. rows.Select(row =>
            {
                var check = new Check();
                var line = new EnterSheetLines.Line(row.Text("sku"), row.Number("counted", check), row.Time("asOf", check));

                // A row nobody filled in is not a count of zero.
                var empty = line.Counted is null && check.Holds;
                return new CheckedRow<CountedLine>(empty ? null : EnterSheetLines.Read(line, "", codes, now, seen, check), check);
            })];
        }

        async Task<(int, List<CsvError>)> ApplyAsync(IReadOnlyList<(CsvRow Row, CountedLine Line)> rows, CancellationToken stop)
        {
            foreach (var chunk in rows.Select(r => r.Line).Chunk(OperationIntake.MostItems))
            {
                if (await desk.EnterAsync(caller.Tenant, id, chunk, stop).ConfigureAwait(false) != SheetChange.Done)
                {
                    throw new RequestRefusedException(new Problem(ProblemKind.StateConflict, "The sheet was submitted meanwhile."));
                }
            }

            return (rows.Count, []);
        }
    }
}
