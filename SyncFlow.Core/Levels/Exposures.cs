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
    /// <summary>The exposure of a SKU.</summary>
    public static Exposure Of(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        int available = 0, bound = 0, exposed = 0;
        foreach (var group in AvailableToSell.Groups(sku, context))
        {
            var inGroup = group.Sum(p => AvailableToSell.Of(p, sku.Policy));
            // A seller without a cap may take whatever is not set aside for the others.
            var mayStillSell = UpperBound(sku, context, group.Key);
            mayStillSell = Uncapped(sku, context).Any(l => InGroup(context, l, group.Key))
                ? Math.Max(mayStillSell, inGroup)
                : mayStillSell;
            available += inGroup;
            bound += mayStillSell;
            exposed += Math.Max(0, mayStillSell - Math.Max(0, inGroup));
        }

        return new Exposure(available, bound, exposed, exposed == 0 ? "" : CauseOf(sku, context, available));
    }

    /// <summary>ΣU of a group: per selling unit the sum of its levels, never below zero, so a negative level lends nothing.</summary>
    public static int UpperBound(SkuState sku, EngineContext context, int group)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        var total = 0;
        foreach (var unit in sku.Levels.GroupBy(l => l.Connection))
        {
            if (!context.Channels.TryGetValue(unit.Key, out var channel) || !channel.Sells)
            {
                continue;
            }

            total += Math.Max(0, unit.Where(l => InGroup(context, l, group)).Sum(l => l.UpperBound));
        }

        return total;
    }

    /// <summary>Levels whose channel sells whatever they show: the assumption behind guard does not hold for them.</summary>
    public static IEnumerable<LevelState> Uncapped(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return sku.Levels.Where(l => l.Limit != SellingLimit.Shown && l.Status is not (LevelStatus.Gone or LevelStatus.Closed)
            && context.Channels.TryGetValue(l.Connection, out var channel) && channel.Sells);
    }

    /// <summary>Whether a level sells from the pools of a group.</summary>
    public static bool InGroup(EngineContext context, LevelState level, int group)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(level);
        return context.Locations.TryGetValue(level.Location, out var location)
            && location.FulfillsOnline && location.Group == group;
    }

    private static string CauseOf(SkuState sku, EngineContext context, int available)
    {
        if (Uncapped(sku, context).Any())
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

        return sku.Levels.Any(l => l.UnverifiedUnits > 0 || l.InFlight is not null)
            ? "decreases on their way or not verified yet"
            : "channels show more than there is";
    }
}
