using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;

namespace SyncFlow.Api.Csv;

/// <summary>Empty files with an example row, for each kind of file that is taken in.</summary>
internal sealed class CsvTemplates : IEndpoint
{
    private static readonly Dictionary<string, CsvColumns> Known = new(StringComparer.Ordinal)
    {
        ["stock-operations"] = OperationFiles.Operations,
        ["counts"] = OperationFiles.Counts,
        ["count-sheet"] = SheetFiles.Columns,
        ["transfers"] = TransferFiles.Columns,
        ["kits"] = KitFiles.Columns,
        ["sku-group-members"] = GroupFiles.Columns,
        ["set-asides"] = AsideFiles.Columns,
    };

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/csv-templates/{name}", HandleAsync)
        .WithName("GetCsvTemplate").WithTags("Stock operations").Needs(Permission.StockRead)
        .WithSummary("A file to fill in: stock-operations, counts, count-sheet, transfers, kits, sku-group-members or set-asides.");

    private static async Task<Results<EmptyHttpResult, Refused>> HandleAsync(string name, HttpResponse response, CancellationToken ct)
    {
        if (!Known.TryGetValue(name, out var columns))
        {
            return (Refused)Problem.NotFound("template", name);
        }

        await CsvDownload.WriteAsync(response, name, columns.All, Example(columns), ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async IAsyncEnumerable<object?[]> Example(CsvColumns columns)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return columns.Example;
    }
}
