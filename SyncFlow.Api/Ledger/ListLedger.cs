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
        Caller caller, LedgerDesk desk, LedgerOf codes, [AsParameters] PageQuery page, string? sku, string? location, CancellationToken ct)
    {
        var (of, missing) = await codes.FindAsync(caller.Tenant, sku, location, ct).ConfigureAwait(false);
        if (missing is not null)
        {
            return (Refused)missing;
        }

        var items = await desk.ListAsync(caller.Tenant, of.Sku, of.Location, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>Finds the SKU and the location whose entries are asked for, by their codes.</summary>
internal sealed class LedgerOf(SkuDesk skus, LocationDesk locations)
{
    /// <summary>Their ids, null for all; or what is not there.</summary>
    public async Task<((long? Sku, long? Location) Of, Problem? Missing)> FindAsync(long tenant, string? sku, string? location, CancellationToken ct)
    {
        var ofSku = sku is null ? null : await skus.FindAsync(tenant, sku, ct).ConfigureAwait(false);
        if (sku is not null && ofSku is null)
        {
            return (default, Problem.NotFound("SKU", sku));
        }

        var at = location is null ? null : await locations.FindAsync(tenant, location, ct).ConfigureAwait(false);
        return location is not null && at is null ? (default, Problem.NotFound("location", location)) : ((ofSku?.Id, at?.Id), null);
    }
}
