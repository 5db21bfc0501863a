using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// Disjoint shares. A sale needs no write: the channel's own share went down by itself. Units move only when there are
/// new ones to share out, when there are too many shown, or when a channel's cover falls below half its share; and
/// always by decrease, then proof, then increase.
/// </summary>
internal static class GuardQuotas
{
    /// <summary>Wishes for the levels of one pool; increases are clamped afterwards over the whole group.</summary>
    public static void Assign(
        SkuState sku, EngineContext context, LocationId location, int units, Dictionary<LevelId, int> targets)
    {
        var here = sku.Levels.Where(l => l.Location == location && l.Belief is not null && Sells(l, context)).ToList();
        var movable = here.Where(l => Targets.IsPublished(l, context)).OrderBy(l => Order(l, context)).ToList();
        if (movable.Count == 0)
        {
            return;
        }

        // What nobody may lower now is set aside first: nobody else is raised from it.
        var fixedUnits = Math.Max(0, here.Except(movable).Sum(l => Math.Max(0, l.UpperBound)));
        var free = Math.Max(0, units - fixedUnits);
        var shares = LargestRemainder.Share(free, [.. movable.Select(l => context.Channels[l.Connection].Weight)]);
        var wish = movable.Select((l, i) => new Quota(l, Coming(l), Freezes.Share(l, shares[i], context))).ToArray();
        var spare = free - wish.Sum(q => Math.Max(0, q.Units));
        if (spare < 0)
        {
            Cut(wish, -spare);
        }
        else if (sku.Mode == EffectiveMode.Guard)
        {
            GiveOut(wish, spare);
            Rebalance(wish);
        }

        foreach (var quota in wish)
        {
            targets[quota.Level.Id] = quota.Units;
        }
    }

    /// <summary>Increases of a group together take no more than its budget: what there is less what may still be sold.</summary>
    public static void Clamp(
        SkuState sku, EngineContext context, int group, int available, Dictionary<LevelId, int> targets)
    {
        var budget = Math.Max(0, available - Exposures.UpperBound(sku, context, group));
        var rising = sku.Levels
            .Where(l => Exposures.InGroup(context, l, group) && targets.TryGetValue(l.Id, out var t) && t > Coming(l))
            .OrderByDescending(l => targets[l.Id] - Coming(l)).ThenBy(l => Order(l, context));
        foreach (var level in rising)
        {
            var rise = Math.Min(budget, targets[level.Id] - Coming(level));
            targets[level.Id] = Coming(level) + rise;
            budget -= rise;
        }
    }

    /// <summary>What a level shows once its push on the way has arrived.</summary>
    private static int Coming(LevelState level) => level.Belief!.Value + (level.InFlight?.Change ?? 0);

    private static bool Sells(LevelState level, EngineContext context) =>
        context.Channels.TryGetValue(level.Connection, out var channel) && channel.Sells;

    private static (int, long) Order(LevelState level, EngineContext context) =>
        (context.Channels.TryGetValue(level.Connection, out var channel) ? channel.Priority : int.MaxValue, level.Id.Value);

    /// <summary>Too much is shown: whoever is furthest above its share gives first.</summary>
    private static void Cut(Quota[] wish, int units)
    {
        foreach (var quota in wish.OrderByDescending(q => q.Units - q.Share))
        {
            var given = Math.Min(units, Math.Max(0, Math.Max(0, quota.Units) - quota.Share));
            quota.Units -= given;
            units -= given;
        }
    }

    /// <summary>Units nobody shows go to whoever is furthest below its share.</summary>
    private static void GiveOut(Quota[] wish, int units)
    {
        foreach (var quota in wish.OrderByDescending(q => q.Share - q.Units))
        {
            var taken = Math.Min(units, Math.Max(0, quota.Share - Math.Max(0, quota.Units)));
            if (taken > 0)
            {
                quota.Units = Math.Max(0, quota.Units) + taken;
                units -= taken;
            }
        }
    }

    /// <summary>A channel that is short of cover is helped by those above their share: they go down now, it rises after proof.</summary>
    private static void Rebalance(Quota[] wish)
    {
        var needed = wish
            .Where(q => q.Share > 0 && Math.Max(0, q.Units) < q.Share * Targets.RebalanceBelow)
            .Sum(q => q.Share - Math.Max(0, q.Units));
        if (needed > 0)
        {
            Cut(wish, needed);
        }
    }

    private sealed class Quota(LevelState level, int units, int share)
    {
        public LevelState Level { get; } = level;
        public int Share { get; } = share;
        public int Units { get; set; } = units;
    }
}
