using SyncFlow.Api.Http;
using SyncFlow.Api.Locations;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Skus;

/// <summary>The SKU of an address and the location of its body, by their codes.</summary>
internal sealed class SkuAt(Caller caller, SkuDesk skus, LocationDesk locations)
{
    /// <summary>A SKU and a location of the caller's tenant.</summary>
    internal sealed record Pair(SkuView Sku, LocationView Location);

    /// <summary>Notes what is wrong with a location's code by itself.</summary>
    public static Check CheckCode(string? location) => new Check().Text(location, "location", CreateLocation.LongestCode);

    /// <summary>Both, or why not.</summary>
    /// <param name="sku">As it stands in the address.</param>
    /// <param name="location">Checked by <see cref="CheckCode"/>.</param>
    public async Task<(Pair? Found, Problem? Refusal)> FindAsync(string sku, string location, CancellationToken ct)
    {
        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (null, Problem.NotFound("SKU", sku));
        }

        return await locations.FindAsync(caller.Tenant, location, ct).ConfigureAwait(false) is { } place
            ? (new Pair(found, place), null)
            : (null, Problem.Invalid("location", "There is no location with this code."));
    }
}
