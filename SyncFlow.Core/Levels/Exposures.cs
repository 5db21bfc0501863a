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
            var mayStillSell = UpperBound(sku, context, group.Key);
            available += inGroup;
            bound += mayStillSell;
            exposed += Math.Max(0, mayStillSell - Math.Max(0, inGroup));
        }

        return new Exposure(available, bound, exposed, exposed == 0 ? "" : CauseOf(sku, available));
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

    /// <summary>Whether a level sells from the pools of a group.</summary>
    public static bool InGroup(EngineContext context, LevelState level, int group)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(level);
        return context.Locations.TryGetValue(level.Location, out var location)
            && location.FulfillsOnline && location.Group == group;
    }

    private static string CauseOf(SkuState sku, int available)
    {
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
