using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Api.StockOperations;
using SyncFlow.Api.Transfers;
using SyncFlow.Core;
using SyncFlow.Core.Transfers;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Csv;

/// <summary>Files of transfers: rows with one reference are one transfer.</summary>
internal sealed class TransferFiles : IEndpoint
{
    private const int MostRows = 10_000;

    public static readonly CsvColumns Columns = new(
        ["reference", "from", "to", "sku", "units"], ["note"], ["TR-17", "MAIN", "STORE-2", "SHIRT-M", "12", ""]);

    private static readonly string[] Export =
        ["id", "reference", "from", "to", "state", "planned", "dispatched", "received", "lost", "createdAt", "dispatchedAt", "closedAt", "note"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/transfers/csv", ImportAsync).WithName("ImportTransfers").WithTags("Transfers").Needs(Permission.StockWrite)
            .Accepts<string>(CsvFile.ContentType).WithSummary("Plans the transfers of a file, all or none; dryRun=true only checks it.");
        routes.MapGet("/transfers/csv", ExportAsync).WithName("ExportTransfers").WithTags("Transfers").Needs(Permission.StockRead)
        .WithSummary("All transfers as a file.");
    }

    private static Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportAsync(
        HttpRequest request, bool? dryRun, Caller caller, TransferDesk desk, OperationDesk operations, CancellationToken ct)
    {
        return CsvImport.RunAsync(request, dryRun, new CsvIntake<PlanRow>(Columns, MostRows, MostRows, CheckAsync, ApplyAsync), ct);

        async Task<List<CheckedRow<PlanRow>>> CheckAsync(IReadOnlyList<CsvRow> rows, CancellationToken stop)
        {
            var codes = await operations.CodesAsync(
                caller.Tenant, rows.Select(r => r.Text("sku")).OfType<string>(), rows.SelectMany(r => new[] { r.Text("from"), r.Text("to") }).OfType<string>(),
                stop).ConfigureAwait(false);
            var taken = await desk.TakenAsync(caller.Tenant, [.. rows.Select(r => r.Text("reference")).OfType<string>().Distinct()], stop).ConfigureAwait(false);
            var first = new Dictionary<string, PlanRow>(StringComparer.Ordinal);
            var seen = new HashSet<(string, SkuId)>();
            return [.. rows.Select(row =>
            {
                var check = new Check();
                return new CheckedRow<PlanRow>(Read(row, codes, taken, first, seen, check), check);
            })];
        }

        async Task<(int, List<CsvError>)> ApplyAsync(IReadOnlyList<(CsvRow Row, PlanRow Plan)> rows, CancellationToken stop)
        {
            var plans = rows.GroupBy(r => r.Plan.Reference).Select(g => new TransferPlan(
                g.Key, g.First().Plan.From, g.First().Plan.To, g.First().Plan.Note, [.. g.Select(r => r.Plan.Units)])).ToList();
            var made = await desk.PlanAsync(caller.Tenant, caller.Name, plans, stop).ConfigureAwait(false);
            var lost = plans.Where((_, i) => made[i] is null).Select(p => p.Reference).ToHashSet(StringComparer.Ordinal);
            var late = rows.Where(r => lost.Contains(r.Plan.Reference)).Select(r => new CsvError(r.Row.Line, "reference", "There is such a transfer.")).ToList();
            return (rows.Count - late.Count, late);
        }
    }

    private static PlanRow? Read(
        CsvRow row, CodeBook codes, HashSet<string> taken, Dictionary<string, PlanRow> first, HashSet<(string, SkuId)> seen, Check check)
    {
        var (reference, from, to, sku) = (row.Text("reference"), row.Text("from"), row.Text("to"), row.Text("sku"));
        var units = row.Number("units", check);
        PlanTransfer.CheckEnds(from, to, codes, check);
        check.Text(reference, "reference", PlanTransfer.LongestReference)
            .That(reference is null || !taken.Contains(reference), "reference", "There is such a transfer.")
            .Text(sku, "sku", SkuCode.Longest).That(sku is null || codes.Sku(sku) is not null, "sku", "There is no such SKU.")
            .Optional(row.Text("note"), "note", OperationInput.LongestNote);
        OperationInput.CheckUnits(units, "units", 1, check);
        if (!check.Holds)
        {
            return null;
        }

        var plan = new PlanRow(
            reference!, codes.Location(from)!.Value, codes.Location(to)!.Value, row.Text("note"),
            new TransferUnits(new SkuId(codes.Sku(sku)!.Value), (int)units!.Value));
        first.TryAdd(plan.Reference, plan);
        check.That(first[plan.Reference].From == plan.From, "from", "An earlier row of this transfer leaves another location.")
            .That(first[plan.Reference].To == plan.To, "to", "An earlier row of this transfer goes to another location.")
            .That(seen.Add((plan.Reference, plan.Units.Sku)), "sku", "This SKU stands twice in the transfer.");
        return check.Holds ? plan : null;
    }

    private static async Task<EmptyHttpResult> ExportAsync(Caller caller, TransferDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.PagesAsync<TransferView>(
            last => desk.ListAsync(caller.Tenant, null, null, null, last?.Id, CsvDownload.PageRows, ct),
            t =>
            [
                t.Id, CsvDownload.Free(t.Reference), t.From, t.To, CsvDownload.Word<TransferState>(t.State), t.Planned, t.Dispatched, t.Received, t.Lost,
                CsvDownload.Moment(t.CreatedAt), CsvDownload.Moment(t.DispatchedAt), CsvDownload.Moment(t.ClosedAt), CsvDownload.Free(t.Note),
            ]);
        await CsvDownload.WriteAsync(response, "transfers", Export, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private sealed record PlanRow(string Reference, long From, long To, string? Note, TransferUnits Units);
}
