using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Locations;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Api.Csv;

/// <summary>
/// Files of units set aside where a seller without a cap sells: a row for each SKU and location. A row names the version that
/// was exported, so that a file told twice sets nothing aside that was sold in between.
/// </summary>
internal sealed class AsideFiles : IEndpoint
{
    private const int MostRows = 5_000;

    /// <summary>SKUs that are looked at together.</summary>
    private const int SkusAtOnce = 500;

    public static readonly CsvColumns Columns = new(["sku", "location", "units", "version"], ["outside"], ["SHIRT-M", "STORE", "4", "311", ""]);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/set-asides/csv", ExportAsync).WithName("ExportSetAsides").WithTags("Stock").Needs(Permission.StockRead)
            .WithSummary("Units set aside where a seller without a cap sells as a file, a row for each SKU and location.");
        routes.MapPost("/set-asides/csv", ImportAsync).WithName("ImportSetAsides").WithTags("Stock").Needs(Permission.StockWrite)
            .Accepts<string>(CsvFile.ContentType)
            .WithSummary("Tells how many units are set aside, all rows or none; dryRun=true only checks it. A row that says what stands already is known; else it is refused where it changed since its version.");
    }

    private static async Task<EmptyHttpResult> ExportAsync(Caller caller, SetAsideDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.RowsAsync<SkuAsides>(
            last => desk.ListAsync(caller.Tenant, last?.SkuId, CsvDownload.PageRows, ct),
            sku => sku.Asides.Where(a => MayTouch(caller, a.LocationId))
                .Select(a => (object?[])[CsvDownload.Free(sku.Sku), CsvDownload.Free(a.Location), a.Units, sku.Version, a.Outside]));
        await CsvDownload.WriteAsync(response, "set-asides", Columns.All, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportAsync(
        HttpRequest request, bool? dryRun, Caller caller, SetAsideDesk desk, OperationDesk operations, WakeUps wakeUps, CancellationToken ct)
    {
        var applied = false;
        var answer = await CsvImport.RunAsync(request, dryRun, new CsvIntake<AsideWord>(Columns, MostRows, MostRows, CheckAsync, ApplyAsync) { AllOrNone = true }, ct).ConfigureAwait(false);
        if (applied)
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
        }

        return answer;

        async Task<List<CheckedRow<AsideWord>>> CheckAsync(IReadOnlyList<CsvRow> rows, CancellationToken stop)
        {
            var codes = await operations.CodesAsync(
                caller.Tenant, rows.Select(r => Code(r, "sku")).OfType<string>(), rows.Select(r => Code(r, "location")).OfType<string>(), stop).ConfigureAwait(false);
            var lines = new Dictionary<(long, long), int>();
            var read = rows.Select(row =>
            {
                var check = new Check();
                return new CheckedRow<AsideWord>(Read(row, codes, caller, lines, check), check);
            }).ToList();
            foreach (var some in InTurns(read.Where(r => r.Value is not null), r => r.Value!.Sku))
            {
                var looked = await desk.LookAsync(caller.Tenant, [.. some.Select(r => r.Value!)], stop).ConfigureAwait(false);
                foreach (var (row, result) in some.Zip(looked))
                {
                    if (WordOf(result) is var (column, message))
                    {
                        row.Check.That(false, column, message);
                    }
                }
            }

            return read;
        }

        async Task<(int, List<CsvError>)> ApplyAsync(IReadOnlyList<(CsvRow Row, AsideWord Word)> rows, CancellationToken stop)
        {
            // In one transaction: a sale since the first pass takes the whole file back.
            var results = await desk.PutAsync(caller.Tenant, [.. rows.Select(r => r.Word)], stop).ConfigureAwait(false);
            var errors = rows.Zip(results, (row, result) => (row.Row.Line, Word: WordOf(result)))
                .Where(r => r.Word is not null).Select(r => new CsvError(r.Line, r.Word!.Value.Column, r.Word.Value.Message)).ToList();
            applied = errors.Count == 0;
            return (applied ? results.Count(r => r.Result == SetAsideResult.Done) : 0, errors);
        }
    }

    /// <summary>Rows in turns, so that those of one SKU come together: they speak of one version.</summary>
    private static IEnumerable<List<T>> InTurns<T>(IEnumerable<T> rows, Func<T, long> sku) =>
        rows.GroupBy(sku).Chunk(SkusAtOnce).Select(skus => skus.SelectMany(rowsOfOne => rowsOfOne).ToList());

    private static string? Code(CsvRow row, string column) => CsvDownload.Unfree(row.Text(column));

    private static bool MayTouch(Caller caller, long location) => caller.Locations is not { } own || own.Contains(location);

    private static AsideWord? Read(CsvRow row, CodeBook codes, Caller caller, Dictionary<(long, long), int> lines, Check check)
    {
        var (sku, location, version) = (Code(row, "sku"), Code(row, "location"), row.Text("version"));
        var units = row.Number("units", check);
        check.Text(sku, "sku", SkuCode.Longest).That(sku is null || codes.Skus.ContainsKey(SkuDesk.KeyOf(sku)), "sku", "There is no such SKU.")
            .Text(location, "location", CreateLocation.LongestCode)
            .That(location is null || codes.Locations.ContainsKey(location.Trim()), "location", "There is no location with this code.")
            .That(units is >= 0 and <= int.MaxValue && units == decimal.Truncate(units.Value), "units", "A whole number, 0 or more.")
            .Text(version, "version", CreateLocation.LongestCode);
        if (!check.Holds)
        {
            return null;
        }

        var word = new AsideWord(codes.Skus[SkuDesk.KeyOf(sku!)], codes.Locations[location!.Trim()], (int)units!.Value, version!);
        lines.TryAdd((word.Sku, word.Location), row.Line);
        check.That(lines[(word.Sku, word.Location)] == row.Line, "sku", $"Line {lines[(word.Sku, word.Location)]} has this SKU and location.")
            .That(MayTouch(caller, word.Location), "location", "You may work at other locations.");
        return check.Holds ? word : null;
    }

    private static (string Column, string Message)? WordOf(AsideAnswer answer) => answer.Result switch
    {
        SetAsideResult.Done or SetAsideResult.Known => null,
        SetAsideResult.Stale => ("version", "It changed since, by a person or a sale: export it again."),
        SetAsideResult.NotOpened => ("location", "Nobody has counted what lies at the location."),
        SetAsideResult.NobodySellsThere => ("location", "No seller without a cap sells at the location."),
        SetAsideResult.TooMany => ("units", string.Create(CultureInfo.InvariantCulture, $"At most {Math.Max(0, answer.ForSale)}: so many lie there for sale.")),
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Result, "Unknown result."),
    };
}
