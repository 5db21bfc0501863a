using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Stock;

/// <summary>Why the counted pools of a group owe units to orders at a place that is not among them.</summary>
public enum DebtCause : short
{
    /// <summary>Nobody has counted in there, and orders took units that no level there shows.</summary>
    NobodyCounted = 1,

    /// <summary>Every channel has closed it, and its open orders wait for more than lies there.</summary>
    ClosedEverywhere = 2,
}

/// <summary>Units that the counted pools of a group owe.</summary>
/// <param name="Place">Where the orders are booked that wait for them.</param>
/// <param name="Units">In units of the SKU, above 0.</param>
public sealed record Debt(LocationId Place, int Units, DebtCause Cause);

/// <summary>
/// Units that are sold from pools that available-to-sell leaves out. Of a place that nobody has counted in, those that no level
/// there shows: stores take a whole order from one location, whatever is there, and an order whose place is not known yet is booked
/// at a default one: what it takes is missing from no counted pool, and must still come from one. So the pools of the group owe it,
/// whether the order took its units from a level, which then stands below zero, or from none (rule R16, and holds that became
/// orders). And of a place that was closed on every channel what its orders lack: they will be moved to one that has it.
/// </summary>
public static class Debts
{
    /// <summary>Owed by the counted pools of a group, in units of the SKU, ≥ 0.</summary>
    public static int Of(Cluster cluster, SkuId sku, int group) => Of(cluster, sku, group, told: null);

    /// <summary>The same one by one: to orders at which place, and why; together what the group owes.</summary>
    public static IReadOnlyList<Debt> Each(Cluster cluster, SkuId sku, int group)
    {
        var told = new List<Debt>();
        Of(cluster, sku, group, told);
        return
        [
            .. told.GroupBy(d => (d.Place, d.Cause)).Select(d => new Debt(d.Key.Place, d.Sum(one => one.Units), d.Key.Cause))
                .Where(d => d.Units > 0).OrderBy(d => d.Place.Value).ThenBy(d => d.Cause),
        ];
    }

    private static int Of(Cluster cluster, SkuId sku, int group, List<Debt>? told)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = cluster.Find(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not in the cluster.", nameof(sku));
        var (owed, isFilled) = (0, false);
        foreach (var (_, level, units) in Draws.On(cluster, sku))
        {
            if (Below(level) is var sales && sales + level.Filled > 0 && !state.PoolAt(level.Location).Opened && IsIn(cluster, level, group))
            {
                owed += sales * units;
                isFilled |= level.Filled > 0;
                told?.Add(new Debt(level.Location, sales * units, DebtCause.NobodyCounted));
            }
        }

        foreach (var pool in state.Pools)
        {
            if (cluster.Context.FindLocation(pool.Location) is { } place && place.Group == group && place.FulfillsOnline != pool.Opened)
            {
                var units = pool.Opened ? ShortAt(cluster, sku, pool) : OwedBy(cluster, sku, pool, isFilled, group);
                owed += units;
                told?.Add(new Debt(pool.Location, units, pool.Opened ? DebtCause.ClosedEverywhere : DebtCause.NobodyCounted));
            }
        }

        return owed;
    }

    /// <summary>
    /// What orders at a place lack, open or shipped, that was closed on every channel and has too little. A place that no channel ever sold
    /// from, a shop with its till, owes what it is short of to nobody.
    /// </summary>
    private static int ShortAt(Cluster cluster, SkuId sku, Pool pool)
    {
        // What shipped there beyond what lay there is owed as it was before it shipped.
        var ordered = pool.Buckets.Committed + Math.Max(0, -pool.Buckets.OnHand);
        var lacking = Math.Min(ordered, -pool.Buckets.Unencumbered - pool.Buckets.Suspense);
        if (lacking <= 0)
        {
            return 0;
        }

        foreach (var (_, level, _) in Draws.On(cluster, sku))
        {
            if (level.Location == pool.Location && level.Status is (LevelStatus.Closing or LevelStatus.Closed))
            {
                return lacking;
            }
        }

        return 0;
    }

    /// <summary>What orders took at a place where nobody counted in, and no level there shows.</summary>
    private static int OwedBy(Cluster cluster, SkuId sku, Pool pool, bool isFilled, int group)
    {
        var committed = pool.Buckets.Committed;
        return (committed > 0 ? Math.Max(0, committed - (Claimed(cluster, sku, pool.Location) ?? committed)) : 0)
            + (isFilled ? Filled(cluster, sku, pool, group) : 0);
    }

    /// <summary>Sales by which a level is below zero; what merely may be on it makes up for none.</summary>
    private static int Below(LevelState level) => IsKnown(level) ? Math.Max(0, level.Adopted - level.Belief!.Value) : 0;

    /// <summary>
    /// Units by which levels at a place would be below zero, were it not for what appeared on them then: it may have come from a
    /// counted place, and nobody says so. No more than the ledger has gone from the place, and no level shows.
    /// </summary>
    private static int Filled(Cluster cluster, SkuId sku, Pool pool, int group)
    {
        var (filled, below) = (0, 0);
        foreach (var (_, level, units) in Draws.On(cluster, sku))
        {
            if (level.Location == pool.Location && IsKnown(level) && IsIn(cluster, level, group))
            {
                below += Below(level) * units;
                filled += Math.Max(0, Math.Min(level.Filled, level.Filled + level.Adopted - level.Belief!.Value)) * units;
            }
        }

        return Math.Clamp(-pool.Buckets.Unencumbered - below, 0, filled);
    }

    private static bool IsKnown(LevelState level) => level is { Belief: not null, Status: not (LevelStatus.Gone or LevelStatus.Closed) };

    private static bool IsIn(Cluster cluster, LevelState level, int group) => Exposures.InGroup(cluster.Context, level, group)
        && cluster.Context.FindChannel(level.Connection) is { Sells: true };

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
