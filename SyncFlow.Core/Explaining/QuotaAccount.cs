using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Explaining;

/// <summary>Why a level's quota is what it is.</summary>
public enum QuotaReason
{
    /// <summary>Nothing may be published to it.</summary>
    NotPublished,

    /// <summary>Shared: every channel shows all that its location can sell.</summary>
    Shared,

    /// <summary>Guard: exactly its share.</summary>
    Share,

    /// <summary>Guard: above its share; units are taken from it only when others run short of cover.</summary>
    AboveShare,

    /// <summary>Guard: below its share; a rise waits for units that others are proven not to show any more.</summary>
    BelowShare,
}

/// <summary>How a level's quota was worked out, from the state and the settings of its moment.</summary>
/// <param name="Quota">The target; null while nothing is published.</param>
/// <param name="Mode">The mode in force.</param>
/// <param name="Available">What its location had to sell.</param>
/// <param name="SetAside">Of that, what levels show that nobody may lower now.</param>
/// <param name="Weight">Its channel's weight.</param>
/// <param name="Weights">The weights of all channels that share the location.</param>
/// <param name="ExactShare">Its share before rounding, in units; null in shared mode.</param>
/// <param name="RoundedShare">Its share in whole units by largest remainder, ties by priority; null in shared mode.</param>
public sealed record QuotaAccount(
    int? Quota, EffectiveMode Mode, int Available, int SetAside, double Weight, double Weights, double? ExactShare,
    int? RoundedShare, QuotaReason Reason)
{
    /// <summary>The account of one level.</summary>
    public static QuotaAccount Of(SkuState sku, EngineContext context, LevelState level)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(level);
        var available = Math.Max(0, AvailableToSell.Of(sku.PoolAt(level.Location), sku.Policy));
        var here = sku.Levels.Where(l => l.Location == level.Location && l.Belief is not null && Channel(context, l) is { Sells: true }).ToList();
        var sharing = here.Where(l => Targets.IsPublished(l, context))
            .OrderBy(l => Channel(context, l)!.Priority).ThenBy(l => l.Id.Value).ToList();
        var weights = sharing.ConvertAll(l => Channel(context, l)!.Weight);
        var own = sharing.FindIndex(l => l.Id == level.Id);
        var weight = Channel(context, level)?.Weight ?? 0;
        if (level.Target is not { } quota || own < 0)
        {
            return new QuotaAccount(level.Target, sku.Mode, available, 0, weight, weights.Sum(), null, null, QuotaReason.NotPublished);
        }

        if (sku.Mode == EffectiveMode.Shared)
        {
            return new QuotaAccount(quota, sku.Mode, available, 0, weight, weights.Sum(), null, null, QuotaReason.Shared);
        }

        var setAside = Math.Max(0, here.Except(sharing).Sum(l => Math.Max(0, l.UpperBound)));
        var free = Math.Max(0, available - setAside);
        var share = LargestRemainder.Share(free, weights)[own];
        var total = weights.Sum();
        var reason = quota == share ? QuotaReason.Share : quota > share ? QuotaReason.AboveShare : QuotaReason.BelowShare;
        return new QuotaAccount(
            quota, sku.Mode, available, setAside, weight, total, total > 0 ? free * weight / total : (double)free / weights.Count,
            share, reason);
    }

    private static ChannelSettings? Channel(EngineContext context, LevelState level) => context.Channels.GetValueOrDefault(level.Connection);
}
