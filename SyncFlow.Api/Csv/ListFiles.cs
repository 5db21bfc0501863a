using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Ledger;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Requests;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Preorders;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api.Csv;

/// <summary>Lists as files to work with elsewhere: kits, preorders, reservations and the ledger.</summary>
internal sealed class ListFiles : IEndpoint
{
    private static readonly string[] Kits = ["kit", "component", "units", "version", "changedAt", "changedBy"];

    private static readonly string[] Preorders = ["sku", "location", "cap", "incoming", "promised", "until", "arrivesOn", "updatedAt"];

    private static readonly string[] Reservations =
    [
        "id", "reference", "kind", "status", "partner", "order", "createdBy", "createdAt", "expiresAt", "endedAt", "endReason", "line", "sku", "location",
        "units", "held", "taken", "lineStatus",
    ];

    private static readonly string[] Ledger =
        ["id", "sku", "location", "bucket", "delta", "reason", "factKey", "levelId", "connectionId", "inboxEventId", "occurredAt", "recordedAt"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/kits/csv", KitsAsync).WithName("ExportKits").WithTags("Kits").Needs(Permission.CatalogRead)
            .WithSummary("All kits as a file, a row for each component.");
        routes.MapGet("/preorders/csv", PreordersAsync).WithName("ExportPreorders").WithTags("Preorders").Needs(Permission.PoliciesRead)
            .WithSummary("All preorders as a file.");
        routes.MapGet("/reservations/csv", ReservationsAsync).WithName("ExportReservations").WithTags("Reservations").Needs(Permission.ReservationsRead)
            .WithSummary("Reservations as a file, a row for each line; open=true leaves out those that have ended.");
        routes.MapGet("/ledger/csv", LedgerAsync).WithName("ExportLedger").WithTags("Ledger").Needs(Permission.StockRead)
            .WithSummary("Ledger entries as a file, newest first, optionally of one SKU and location code.");
    }

    private static async Task<EmptyHttpResult> KitsAsync(Caller caller, KitDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.RowsAsync<KitView>(
            last => desk.ListAsync(new TenantId(caller.Tenant), null, last is null ? null : SkuDesk.KeyOf(last.Sku), CsvDownload.PageRows, ct),
            kit => kit.Components.Select(c => (object?[])
                [CsvDownload.Free(kit.Sku), CsvDownload.Free(c.Sku), c.Units, kit.Version, CsvDownload.Moment(kit.ChangedAt), CsvDownload.Free(kit.ChangedBy)]));
        await CsvDownload.WriteAsync(response, "kits", Kits, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<EmptyHttpResult> PreordersAsync(Caller caller, PreorderDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.PagesAsync<PreorderView>(
            last => desk.ListAsync(caller.Tenant, last?.SkuId, CsvDownload.PageRows, ct),
            p =>
            [
                CsvDownload.Free(p.Sku), CsvDownload.Free(p.Location), p.Cap, p.Incoming, p.Promised, CsvDownload.Moment(p.Until),
                p.ArrivesOn?.ToString("O", System.Globalization.CultureInfo.InvariantCulture), CsvDownload.Moment(p.UpdatedAt),
            ]);
        await CsvDownload.WriteAsync(response, "preorders", Preorders, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<EmptyHttpResult> ReservationsAsync(
        bool? open, Caller caller, ReservationDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.RowsAsync<ReservationView>(
            last => desk.ListAsync(caller.Tenant, new ReservationQuery(open, null, null, null, null, null, last?.Id, CsvDownload.PageRows), ct),
            r => r.Lines.Select(line => (object?[])
            [
                r.Id, CsvDownload.Free(r.Reference), CsvDownload.Word<ReservationKind>(r.Kind), CsvDownload.Word<ReservationStatus>(r.Status),
                CsvDownload.Free(r.Partner), CsvDownload.Free(r.OrderRef), CsvDownload.Free(r.CreatedBy), CsvDownload.Moment(r.CreatedAt),
                CsvDownload.Moment(r.ExpiresAt), CsvDownload.Moment(r.EndedAt), CsvDownload.Free(r.EndReason), line.Line, CsvDownload.Free(line.Sku),
                CsvDownload.Free(line.Location), line.Units, line.Held.Sum(h => h.Units), line.Taken, CsvDownload.Word<RequestLineState>(line.Status),
            ]));
        await CsvDownload.WriteAsync(response, "reservations", Reservations, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<Results<EmptyHttpResult, Refused>> LedgerAsync(
        Caller caller, LedgerDesk desk, LedgerOf codes, HttpResponse response, string? sku, string? location, CancellationToken ct)
    {
        var (of, missing) = await codes.FindAsync(caller.Tenant, sku, location, ct).ConfigureAwait(false);
        if (missing is not null)
        {
            return (Refused)missing;
        }

        var rows = CsvDownload.PagesAsync<EntryView>(
            last => desk.ListAsync(caller.Tenant, of.Sku, of.Location, last?.Id, CsvDownload.PageRows, ct),
            e =>
            [
                e.Id, CsvDownload.Free(e.Sku), CsvDownload.Free(e.Location), CsvDownload.Word<Bucket>(e.Bucket), e.Delta,
                CsvDownload.Word<EntryReason>(e.Reason), CsvDownload.Free(e.FactKey), e.LevelId, e.ConnectionId, e.InboxEventId,
                CsvDownload.Moment(e.OccurredAt), CsvDownload.Moment(e.RecordedAt),
            ]);
        await CsvDownload.WriteAsync(response, "ledger", Ledger, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }
}
