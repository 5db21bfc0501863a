using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>How much of a SKU could be oversold right now.</summary>
/// <param name="Available">Available-to-sell over all groups, signed.</param>
/// <param name="UpperBound">The most all channels together may still sell.</param>
/// <param name="Units">What could be oversold: per group the bound less what there is, never below zero.</param>
/// <param name="Cause">Why, in words; empty when nothing is exposed.</param>
public sealed record Exposure(int Available, int UpperBound, int Units, string Cause);

/// <summary>Computes exposure. Budgets count selling units (channel × SKU × group), for a channel decides on its total.</summary>
public static class Exposures
{
    /// <summary>The cause of what bounded guard exposes (rule R15).</summary>
    public const string BoundedCause = "bounded: a write may have put back what was sold during a channel's lag";

    /// <summary>The exposure of a loaded SKU, with what kits may still sell of it.</summary>
    public static Exposure Of(WorkingSet set, SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return Of(Cluster.Of(set, sku.Sku), sku.Sku);
    }

    /// <summary>The exposure of a SKU that is no kit and part of none.</summary>
    public static Exposure Of(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return Of(Cluster.Alone(sku, context), sku.Sku);
    }

    /// <summary>
    /// The exposure of a member of a cluster. A kit has none of its own: what is sold of it beyond what there is, is
    /// exposed on its parts.
    /// </summary>
    public static Exposure Of(Cluster cluster, SkuId id)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var sku = cluster.Find(id) ?? throw new ArgumentException($"SKU {id.Value} is not in the cluster.", nameof(id));
        int available = 0, bound = 0, exposed = 0;
        if (sku.IsKit)
        {
            return new Exposure(AvailableToSell.Of(cluster, id), cluster.Context.Locations.Values.Select(l => l.Group).Distinct().Sum(g => OfKit(cluster, sku, g)), 0, "");
        }

        foreach (var group in AvailableToSell.Groups(sku, cluster.Context))
        {
            var inGroup = AvailableToSell.InGroup(cluster, id, group.Key);
            // A seller without a cap may take whatever is not set aside for the others.
            var mayStillSell = UpperBound(cluster, id, group.Key);
            mayStillSell = HasUncapped(cluster, id, group.Key) ? Math.Max(mayStillSell, inGroup) : mayStillSell;
            available += inGroup;
            bound += mayStillSell;
            exposed += Math.Max(0, mayStillSell - Math.Max(0, inGroup));
        }

        return new Exposure(available, bound, exposed, exposed == 0 ? "" : CauseOf(cluster, sku, available, exposed));
    }

    /// <summary>ΣU of a SKU that is no kit and part of none; see the other.</summary>
    public static int UpperBound(SkuState sku, EngineContext context, int group)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return UpperBound(Cluster.Alone(sku, context), sku.Sku, group);
    }

    /// <summary>
    /// ΣU of a SKU in a group, in units of the SKU: per selling unit the sum of its levels, never below zero, so a
    /// negative level lends nothing; what kits may still sell of it is in, and what sellers without a cap may take,
    /// whatever their levels show.
    /// </summary>
    public static int UpperBound(Cluster cluster, SkuId sku, int group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var uncapped = cluster.Find(sku) is { IsKit: false } state ? SetAsides.MayBeTaken(state, cluster.Context, group) : 0;
        var units = new SellingUnits();
        foreach (var drawer in Draws.On(cluster, sku))
        {
            Add(units, cluster, drawer, group);
        }

        return uncapped + units.Total();
    }

    /// <summary>What a kit's own levels may still sell of it in a group.</summary>
    private static int OfKit(Cluster cluster, SkuState kit, int group)
    {
        var units = new SellingUnits();
        foreach (var level in kit.Levels)
        {
            Add(units, cluster, new Drawer(kit.Sku, level, level.UnitsPerSale), group);
        }

        return units.Total();
    }

    /// <summary>
    /// A channel that compares decides on a listing by its total over its levels; one that takes absolute values takes an
    /// order from a level only while that level shows it, so there a level below zero takes nothing from the others.
    /// </summary>
    private static void Add(SellingUnits units, Cluster cluster, Drawer drawer, int group)
    {
        var (owner, level, each) = drawer;
        var isIn = InGroup(cluster.Context, level, group);
        if ((isIn || MayArrive(cluster, owner, level, group))
            && cluster.Context.FindChannel(level.Connection) is { Sells: true, Uncappable: false } channel)
        {
            units.Add(level, isIn ? MaySell(level, channel) : Math.Max(0, level.UpperBound + level.Suspense), each);
        }
    }

    /// <summary>
    /// Whether what a level shows, or misses, may be on a sibling in a group although its own place is in none any more: that
    /// was closed on every channel, and until the level is read nobody knows whether into the sibling's. What it misses counts
    /// too: its own pool, which has it in suspense, is in no group either.
    /// </summary>
    public static bool MayArrive(Cluster cluster, SkuId owner, LevelState level, int group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(level);
        if (level.Status != LevelStatus.Closing || cluster.Context.FindLocation(level.Location) is not { FulfillsOnline: false })
        {
            return false;
        }

        foreach (var sibling in cluster.Find(owner)!.Levels)
        {
            if (ChannelMoves.IsSibling(sibling, level) && sibling.Status is not (LevelStatus.Gone or LevelStatus.Closed)
                && InGroup(cluster.Context, sibling, group))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// What a level adds to the total of its listing, in sales. One below zero whose location is closed takes nothing from the
    /// others any more.
    /// </summary>
    internal static int MaySell(LevelState level, ChannelSettings channel) =>
        channel.CompareAndSet && !level.IsLeaving ? level.UpperBound : Math.Max(0, level.UpperBound);

    /// <summary>Levels whose channel sells whatever they show: the assumption behind guard does not hold for them.</summary>
    public static IEnumerable<LevelState> Uncapped(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return sku.Levels.Where(l => IsUncapped(l, context));
    }

    private static bool HasUncapped(Cluster cluster, SkuId sku, int group)
    {
        foreach (var (_, level, _) in Draws.On(cluster, sku))
        {
            if (IsUncapped(level, cluster.Context) && InGroup(cluster.Context, level, group))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUncapped(LevelState level, EngineContext context) =>
        level.Limit != SellingLimit.Shown && level.Status is not (LevelStatus.Gone or LevelStatus.Closed)
        && context.FindChannel(level.Connection) is { Sells: true };

    /// <summary>Whether a level sells from the pools of a group.</summary>
    public static bool InGroup(EngineContext context, LevelState level, int group)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(level);
        return context.FindLocation(level.Location) is { FulfillsOnline: true } location && location.Group == group;
    }

    /// <summary>Whether it is what bounded guard cannot exclude: its reserve is not off the shelves yet, or a write is not read yet.</summary>
    private static bool IsBounded(Cluster cluster, SkuId sku, int exposed)
    {
        var (kept, doubted) = (0, false);
        foreach (var (_, level, units) in Draws.On(cluster, sku))
        {
            kept += level.LagReserve * units;
            doubted |= LagReserves.GuardOf(level, cluster.Context) is not null && LagReserves.IsInDoubt(level);
        }

        return doubted || kept >= exposed;
    }

    private static string CauseOf(Cluster cluster, SkuState sku, int available, int exposed)
    {
        if (Uncapped(sku, cluster.Context).Any())
        {
            return "a channel sells on whatever it shows";
        }

        if (available < 0)
        {
            return "promised more than there is";
        }

        if (sku.Levels.Any(l => l.Surplus > 0))
        {
            return "units appeared on a channel without a cause";
        }

        if (sku.Mode == Allocation.EffectiveMode.Shared)
        {
            return "shared mode: several channels show the same units";
        }

        if (IsBounded(cluster, sku.Sku, exposed))
        {
            return BoundedCause;
        }

        if (sku.Levels.Any(l => cluster.Context.FindLocation(l.Location) is { FulfillsOnline: false } && l.Status == LevelStatus.Closing))
        {
            return "a location was closed, and its level is not read yet";
        }

        return sku.Levels.Any(l => l.UnverifiedUnits > 0 || l.InFlight is not null)
            ? "decreases on their way or not verified yet"
            : "channels show more than there is";
    }
}
