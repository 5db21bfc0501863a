using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Pickup;

/// <summary>Where a shopper can pick a SKU up, and how many.</summary>
internal sealed class GetPickup : IEndpoint
{
    internal sealed record Answer(string Sku, IReadOnlyList<PickupView> Locations);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock/{sku}/pickup", HandleAsync)
        .WithName("GetPickup").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Availability of a SKU at each location that offers pickup, from its own stock, after the buffer.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string sku, Caller caller, SkuDesk skus, PickupDesk desk, CancellationToken ct) =>
        await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(new Answer(found.Code, await desk.OfSkuAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false)))
            : (Refused)Problem.NotFound("SKU", sku);
}
