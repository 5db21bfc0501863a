using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// The units that bounded guard keeps off a channel: ⌈v·L·k⌉. They count as the channel's own, so nobody else shows
/// them either, and they are part of what its level may still sell (<see cref="LevelState.UpperBound"/>).
/// </summary>
public static class LagReserves
{
    /// <summary>A reserve falls only once no more than this part of it is needed: each fall is a write, and each write a risk.</summary>
    public const double FallsBelow = 0.5;

    /// <summary>
    /// ⌈v·L·k⌉. Rounded up, so it is at least 1 wherever anything was sold at all: a single unit sold unseen is what a
    /// write puts back most often. 0 where nothing ever was: one unit off each SKU of a catalog that never sold there would
    /// cost more than the first sale of one can.
    /// </summary>
    /// <param name="perSecond">v, units per second.</param>
    public static int Units(double perSecond, BoundedGuard guard)
    {
        ArgumentNullException.ThrowIfNull(guard);
        if (!(perSecond > 0))
        {
            return 0;
        }

        // A product that is whole but for the last digits of a double is whole.
        var units = Math.Ceiling(Math.Round(perSecond * guard.LagSeconds * guard.Factor, 6));
        return (int)Math.Clamp(units, 1, int.MaxValue / 4);
    }

    /// <summary>
    /// The reserve of a level in sales, rounded up. Each level of a channel keeps all of it: nobody knows from which of
    /// them the next units are sold. It rises at once with the pace, falls when it has become much too large, and never
    /// while what is there for it may be on the level.
    /// </summary>
    public static int Of(SkuState sku, LevelState level, BoundedGuard guard, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(level);
        var units = Units(sku.Sales.Of(level.Connection)?.PerSecond(now) ?? 0, guard);
        var sales = (units + level.UnitsPerSale - 1) / level.UnitsPerSale;
        var stays = IsInDoubt(level) || sales > level.LagReserve * FallsBelow;
        return stays ? Math.Max(sales, level.LagReserve) : sales;
    }

    /// <summary>
    /// Whether a drained reading has yet to tell what a write put back on a level. A rise from a proven zero puts nothing
    /// back; a zero on its way ends a doubt only once it is shown.
    /// </summary>
    internal static bool IsInDoubt(LevelState level) =>
        level.InFlight is { Kind: WriteKind.ThroughZero } ? level.LagReserve > 0 : ZeroBarrier.IsInDoubt(level);

    /// <summary>The setting of a level's channel; null where it takes the zero barrier or compares.</summary>
    public static BoundedGuard? GuardOf(LevelState level, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(context);
        return context.Channels.GetValueOrDefault(level.Connection)?.BoundedBy;
    }

    /// <summary>
    /// The reserve that a level keeps, in sales; null where it goes through zero. A share no larger than the reserve would
    /// be all reserve and never be sold: there proof costs less than flow, and the level goes through zero as without the
    /// setting, once nothing on it is in doubt.
    /// </summary>
    /// <param name="share">What the level would show if units could be moved at no cost.</param>
    internal static int? Kept(SkuState sku, LevelState level, int share, EngineContext context, DateTimeOffset now)
    {
        if (GuardOf(level, context) is not { } guard)
        {
            return null;
        }

        var reserve = Of(sku, level, guard, now);
        return share > reserve || IsInDoubt(level) ? reserve : null;
    }

    /// <summary>What is kept for a level after a plan.</summary>
    /// <param name="kept">What the plan keeps; only of levels that it let skip the zero barrier.</param>
    internal static int After(LevelState level, EngineContext context, bool guarded, IReadOnlyDictionary<LevelId, int> kept)
    {
        if (!guarded)
        {
            return 0;
        }

        if (kept.TryGetValue(level.Id, out var units))
        {
            return units;
        }

        // Where nothing can be planned it stays with what it is for; so it does after the setting is gone.
        var unplanned = GuardOf(level, context) is not null && !Targets.IsPublished(level, context);
        return unplanned || IsInDoubt(level) ? level.LagReserve : 0;
    }

    /// <summary>A cluster as it counts with what a plan keeps.</summary>
    internal static Cluster With(Cluster cluster, IReadOnlyDictionary<LevelId, int> kept)
    {
        foreach (var sku in cluster.Skus.ToList())
        {
            var next = sku;
            foreach (var level in sku.Levels)
            {
                var units = After(level, cluster.Context, guarded: true, kept);
                next = units == level.LagReserve ? next : next.With(level with { LagReserve = units });
            }

            cluster = ReferenceEquals(next, sku) ? cluster : cluster.With(next);
        }

        return cluster;
    }
}
