using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>Which mode is in force: the wish, and for adaptive how much there is against how fast it goes.</summary>
public static class Modes
{
    /// <summary>Safety factor on what may be sold before a decrease arrives.</summary>
    public const double LagFactor = 3;

    /// <summary>Back to shared only above this multiple of the threshold, so that the mode does not flutter.</summary>
    public const double ReturnFactor = 1.5;

    /// <summary>
    /// The mode of a cluster at <paramref name="now"/>. What kits tie together is guarded together: a share that one
    /// member holds alone would be another's to sell.
    /// </summary>
    public static EffectiveMode Next(Cluster cluster, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (!cluster.Skus.Any(s => WantsGuard(s, cluster, now)))
        {
            return EffectiveMode.Shared;
        }

        return cluster.Skus.All(s => s.Mode == EffectiveMode.Guard)
            || cluster.Skus.All(s => Exposures.Of(cluster, s.Sku).Units == 0 && !ZeroBarrier.IsInDoubt(s, cluster.Context))
                ? EffectiveMode.Guard
                : EffectiveMode.EnteringGuard;
    }

    /// <summary>
    /// The available-to-sell below which adaptive guards: what may be sold while a decrease is under way, with a
    /// factor, and at least one largest order on every channel at once.
    /// </summary>
    public static double Threshold(SkuState sku, EngineContext context, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        var channels = SellingChannels(sku, context);
        var lag = channels.Count == 0 ? 0 : channels.Max(c => c.SettleSeconds);
        var pace = Math.Max(sku.Velocity.UnitsPerSecond(now), sku.Sales.PeakPerSecond(now));
        return Math.Max(pace * lag * LagFactor, channels.Count * sku.Velocity.LargestOrder);
    }

    private static bool WantsGuard(SkuState sku, Cluster cluster, DateTimeOffset now)
    {
        var context = cluster.Context;
        if (sku.Policy.Launches.Any(l => l.Covers(now)))
        {
            return true;
        }

        switch (sku.Policy.Mode)
        {
            case SharingMode.Shared:
                return false;
            case SharingMode.Guard:
                return true;
            case SharingMode.Adaptive:
                var guarded = sku.Mode != EffectiveMode.Shared;
                var threshold = Threshold(sku, context, now) * (guarded ? ReturnFactor : 1);

                // What would be exposed if every channel showed all of it.
                var available = AvailableToSell.Of(cluster, sku.Sku);
                var channels = SellingChannels(sku, context).Count;
                var shared = (long)Math.Max(0, channels - 1) * Math.Max(0, available);
                return available <= threshold || shared * (guarded ? ReturnFactor : 1) > sku.Policy.RiskBudget;
            default:
                throw new ArgumentOutOfRangeException(nameof(sku), sku.Policy.Mode, "Unknown mode.");
        }
    }

    private static List<ChannelSettings> SellingChannels(SkuState sku, EngineContext context) =>
    [
        .. sku.Levels.Where(l => l.Belief is not null).Select(l => l.Connection).Distinct()
            .Select(c => context.Channels.GetValueOrDefault(c)).OfType<ChannelSettings>().Where(c => c.Sells),
    ];
}
