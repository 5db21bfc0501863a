using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Preorders;

namespace SyncFlow.Core.Stock;

/// <summary>Pools that may ship for each other.</summary>
/// <param name="Key">The number of the group.</param>
/// <param name="Pools">Those of one SKU, in its order.</param>
public readonly record struct PoolGroup(int Key, IReadOnlyList<Pool> Pools);

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
        return pool.Buckets.Unencumbered - BufferOf(pool, policy) - pool.Withheld + PreorderRules.Sellable(policy, pool.Location);
    }

    /// <summary>
    /// Units of a pool that are never shown: the larger of the SKU's own safety buffer and that of its tier. A tier keeps
    /// back no more than is there; a safety buffer is what the merchant said, also when less is there.
    /// </summary>
    public static int BufferOf(Pool pool, SkuPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(policy);
        return pool.Tier is { } tier ? Math.Max(policy.SafetyBuffer, tier.UnitsOf(pool.Buckets.Unencumbered)) : policy.SafetyBuffer;
    }

    /// <summary>The groups of pools that may ship for each other: opened, at locations that fulfil online.</summary>
    public static IReadOnlyList<PoolGroup> Groups(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        var groups = new List<PoolGroup>(1);
        foreach (var pool in sku.Pools)
        {
            if (GroupOf(pool, context) is { } group)
            {
                PoolsOf(groups, group).Add(pool);
            }
        }

        return groups;
    }

    /// <summary>
    /// Units promised from pools of a group beyond what is there and what is awaited, ≥ 0. Suspense is left out: it may
    /// be an order not seen yet or nothing at all, and either way the order itself will be counted.
    /// </summary>
    public static int ShortOf(IReadOnlyList<Pool> group, SkuPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(group);
        var units = 0;
        for (var i = 0; i < group.Count; i++)
        {
            units += group[i].Buckets.Unencumbered + group[i].Buckets.Suspense + PreorderRules.Awaited(policy, group[i].Location);
        }

        return Math.Max(0, -units);
    }

    /// <summary>The group whose pools may ship for this one; null where nobody counted in, or its location does not fulfil online.</summary>
    public static int? GroupOf(Pool pool, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(context);
        return pool.Opened && context.FindLocation(pool.Location) is { FulfillsOnline: true } place ? place.Group : null;
    }

    /// <summary>Of a SKU that is no kit, over one group, less what its pools owe (see <see cref="Debts"/>). Signed.</summary>
    public static int InGroup(Cluster cluster, SkuId sku, int group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = cluster.Find(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not in the cluster.", nameof(sku));
        var units = 0;
        foreach (var pool in state.Pools)
        {
            if (GroupOf(pool, cluster.Context) == group)
            {
                units += Of(pool, state.Policy);
            }
        }

        return units - Debts.Of(cluster, sku, group);
    }

    /// <summary>Of any SKU, over all groups. Signed; of a kit, how many can be made, location by location.</summary>
    public static int Of(Cluster cluster, SkuId sku)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = cluster.Find(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not in the cluster.", nameof(sku));
        return state.IsKit
            ? GroupsOf(cluster).Sum(g => new SellableUnits(cluster, g).Of(sku).Values.Sum())
            : Groups(state, cluster.Context).Sum(g => InGroup(cluster, sku, g.Key));
    }

    /// <summary>The groups that members of a cluster have pools in, by number.</summary>
    public static IReadOnlyCollection<int> GroupsOf(Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var groups = new SortedSet<int>();
        foreach (var sku in cluster.Skus)
        {
            foreach (var pool in sku.Pools)
            {
                if (GroupOf(pool, cluster.Context) is { } group)
                {
                    groups.Add(group);
                }
            }
        }

        return groups;
    }

    private static List<Pool> PoolsOf(List<PoolGroup> groups, int key)
    {
        foreach (var group in groups)
        {
            if (group.Key == key)
            {
                return (List<Pool>)group.Pools;
            }
        }

        var pools = new List<Pool>();
        groups.Add(new PoolGroup(key, pools));
        return pools;
    }
}
