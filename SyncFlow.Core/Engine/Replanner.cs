using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Engine;

/// <summary>After a fold: modes, targets and the count of oversold units of every SKU that changed.</summary>
public static class Replanner
{
    /// <summary>Replans every changed SKU.</summary>
    public static void Replan(WorkingSet set, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        foreach (var sku in set.ChangedSkus.ToArray())
        {
            set.Put(Of(set, sku, set.CauseOf(sku.Sku), now));
        }
    }

    /// <summary>Replans one loaded SKU although no fact changed it: after a change of settings, or because time passed.</summary>
    public static void Touch(WorkingSet set, SkuId sku, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        var state = set.FindSku(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not loaded.", nameof(sku));
        set.Put(Of(set, state, set.CauseOf(sku) ?? now, now));
    }

    private static SkuState Of(WorkingSet set, SkuState sku, DateTimeOffset? causeAt, DateTimeOffset now)
    {
        var counted = CountOversold(LevelLife.FollowPlaces(sku, set.Context), set.Context);
        OversellNotices.Note(set, sku, counted, now);
        var granted = RequestRules.Grant(set, counted, now);

        // Channels are planned as if those who still wait had their units: so they are given up.
        var planned = RequestRules.AsIfGranted(granted, set.Context);
        var mode = Modes.Next(planned, set.Context, now);
        var targets = Targets.Retarget(mode == planned.Mode ? planned : planned with { Mode = mode }, set.Context, causeAt);
        return ReferenceEquals(planned, granted) ? targets : targets with { Pools = granted.Pools };
    }

    /// <summary>
    /// Units promised beyond what there is. Suspense is left out: it may be an order not seen yet or nothing at all,
    /// and either way the order itself will be counted.
    /// </summary>
    private static SkuState CountOversold(SkuState sku, EngineContext context)
    {
        var shortfall = 0;
        foreach (var group in AvailableToSell.Groups(sku, context))
        {
            shortfall += Math.Max(0, -group.Sum(p => p.Buckets.Unencumbered + p.Buckets.Suspense));
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
