using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Stock;

/// <summary>
/// Units that are sold from pools nobody has counted in, and that no level there shows. Stores take a whole order from one
/// location, whatever is there, and an order whose place is not known yet is booked at a default one: what it takes is
/// missing from no counted pool, and must still come from one. So the pools of the group owe it, whether the order took
/// its units from a level, which then stands below zero, or from none (rule R16, and holds that became orders).
/// </summary>
public static class Debts
{
    /// <summary>Owed by the counted pools of a group, in units of the SKU, ≥ 0.</summary>
    public static int Of(Cluster cluster, SkuId sku, int group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = cluster.Find(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not in the cluster.", nameof(sku));
        var owed = 0;
        foreach (var (_, level, units) in Draws.On(cluster, sku))
        {
            if (level.UpperBound - level.LagReserve < 0 && !state.PoolAt(level.Location).Opened
                && Exposures.InGroup(cluster.Context, level, group)
                && cluster.Context.Channels.TryGetValue(level.Connection, out var channel) && channel.Sells)
            {
                owed -= (level.UpperBound - level.LagReserve) * units;
            }
        }

        foreach (var pool in state.Pools)
        {
            if (!pool.Opened && pool.Buckets.Committed > 0 && cluster.Context.Locations.TryGetValue(pool.Location, out var place)
                && place.FulfillsOnline && place.Group == group)
            {
                owed += Math.Max(0, pool.Buckets.Committed - (Claimed(cluster, sku, pool.Location) ?? pool.Buckets.Committed));
            }
        }

        return owed;
    }

    /// <summary>
    /// Units that open orders took from levels at a location. Null where we know of no level there: an order that a channel
    /// ships from such a place took the units of a level that is none of ours.
    /// </summary>
    private static int? Claimed(Cluster cluster, SkuId sku, LocationId location)
    {
        int? claimed = null;
        foreach (var (_, level, units) in Draws.On(cluster, sku))
        {
            if (level.Location == location)
            {
                claimed = (claimed ?? 0) + (level.OpenClaims * units);
            }
        }

        return claimed;
    }
}
