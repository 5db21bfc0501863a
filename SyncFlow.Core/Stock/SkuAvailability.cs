using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Stock;

/// <summary>What of a SKU may be sold from one location.</summary>
/// <param name="Group">Locations of one group may ship for each other.</param>
/// <param name="FulfillsOnline">Whether online orders are served from there now; not while it is closed.</param>
/// <param name="Opened">Whether an opening count stands behind on-hand.</param>
/// <param name="Buckets">Its sums; of a kit all zero.</param>
/// <param name="Ats">
/// After buffers and with what a preorder may promise, signed; 0 where it does not fulfil online or was not opened. Of a
/// kit, how many can be made of what lies there.
/// </param>
public sealed record PlaceAvailability(LocationId Location, int Group, bool FulfillsOnline, bool Opened, Buckets Buckets, int Ats);

/// <summary>What of a SKU may be sold, by the rules that targets are made by.</summary>
/// <param name="Exposure">Available-to-sell over all groups, and how much could be oversold now.</param>
/// <param name="Places">By location.</param>
public sealed record SkuAvailability(SkuId Sku, bool IsKit, Exposure Exposure, ImmutableArray<PlaceAvailability> Places)
{
    /// <summary>Of a loaded SKU, with what kits tie to it.</summary>
    /// <exception cref="ArgumentException">The SKU is not loaded.</exception>
    public static SkuAvailability Of(WorkingSet set, SkuId sku)
    {
        ArgumentNullException.ThrowIfNull(set);
        var cluster = Cluster.Of(set, sku);
        var state = cluster.Find(sku)!;
        return new SkuAvailability(sku, state.IsKit, Exposures.Of(cluster, sku), state.IsKit ? OfKit(cluster, sku) : OfPools(state, set.Context));
    }

    private static ImmutableArray<PlaceAvailability> OfPools(SkuState sku, EngineContext context) => [.. sku.Pools.Select(pool =>
    {
        var place = context.Locations.GetValueOrDefault(pool.Location);
        var ats = AvailableToSell.GroupOf(pool, context) is null ? 0 : AvailableToSell.Of(pool, sku.Policy);
        return new PlaceAvailability(pool.Location, place?.Group ?? 0, place?.FulfillsOnline ?? false, pool.Opened, pool.Buckets, ats);
    })];

    private static ImmutableArray<PlaceAvailability> OfKit(Cluster cluster, SkuId kit) =>
    [
        .. AvailableToSell.GroupsOf(cluster).SelectMany(group => new SellableUnits(cluster, group).Of(kit)
            .Select(made => new PlaceAvailability(made.Key, group, FulfillsOnline: true, Opened: true, default, made.Value))),
    ];
}
