using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Availability;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Stock;

/// <summary>Stock of all SKUs, by code.</summary>
internal sealed class ListStock : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock", HandleAsync)
        .WithName("ListStock").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Lists SKUs with their available-to-sell.");

    /// <param name="Ats">Available to sell, over locations that fulfil online; below zero means oversold.</param>
    /// <param name="Exposure">Units that could be oversold now.</param>
    internal sealed record Line(
        long SkuId, string Sku, string Title, SharingMode Mode, EffectiveMode? InForce, int OnHand, int Committed, int Suspense, int Ats,
        int Exposure);

    private static async Task<Ok<Page<Line>>> HandleAsync(
        Caller caller, AvailabilityReader reader, [AsParameters] PageQuery page, string? search, HttpResponse response, CancellationToken ct)
    {
        var found = await reader.ListAsync(caller.Tenant, search, page.AfterText(), page.ReadCount, ct).ConfigureAwait(false);
        response.Headers["Cache-Status"] = found.CacheStatus;
        return TypedResults.Ok(page.Of([.. found.Skus.Select(LineOf)], item => SkuDesk.KeyOf(item.Sku)));
    }

    private static Line LineOf(AvailableSku found)
    {
        var (sku, figures) = (found.Sku, found.Kept.Figures);
        return new Line(
            sku.SkuId, sku.Code, sku.Title, sku.Mode, sku.InForce, figures.Places.Sum(p => p.Buckets.OnHand),
            figures.Places.Sum(p => p.Buckets.Committed), figures.Places.Sum(p => p.Buckets.Suspense), figures.Exposure.Available,
            figures.Exposure.Units);
    }
}

/// <summary>Everything known of one SKU's stock now.</summary>
internal sealed class GetStock : IEndpoint
{
    /// <param name="Asked">What the merchant asked for.</param>
    /// <param name="InForce">What is in force; null before the SKU's first fact.</param>
    internal sealed record ModeView(SharingMode Asked, EffectiveMode? InForce);

    /// <summary>A SKU's sums at one location.</summary>
    /// <param name="FulfillsOnline">Whether online orders are served from there now; not while it is closed.</param>
    /// <param name="Ats">Available to sell there, after buffers and with what a preorder may promise; 0 where it does not fulfil online or was not opened.</param>
    /// <param name="Opened">Whether an opening count stands behind on-hand.</param>
    internal sealed record PoolView(long LocationId, string Location, bool FulfillsOnline, bool Opened, Buckets Buckets, int Ats, int PoolGroup);

    /// <param name="Ats">Available to sell; below zero means oversold.</param>
    /// <param name="Exposure">How much could be oversold right now, and why.</param>
    internal sealed record Answer(
        long SkuId, string Sku, string Title, int SafetyBuffer, int RiskBudget, ModeView Mode, int Ats, Exposure Exposure,
        IReadOnlyList<PoolView> Locations, IReadOnlyList<LevelView> Levels);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock/{sku}", HandleAsync)
        .WithName("GetStock").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Buckets by location, available-to-sell, levels and exposure of a SKU.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string sku, Caller caller, AvailabilityReader reader, StockDesk stock, HttpResponse response, CancellationToken ct)
    {
        var read = await reader.FindAsync(caller.Tenant, [SkuCode.FromRoute(sku)], ct).ConfigureAwait(false);
        if (read.Skus.SingleOrDefault() is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        response.Headers["Cache-Status"] = read.CacheStatus;
        var levels = await stock.LevelsAsync(caller.Tenant, found.Sku.SkuId, ct).ConfigureAwait(false);
        var (listed, exposure) = (found.Sku, found.Kept.Figures.Exposure);
        return TypedResults.Ok(new Answer(
            listed.SkuId, listed.Code, listed.Title, listed.SafetyBuffer, listed.RiskBudget, new ModeView(listed.Mode, listed.InForce),
            exposure.Available, exposure, PoolsOf(found.Kept), levels));
    }

    // A kit has no units of its own anywhere.
    private static List<PoolView> PoolsOf(KeptAvailability kept) => kept.Figures.IsKit
        ? []
        :
        [
            .. kept.Figures.Places.Zip(kept.Names, (p, name) => new PoolView(
                p.Location.Value, name, p.FulfillsOnline, p.Opened, p.Buckets, p.Ats, p.Group)).OrderBy(p => p.Location, StringComparer.Ordinal),
        ];
}
