using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Availability;

/// <summary>How many units of some SKUs may be sold, for shops and middleware that ask often.</summary>
internal sealed class GetAvailability : IEndpoint
{
    /// <summary>SKUs in one request.</summary>
    private const int MostSkus = 200;

    /// <param name="Ats">Of a kit, how many can be made there.</param>
    internal sealed record Place(long LocationId, string Location, int Ats);

    /// <param name="Ats">Available to sell; below zero means oversold.</param>
    /// <param name="Locations">Those that fulfil online now.</param>
    /// <param name="Version">Of the SKU's state; rises with every change of it.</param>
    internal sealed record Item(string Sku, int Ats, IReadOnlyList<Place> Locations, long Version);

    /// <param name="AsOf">No figure is older.</param>
    /// <param name="Unknown">Codes that are no SKU.</param>
    internal sealed record Answer(DateTimeOffset AsOf, IReadOnlyList<Item> Items, IReadOnlyList<string> Unknown);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/availability", HandleAsync)
        .WithName("GetAvailability").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Available-to-sell of up to 200 SKUs, in all and by location; cheap to ask for again and again.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        [FromQuery(Name = "sku")] string[] skus, Caller caller, AvailabilityReader reader, HttpResponse response, CancellationToken ct)
    {
        var check = new Check()
            .That(skus.Length is > 0 and <= MostSkus, "sku", $"1 to {MostSkus} of them.")
            .That(skus.All(s => !string.IsNullOrWhiteSpace(s) && s.Length <= Limits.SkuCode && !s.Contains('\0')), "sku", $"Codes of up to {Limits.SkuCode} characters.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var found = await reader.FindAsync(caller.Tenant, skus, ct).ConfigureAwait(false);
        response.Headers["Cache-Status"] = found.CacheStatus;
        var known = found.Skus.Select(s => SkuDesk.KeyOf(s.Sku.Code)).ToHashSet(StringComparer.Ordinal);
        return TypedResults.Ok(new Answer(
            found.AsOf, [.. found.Skus.Select(ItemOf)], [.. skus.Where(s => !known.Contains(SkuDesk.KeyOf(s))).Distinct()]));
    }

    private static Item ItemOf(AvailableSku sku)
    {
        var figures = sku.Kept.Figures;
        return new Item(
            sku.Sku.Code, figures.Exposure.Available,
            [.. figures.Places.Zip(sku.Kept.Names).Where(p => p.First is { FulfillsOnline: true, Opened: true }).Select(p => new Place(p.First.Location.Value, p.Second, p.First.Ats))],
            sku.Kept.Members.FirstOrDefault(m => m.SkuId == figures.Sku.Value).Version);
    }
}
