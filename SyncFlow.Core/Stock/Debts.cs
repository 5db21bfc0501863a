using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Stock;

/// <summary>
/// Units that a channel sold below zero on a level whose pool nobody has counted in. Stores take a whole order from one
/// location, whatever is there, and an order whose place is not known yet is booked at a default one: what it takes is
/// missing from no counted pool, and must still come from one. So the pools of the group owe it.
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
            if (level.UpperBound < 0 && !state.PoolAt(level.Location).Opened
                && Exposures.InGroup(cluster.Context, level, group)
                && cluster.Context.Channels.TryGetValue(level.Connection, out var channel) && channel.Sells)
            {
                owed -= level.UpperBound * units;
            }
        }

        return owed;
    }
}
