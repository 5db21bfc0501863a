using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Explaining;

/// <summary>Why a level's quota is what it is.</summary>
public enum QuotaReason
{
    /// <summary>Nothing may be published to it.</summary>
    NotPublished,

    /// <summary>Shared: it shows all that its rule allows of what its location can sell.</summary>
    Shared,

    /// <summary>Guard: exactly its share.</summary>
    Share,

    /// <summary>Guard: above its share; units are taken from it only when others run short of cover.</summary>
    AboveShare,

    /// <summary>Guard: below its share; a rise waits for units that others are proven not to show any more.</summary>
    BelowShare,

    /// <summary>A freeze keeps it from what it would show: it is not raised, or not written at all.</summary>
    Frozen,
}

/// <summary>What a channel's rule named, where it named anything; units are the part that falls on the level's location.</summary>
public sealed record QuotaRule(int Reserve, int Minimum, int? Cap, decimal? Percent, double? Weight);

/// <summary>How a level's quota was worked out, from the state, the settings and the rules of its moment.</summary>
/// <param name="Quota">The target; null while nothing is published.</param>
/// <param name="Mode">The mode in force.</param>
/// <param name="Policy">The policy and its version that shares were worked out by; null where there was none.</param>
/// <param name="Rule">What it named for this channel; null where it named nothing.</param>
/// <param name="Available">What its location had to sell; of a kit, how many could be made there.</param>
/// <param name="SetAside">Of that, what levels show that nobody may lower now.</param>
/// <param name="Weight">Its channel's weight.</param>
/// <param name="Weights">The weights of all channels that share the location by weight.</param>
/// <param name="ExactShare">Its share before rounding, in units; null where rules name it, and in shared mode.</param>
/// <param name="Borne">Sales beyond its share that it shows because another level of its listing is below zero by them.</param>
/// <param name="RoundedShare">Its share in whole sales, by largest remainder, ties by priority; null while nothing is published.</param>
public sealed record QuotaAccount(
    int? Quota, EffectiveMode Mode, string? Policy, QuotaRule? Rule, int Available, int SetAside, double Weight, double Weights,
    double? ExactShare, int? RoundedShare, QuotaReason Reason, int Borne = 0)
{
    /// <summary>Sales of its share that bounded guard keeps off it; 0 where guard is proven on it.</summary>
    public int LagReserve { get; init; }

    /// <summary>The lag and the factor that they follow from; null where guard is proven on it.</summary>
    public BoundedGuard? Bounded { get; init; }

    /// <summary>What keeps the level from being raised (a freeze, a frozen source, billing), in words; null where nothing does.</summary>
    public string? StoppedBy { get; init; }

    /// <summary>The account of one level.</summary>
    /// <param name="moment">How things stood.</param>
    /// <param name="shares">How shares came about then.</param>
    public static QuotaAccount Of(StockMoment moment, LevelState level, IReadOnlyDictionary<LevelId, ShareAccount> shares)
    {
        ArgumentNullException.ThrowIfNull(moment);
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(shares);
        var (sku, policy) = (moment.Sku, moment.Sku.Policy.Allocation is { } named ? Words.Of(named) : null);
        var freeze = Freezes.On(moment.Sku, level, moment.Context);
        if (level.Target is not { } quota || !shares.TryGetValue(level.Id, out var share))
        {
            return new QuotaAccount(
                level.Target, sku.Mode, policy, null, 0, 0, 0, 0, null, null, IsFrozen(moment, level, freeze) ? QuotaReason.Frozen : QuotaReason.NotPublished);
        }

        var due = Math.Max(0, share.Share - level.LagReserve) + share.Borne;
        var reason = freeze == BrakeStrength.Increases && quota < due ? QuotaReason.Frozen
            : sku.Mode == EffectiveMode.Shared ? QuotaReason.Shared
            : quota == due ? QuotaReason.Share
            : quota > due ? QuotaReason.AboveShare : QuotaReason.BelowShare;
        return new QuotaAccount(
            quota, sku.Mode, policy, RuleOf(share.Rule), share.Units, share.SetAside, share.Weight, share.Weights, share.Exact, share.Share,
            reason, share.Borne)
        {
            LagReserve = level.LagReserve,
            Bounded = sku.Mode == EffectiveMode.Shared ? null : LagReserves.GuardOf(level, moment.Context),
            StoppedBy = freeze == BrakeStrength.Increases ? GrowthStops.On(moment, level) : null,
        };
    }

    /// <summary>Whether only a freeze of all writes keeps it from being written.</summary>
    private static bool IsFrozen(StockMoment moment, LevelState level, BrakeStrength freeze) =>
        freeze == BrakeStrength.AllWrites && level is { Status: LevelStatus.Live, Belief: not null }
        && moment.Context.FindChannel(level.Connection) is { Status: ConnectionStatus.Live, Uncappable: false };

    private static QuotaRule? RuleOf(ChannelRule rule) =>
        rule is { Reserve: 0, Minimum: 0, Cap: null, Percent: null, Weight: null }
            ? null
            : new QuotaRule(rule.Reserve, rule.Minimum, rule.Cap, rule.Percent, rule.Weight);
}
