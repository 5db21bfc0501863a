using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Stock;

/// <summary>Stock of all SKUs, by code.</summary>
internal sealed class ListStock : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock", HandleAsync)
        .WithName("ListStock").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Lists SKUs with their available-to-sell.");

    private static async Task<Ok<Page<StockLine>>> HandleAsync(
        Caller caller, StockDesk desk, [AsParameters] PageQuery page, string? search, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, search, page.AfterText(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => SkuDesk.KeyOf(item.Sku)));
    }
}

/// <summary>Everything known of one SKU's stock now.</summary>
internal sealed class GetStock : IEndpoint
{
    /// <param name="Asked">What the merchant asked for.</param>
    /// <param name="InForce">What is in force; null before the SKU's first fact.</param>
    internal sealed record ModeView(SharingMode Asked, EffectiveMode? InForce);

    /// <param name="Ats">Available to sell; below zero means oversold.</param>
    /// <param name="Exposure">How much could be oversold right now, and why.</param>
    internal sealed record Answer(
        long SkuId, string Sku, string Title, int SafetyBuffer, int RiskBudget, ModeView Mode, int Ats, Exposure Exposure,
        IReadOnlyList<PoolView> Locations, IReadOnlyList<LevelView> Levels);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock/{sku}", HandleAsync)
        .WithName("GetStock").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Buckets by location, available-to-sell, levels and exposure of a SKU.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string sku, Caller caller, SkuDesk skus, StockDesk stock, CancellationToken ct)
    {
        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var pools = await stock.PoolsAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        var levels = await stock.LevelsAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        var mode = await stock.ModeInForceAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        var exposure = await stock.ExposureAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        return TypedResults.Ok(new Answer(
            found.Id, found.Code, found.Title, found.SafetyBuffer, found.RiskBudget, new ModeView(found.Mode, mode),
            exposure.Available, exposure, pools, levels));
    }
}
