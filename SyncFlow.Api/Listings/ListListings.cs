using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Listings;

/// <summary>SKUs as offered on channels.</summary>
internal sealed class ListListings : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/listings", HandleAsync)
        .WithName("ListListings").WithTags("Listings").Needs(Permission.CatalogRead)
        .WithSummary("Lists listings, optionally of one connection or SKU.");

    private static async Task<Ok<Page<ListingView>>> HandleAsync(
        Caller caller, ListingDesk desk, [AsParameters] PageQuery page, long? connectionId, string? sku, bool? active, CancellationToken ct)
    {
        var items = await desk.ListAsync(
            caller.Tenant, connectionId, sku, active, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}
