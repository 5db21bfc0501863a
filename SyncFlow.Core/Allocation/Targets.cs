using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// What each level shall show. Shared: what its rule allows of its pool. Guard: a share of its own, where a rise is never
/// more than the budget that is free at this moment; so a target can always be published as it stands.
/// </summary>
public static class Targets
{
    /// <summary>A channel's cover may fall to this part of its share before units are moved to it from others.</summary>
    public const double RebalanceBelow = 0.5;

    /// <summary>A cluster with the targets of all members recomputed. A level that may not be written has none.</summary>
    /// <param name="cluster">Modes are in force already.</param>
    /// <param name="causeAt">When the cause of the change happened; levels that now want a push remember the oldest.</param>
    public static Cluster Retarget(Cluster cluster, DateTimeOffset? causeAt, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var targets = new Dictionary<LevelId, int>();
        var guard = new GuardQuotas(cluster, now, targets);
        var shared = cluster.Skus.First().Mode == EffectiveMode.Shared;
        foreach (var group in AvailableToSell.GroupsOf(cluster))
        {
            var units = new SellableUnits(cluster, group);
            foreach (var location in units.Locations)
            {
                if (shared)
                {
                    SharedTargets.Assign(cluster, location, units, targets);
                }
                else
                {
                    guard.Assign(location, units);
                }
            }

            if (!shared)
            {
                guard.Clamp(group);
            }
        }

        foreach (var sku in cluster.Skus)
        {
            OfferNothing(sku, cluster.Context, targets);
        }

        return cluster.With(cluster.Skus.Select(
            s => Written(Reserved(s, cluster.Context, guard.Kept), targets, cluster.Context, causeAt, settled: s.Mode != EffectiveMode.EnteringGuard && !guard.Unsettled.Contains(s.Sku))));
    }

    /// <summary>Names the policy that a SKU's units are shared by; empty where there is none.</summary>
    public static string StampOf(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return sku.Policy.Allocation?.Stamp ?? "";
    }

    /// <summary>Whether a level can be given a target: it is live on a channel that is.</summary>
    public static bool IsPublished(LevelState level, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(context);
        return level is { Status: LevelStatus.Live, Belief: not null, SoldAsParts: false }
            && context.FindChannel(level.Connection) is { Publishes: true, Uncappable: false };
    }

    private static SkuState Written(
        SkuState sku, Dictionary<LevelId, int> targets, EngineContext context, DateTimeOffset? causeAt, bool settled)
    {
        foreach (var level in sku.Levels)
        {
            sku = sku.With(WithTarget(sku, level, targets, context, causeAt));
        }

        return settled && sku.SharedBy != StampOf(sku) ? sku with { SharedBy = StampOf(sku) } : sku;
    }

    /// <summary>With what bounded guard keeps off its levels; nothing in shared mode, which runs more risk anyway.</summary>
    private static SkuState Reserved(SkuState sku, EngineContext context, Dictionary<LevelId, int> kept)
    {
        foreach (var level in sku.Levels)
        {
            var reserve = LagReserves.After(level, context, sku.Mode != EffectiveMode.Shared, kept);
            sku = reserve == level.LagReserve ? sku : sku.With(level with { LagReserve = reserve });
        }

        return sku;
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
                && context.FindChannel(level.Connection) is { IsLeaving: true })
            {
                targets[level.Id] = 0;
            }
        }
    }

    private static LevelState WithTarget(
        SkuState sku, LevelState level, Dictionary<LevelId, int> targets, EngineContext context, DateTimeOffset? causeAt)
    {
        int? target = targets.TryGetValue(level.Id, out var units) ? units : null;

        // A level below zero is a fact of the channel; writing zero would invent on-hand there.
        if (target == 0 && level.Belief < 0)
        {
            target = level.Belief;
        }

        target = Freezes.Held(sku, level, target, context);

        // What a push on its way will say is said: its cause travels with it, and only what it leaves unsaid has another.
        var unsaid = target is not null && target != level.Coming;
        var cause = unsaid ? Older(level.CauseAt, causeAt) : null;
        return target == level.Target && cause == level.CauseAt ? level : level with { Target = target, CauseAt = cause };
    }

    private static DateTimeOffset? Older(DateTimeOffset? a, DateTimeOffset? b) =>
        a is null ? b : b is null || a < b ? a : b;
}
