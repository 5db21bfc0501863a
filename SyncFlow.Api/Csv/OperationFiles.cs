using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Counts;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.StockOperations;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Csv;

/// <summary>Files of operations and of counts.</summary>
internal sealed class OperationFiles : IEndpoint
{
    /// <summary>Rows of a file.</summary>
    private const int MostRows = 100_000;

    public static readonly CsvColumns Operations = new(
        ["key", "kind", "sku", "location", "units"], ["from", "to", "reason", "document", "note", "occurredAt"],
        ["dn-4711-1", "receipt", "SHIRT-M", "MAIN", "24", "", "available", "", "DN-4711", "", "2026-11-20T08:00:00Z"]);

    public static readonly CsvColumns Counts = new(
        ["key", "sku", "location", "counted"], ["asOf", "document", "note"],
        ["tuesday-shirt-m", "SHIRT-M", "MAIN", "21", "2026-11-24T07:30:00Z", "week 48", ""]);

    private static readonly string[] OperationExport =
    [
        "id", "key", "kind", "state", "sku", "location", "otherLocation", "units", "from", "to", "reason", "document", "note", "actor",
        "occurredAt", "acceptedAt", "appliedAt", "refusal",
    ];

    private static readonly string[] CountExport =
        ["key", "sku", "location", "asOf", "counted", "onHandBefore", "variance", "percent", "withdrawn", "recordedAt"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/stock-operations/csv", ImportOperationsAsync).WithName("ImportStockOperations").WithTags("Stock operations").Needs(Permission.StockWrite)
            .Accepts<string>(CsvFile.ContentType).WithSummary("Takes in a file of operations, all rows or none; dryRun=true only checks it.");
        routes.MapGet("/stock-operations/csv", ExportOperationsAsync).WithName("ExportStockOperations").WithTags("Stock operations").Needs(Permission.StockRead)
            .WithSummary("The list of operations as a file.");
        routes.MapPost("/counts/csv", ImportCountsAsync).WithName("ImportCounts").WithTags("Counts").Needs(Permission.StockWrite)
            .Accepts<string>(CsvFile.ContentType).WithSummary("Takes in a file of counts, all rows or none; dryRun=true only checks it.");
        routes.MapGet("/counts/csv", ExportCountsAsync).WithName("ExportCounts").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("All counts as a file.");
    }

    private static Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportOperationsAsync(
        HttpRequest request, bool? dryRun, OperationIntake intake, CancellationToken ct) => CsvImport.RunAsync(
        request, dryRun, Intake(intake, Operations, (row, check) => new OperationInput(
            row.Text("key"), row.Text("kind"), row.Text("sku"), row.Text("location"), row.Number("units", check), row.Text("from"), row.Text("to"),
            row.Text("reason"), row.Text("document"), row.Text("note"), row.Time("occurredAt", check))), ct);

    private static Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportCountsAsync(
        HttpRequest request, bool? dryRun, OperationIntake intake, CancellationToken ct) => CsvImport.RunAsync(
        request, dryRun, Intake(intake, Counts, (row, check) => new CountInput(
            row.Text("key"), row.Text("sku"), row.Text("location"), row.Number("counted", check), row.Time("asOf", check), row.Text("document"),
            row.Text("note"))), ct);

    private static CsvIntake<CheckedItem> Intake(OperationIntake intake, CsvColumns columns, Func<CsvRow, Check, IItem> read)
    {
        // Over both passes a line keeps its key: only another line with the key is a repeat.
        var keys = new Dictionary<string, int>(StringComparer.Ordinal);

        // What may raise levels, of all rows: a file is one cause, and is held before the first of them or not at all.
        var words = new Dictionary<string, OperationDraft>(StringComparer.Ordinal);
        JudgedFacts? judged = null;
        return new CsvIntake<CheckedItem>(
            columns, OperationIntake.MostItems, MostRows,
            async (rows, ct) =>
            {
                var items = await intake.CheckAsync([.. rows.Select(row => Read(row))], ct).ConfigureAwait(false);
                foreach (var draft in items.Select(item => item.Operation?.Draft).OfType<OperationDraft>().Where(d => StockFacts.IsWord(d.Kind)))
                {
                    words.TryAdd(draft.Key, draft);
                }

                return items.ConvertAll(item => new CheckedRow<CheckedItem>(item.Operation is null ? null : item, item.Check));
            },
            async (rows, ct) =>
            {
                var answer = await intake.TakeInAsync([.. rows.Select(r => r.Value)], wait: false, ct, judged).ConfigureAwait(false);
                var late = answer.Items.Where(i => i.Outcome == ItemOutcome.Refused)
                    .SelectMany(i => i.Errors!.Select(e => new CsvError(rows[i.Index].Row.Line, e.Key, e.Value[0]))).ToList();
                return (answer.Accepted, late);
            })
        {
            Hold = async (lookOnly, ct) => judged = await intake.HoldAsync([.. words.Values], lookOnly, ct).ConfigureAwait(false),
        };

        (IItem, Check) Read(CsvRow row)
        {
            var check = new Check();
            var item = read(row, check);
            if (item.Key is { } key && !keys.TryAdd(key, row.Line))
            {
                check.That(keys[key] == row.Line, "key", $"Line {keys[key]} has this key.");
            }

            return (item, check);
        }
    }

    private static async Task<Results<EmptyHttpResult, Refused>> ExportOperationsAsync(
        [AsParameters] OperationQuery query, Caller caller, OperationDesk desk, HttpResponse response, CancellationToken ct)
    {
        var (filter, problem) = await query.FilterAsync(caller.Tenant, desk, ct).ConfigureAwait(false);
        if (problem is not null)
        {
            return (Refused)problem;
        }

        var rows = CsvDownload.PagesAsync<OperationView>(
            last => desk.ListAsync(caller.Tenant, filter, last?.Id, CsvDownload.PageRows, ct),
            o =>
            [
                o.Id, o.Key, CsvDownload.Word<Core.Operations.OperationKind>(o.Kind), CsvDownload.Word<OperationState>(o.State), o.Sku, o.Location,
                o.OtherLocation, o.Units, CsvDownload.Word(o.From), CsvDownload.Word(o.To), o.Reason, CsvDownload.Free(o.Document),
                CsvDownload.Free(o.Note), o.Actor, CsvDownload.Moment(o.OccurredAt), CsvDownload.Moment(o.AcceptedAt), CsvDownload.Moment(o.AppliedAt),
                o.Refusal,
            ]);
        await CsvDownload.WriteAsync(response, "stock-operations", OperationExport, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<EmptyHttpResult> ExportCountsAsync(Caller caller, CountDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.PagesAsync<CountView>(
            last => desk.ListAsync(caller.Tenant, new CountFilter(), last is null ? null : (last.AsOf, last.Key), CsvDownload.PageRows, ct),
            c =>
            [
                c.Key, c.Sku, c.Location, CsvDownload.Moment(c.AsOf), c.Counted, c.OnHandBefore, c.Variance, c.Percent, c.Withdrawn,
                CsvDownload.Moment(c.RecordedAt),
            ]);
        await CsvDownload.WriteAsync(response, "counts", CountExport, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }
}
