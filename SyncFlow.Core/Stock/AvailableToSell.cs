using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Preorders;

namespace SyncFlow.Core.Stock;

/// <summary>Available-to-sell: what the ledger leaves to be sold.</summary>
public static class AvailableToSell
{
    /// <summary>
    /// Of one pool, after the safety buffer and what a doubtful source withholds, and with what may be promised of units
    /// on their way. Signed: below zero means oversold.
    /// </summary>
    public static int Of(Pool pool, SkuPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(policy);
        return pool.Buckets.Unencumbered - policy.SafetyBuffer - pool.Withheld + PreorderRules.Sellable(policy, pool.Location);
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

    /// <summary>
    /// Units promised from pools of a group beyond what is there and what is awaited, ≥ 0. Suspense is left out: it may
    /// be an order not seen yet or nothing at all, and either way the order itself will be counted.
    /// </summary>
    public static int ShortOf(IEnumerable<Pool> group, SkuPolicy policy) =>
        Math.Max(0, -group.Sum(p => p.Buckets.Unencumbered + p.Buckets.Suspense + PreorderRules.Awaited(policy, p.Location)));

    /// <summary>The pools of one group.</summary>
    public static IEnumerable<Pool> PoolsOf(SkuState sku, EngineContext context, int group)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return sku.Pools.Where(p => p.Opened && context.Locations.TryGetValue(p.Location, out var l)
            && l.FulfillsOnline && l.Group == group);
    }

    /// <summary>Of a SKU that is no kit, over one group, less what its pools owe (see <see cref="Debts"/>). Signed.</summary>
    public static int InGroup(Cluster cluster, SkuId sku, int group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = cluster.Find(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not in the cluster.", nameof(sku));
        return PoolsOf(state, cluster.Context, group).Sum(p => Of(p, state.Policy)) - Debts.Of(cluster, sku, group);
    }

    /// <summary>Of any SKU, over all groups. Signed; of a kit, how many can be made, location by location.</summary>
    public static int Of(Cluster cluster, SkuId sku)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = cluster.Find(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not in the cluster.", nameof(sku));
        return state.IsKit
            ? GroupsOf(cluster).Sum(g => new SellableUnits(cluster, g).Of(cluster, sku).Values.Sum())
            : Groups(state, cluster.Context).Sum(g => InGroup(cluster, sku, g.Key));
    }

    /// <summary>The groups that members of a cluster have pools in, by number.</summary>
    public static IEnumerable<int> GroupsOf(Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.Skus.SelectMany(s => Groups(s, cluster.Context).Select(g => g.Key)).Distinct().Order();
    }
}
