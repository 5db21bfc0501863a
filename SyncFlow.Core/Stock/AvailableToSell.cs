using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Stock;

/// <summary>Available-to-sell: what the ledger leaves to be sold.</summary>
public static class AvailableToSell
{
    /// <summary>Of one pool, after the safety buffer. Signed: below zero means oversold.</summary>
    public static int Of(Pool pool, SkuPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(policy);
        return pool.Buckets.Unencumbered - policy.SafetyBuffer;
    }

    /// <summary>The groups of pools that may ship for each other: opened, at locations that fulfil online.</summary>
    public static IEnumerable<IGrouping<int, Pool>> Groups(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return sku.Pools
            .Where(p => p.Opened && context.Locations.TryGetValue(p.Location, out var l) && l.FulfillsOnline)
            .GroupBy(p => context.Locations[p.Location].Group);
    }
}
