using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Preorders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Engine;

/// <summary>After a fold: modes, targets and the count of oversold units of every SKU that changed.</summary>
public static class Replanner
{
    /// <summary>Replans every changed SKU, with what kits tie to it.</summary>
    public static void Replan(WorkingSet set, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        Touch(set, [.. set.ChangedSkus.Select(s => s.Sku)], causeAt: null, now);
    }

    /// <summary>Replans one loaded SKU although no fact changed it: after a change of settings, or because time passed.</summary>
    public static void Touch(WorkingSet set, SkuId sku, DateTimeOffset now) => Touch(set, [sku], now);

    /// <inheritdoc cref="Touch(WorkingSet, SkuId, DateTimeOffset)"/>
    public static void Touch(WorkingSet set, IReadOnlyCollection<SkuId> skus, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(skus);
        Touch(set, skus, now, now);
    }

    private static void Touch(WorkingSet set, IReadOnlyCollection<SkuId> skus, DateTimeOffset? causeAt, DateTimeOffset now)
    {
        // One alone is all that most batches change.
        var done = skus.Count > 1 ? new HashSet<SkuId>() : null;
        foreach (var sku in skus)
        {
            if (done?.Contains(sku) == true)
            {
                continue;
            }

            var cluster = Of(Cluster.Of(set, sku), set, causeAt, now);
            foreach (var member in cluster.Skus)
            {
                done?.Add(member.Sku);
                var next = ExposureAlarms.Note(set, cluster, member, now);
                var steps = Paces.StepsOf(next, cluster.HasKits);

                // The figures of a member follow from levels of others, so all are written.
                set.Put(steps != next.PaceSteps ? next with { PaceSteps = steps } : cluster.HasKits ? next with { } : next);
            }
        }
    }

    private static Cluster Of(Cluster before, WorkingSet set, DateTimeOffset? causeAt, DateTimeOffset now)
    {
        var granted = before;
        foreach (var sku in before.Skus)
        {
            var placed = PreorderRules.At(ParkingRules.FollowSettings(LevelLife.FollowPlaces(sku, before.Context), before.Context), now);
            var counted = CountOversold(placed, before.Context);
            OversellNotices.Note(set, sku, counted, now);
            granted = granted.With(RequestRules.Grant(set, granted.With(counted), Paces.Showing(counted, now), now));
        }

        // Channels are planned as if those who still wait had their units: so they are given up.
        var planned = granted.With(granted.Skus.Select(s => RequestRules.AsIfGranted(s, before.Context)));
        var mode = Modes.Next(planned, now);
        var causes = before.Skus.Select(s => set.CauseOf(s.Sku)).Where(c => c is not null);
        var targets = Targets.Retarget(
            planned.With(planned.Skus.Where(s => s.Mode != mode).Select(s => s with { Mode = mode })), causes.Min() ?? causeAt, now);
        return ReferenceEquals(planned, granted) ? targets : targets.With(granted.Skus
            .Where(s => !s.Pools.Equals(planned.Find(s.Sku)!.Pools))
            .Select(s => targets.Find(s.Sku)! with { Pools = s.Pools }));
    }

    /// <summary>Units promised beyond what there is, over all groups.</summary>
    private static SkuState CountOversold(SkuState sku, EngineContext context)
    {
        var shortfall = 0;
        foreach (var group in AvailableToSell.Groups(sku, context))
        {
            shortfall += AvailableToSell.ShortOf(group.Pools, sku.Policy);
        }

        if (shortfall == sku.Shortfall)
        {
            return sku;
        }

        var more = Math.Max(0, shortfall - sku.Shortfall);
        var guarded = sku.Mode == EffectiveMode.Guard && !Exposures.Uncapped(sku, context).Any();
        return sku with
        {
            Shortfall = shortfall,
            OversoldUnits = sku.OversoldUnits + more,
            OversoldGuardedUnits = sku.OversoldGuardedUnits + (guarded ? more : 0),
        };
    }
}
