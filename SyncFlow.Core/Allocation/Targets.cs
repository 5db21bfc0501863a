using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// What each level shall show. Shared: all of its pool. Guard: a share of its own, where a rise is never more than the
/// budget that is free at this moment; so a target can always be published as it stands.
/// </summary>
public static class Targets
{
    /// <summary>A channel's cover may fall to this part of its share before units are moved to it from others.</summary>
    public const double RebalanceBelow = 0.5;

    /// <summary>The SKU with its targets recomputed. A level that may not be written has none.</summary>
    /// <param name="causeAt">When the cause of the change happened; levels that now want a push remember the oldest.</param>
    public static SkuState Retarget(SkuState sku, EngineContext context, DateTimeOffset? causeAt)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        var targets = new Dictionary<LevelId, int>();
        foreach (var group in AvailableToSell.Groups(sku, context))
        {
            foreach (var (location, units) in Sellable(group, sku.Policy))
            {
                if (sku.Mode == EffectiveMode.Shared)
                {
                    Share(sku, context, location, units, targets);
                }
                else
                {
                    GuardQuotas.Assign(sku, context, location, units, targets);
                }
            }

            if (sku.Mode != EffectiveMode.Shared)
            {
                GuardQuotas.Clamp(sku, context, group.Key, group.Sum(p => AvailableToSell.Of(p, sku.Policy)), targets);
            }
        }

        OfferNothing(sku, context, targets);
        foreach (var level in sku.Levels)
        {
            sku = sku.With(WithTarget(level, targets, context, causeAt));
        }

        return sku;
    }

    /// <summary>Whether a level can be given a target: it is live on a channel that is.</summary>
    public static bool IsPublished(LevelState level, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(context);
        return level.Status == LevelStatus.Live && level.Belief is not null
            && context.Channels.TryGetValue(level.Connection, out var channel) && channel.Publishes;
    }

    /// <summary>
    /// Units per pool of a group that can be shown: a pool that is short is made up for by the others, so the sum is
    /// never more than the group has.
    /// </summary>
    private static IEnumerable<(LocationId Location, int Units)> Sellable(IEnumerable<Pool> pools, SkuPolicy policy)
    {
        var all = pools.Select(p => (p.Location, Units: AvailableToSell.Of(p, policy))).ToArray();
        var shortage = -all.Where(p => p.Units < 0).Sum(p => p.Units);
        foreach (var (location, units) in all.OrderByDescending(p => p.Units).ThenBy(p => p.Location.Value))
        {
            var given = Math.Min(shortage, Math.Max(0, units));
            shortage -= given;
            yield return (location, Math.Max(0, units) - given);
        }
    }

    private static void Share(
        SkuState sku, EngineContext context, LocationId location, int units, Dictionary<LevelId, int> targets)
    {
        foreach (var level in sku.Levels)
        {
            if (level.Location == location && IsPublished(level, context))
            {
                targets[level.Id] = units;
            }
        }
    }

    /// <summary>
    /// A channel that is being disconnected is offered zero. Its share is nobody's until zero is proven: it counts as
    /// one that cannot be moved.
    /// </summary>
    private static void OfferNothing(SkuState sku, EngineContext context, Dictionary<LevelId, int> targets)
    {
        foreach (var level in sku.Levels)
        {
            if (level is { Status: LevelStatus.Live, Belief: not null }
                && context.Channels.TryGetValue(level.Connection, out var channel) && channel.IsLeaving)
            {
                targets[level.Id] = 0;
            }
        }
    }

    private static LevelState WithTarget(
        LevelState level, Dictionary<LevelId, int> targets, EngineContext context, DateTimeOffset? causeAt)
    {
        int? target = targets.TryGetValue(level.Id, out var units) ? units : null;

        // A level below zero is a fact of the channel; writing zero would invent on-hand there.
        if (target == 0 && level.Belief < 0)
        {
            target = level.Belief;
        }

        target = Freezes.Held(level, target, context);

        // What a push on its way will say is said: its cause travels with it, and only what it leaves unsaid has another.
        var unsaid = target is not null && target != level.Belief + (level.InFlight?.Change ?? 0);
        var cause = unsaid ? Older(level.CauseAt, causeAt) : null;
        return target == level.Target && cause == level.CauseAt ? level : level with { Target = target, CauseAt = cause };
    }

    private static DateTimeOffset? Older(DateTimeOffset? a, DateTimeOffset? b) =>
        a is null ? b : b is null || a < b ? a : b;
}
