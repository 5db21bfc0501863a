using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Stock;

/// <summary>Stock of all SKUs, by code.</summary>
internal sealed class ListStock : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock", HandleAsync)
        .WithName("ListStock").WithTags("Stock").WithSummary("Lists SKUs with their available-to-sell.");

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
        .WithName("GetStock").WithTags("Stock").WithSummary("Buckets by location, available-to-sell, levels and exposure of a SKU.");

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
        var exposure = ExposureOf(caller.Tenant, found, mode, pools, levels);
        return TypedResults.Ok(new Answer(
            found.Id, found.Code, found.Title, found.SafetyBuffer, found.RiskBudget, new ModeView(found.Mode, mode),
            exposure.Available, exposure, pools, levels));
    }

    /// <summary>The domain's own rule on what was read.</summary>
    private static Exposure ExposureOf(
        long tenant, SkuView sku, EffectiveMode? mode, IReadOnlyList<PoolView> pools, IReadOnlyList<LevelView> levels)
    {
        var places = pools.Select(pool => new LocationSettings(new LocationId(pool.LocationId), pool.FulfillsOnline, pool.PoolGroup))
            .Concat(levels.Select(level => new LocationSettings(new LocationId(level.LocationId), level.FulfillsOnline, level.PoolGroup)))
            .DistinctBy(place => place.Id).ToImmutableDictionary(place => place.Id);
        var channels = levels.DistinctBy(level => level.ConnectionId).Select(Settings).ToImmutableDictionary(channel => channel.Connection);
        var state = new SkuState
        {
            Sku = new SkuId(sku.Id),
            Policy = new SkuPolicy(sku.Mode, sku.SafetyBuffer, sku.RiskBudget),
            Mode = mode ?? EffectiveMode.Guard,
            Pools = [.. pools.Select(pool => new Pool(new LocationId(pool.LocationId), pool.Buckets, pool.Opened))],
            Levels = [.. levels.Select(State)],
        };
        return Exposures.Of(state, new EngineContext(new TenantId(tenant), channels, places));
    }

    /// <summary>Exposure asks a channel only whether it sells; the rest stays neutral.</summary>
    private static ChannelSettings Settings(LevelView level) => new(
        new ConnectionId(level.ConnectionId), level.ChannelStatus, ImmutableDictionary<string, LocationId>.Empty, null, 1, 0, [],
        OwnsOnHand: false, CompareAndSet: true, DeduplicatesWrites: false, SettleSeconds: 0);

    private static LevelState State(LevelView level) => new()
    {
        Id = new LevelId(level.LevelId),
        Listing = new ListingId(level.ListingId),
        Connection = new ConnectionId(level.ConnectionId),
        Location = new LocationId(level.LocationId),
        Status = level.Status,
        Belief = level.Belief,
        Suspense = level.Suspense,
        Surplus = level.Surplus,
        Unverified = level.Unverified == 0 ? [] : [new Unverified(level.Unverified, default)],
        InFlight = level.InFlight is { } push
            ? new InFlight(push.Push, push.From, push.To, push.PlannedAt, push.Deadline, null)
            : null,
    };
}
