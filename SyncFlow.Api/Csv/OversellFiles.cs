using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Oversells;

namespace SyncFlow.Api.Csv;

/// <summary>What confirmed settlements ask for, as a file for whoever does it on the channels.</summary>
internal sealed class OversellFiles : IEndpoint
{
    private static readonly string[] Columns =
    [
        "id", "oversellId", "kind", "connectionId", "order", "line", "sku", "units", "toLocation", "value", "currency", "createdAt", "done", "doneAt",
        "doneBy",
    ];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/oversell-actions/csv", ExportAsync)
        .WithName("ExportOversellActions").WithTags("Oversells").Needs(Permission.OversellsRead)
        .WithSummary("What confirmed settlements ask for on the channels as a file, oldest first, with the filters of the list.");

    private static async Task<EmptyHttpResult> ExportAsync(
        Caller caller, OversellDesk desk, bool? done, long? connectionId, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.PagesAsync<OversellActionView>(
            last => desk.ActionsAsync(caller.Tenant, null, done, connectionId, last?.Id, CsvDownload.PageRows, ct),
            a =>
            [
                a.Id, a.OversellId, CsvDownload.Word<SettlementKind>(a.Kind), a.ConnectionId, CsvDownload.Free(a.OrderRef), CsvDownload.Free(a.LineRef),
                CsvDownload.Free(a.Sku), a.Units, CsvDownload.Free(a.ToLocation), a.Value?.Amount.ToString(CultureInfo.InvariantCulture), a.Value?.Currency,
                CsvDownload.Moment(a.CreatedAt), a.Done, CsvDownload.Moment(a.DoneAt), CsvDownload.Free(a.DoneBy),
            ]);
        await CsvDownload.WriteAsync(response, "oversell-actions", Columns, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }
}
