using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Ledger;

/// <summary>Ledger entries, newest first.</summary>
internal sealed class ListLedger : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/ledger", HandleAsync)
        .WithName("ListLedger").WithTags("Ledger").Needs(Permission.StockRead)
        .WithSummary("Lists ledger entries, optionally of one SKU and location code.");

    private static async Task<Results<Ok<Page<EntryView>>, Refused>> HandleAsync(
        Caller caller, LedgerDesk desk, SkuDesk skus, LocationDesk locations, [AsParameters] PageQuery page, string? sku, string? location,
        CancellationToken ct)
    {
        var ofSku = sku is null ? null : await skus.FindAsync(caller.Tenant, sku, ct).ConfigureAwait(false);
        if (sku is not null && ofSku is null)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var at = location is null ? null : await locations.FindAsync(caller.Tenant, location, ct).ConfigureAwait(false);
        if (location is not null && at is null)
        {
            return (Refused)Problem.NotFound("location", location);
        }

        var items = await desk.ListAsync(caller.Tenant, ofSku?.Id, at?.Id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}
