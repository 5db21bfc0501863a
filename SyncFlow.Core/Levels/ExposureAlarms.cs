using System.Globalization;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>Since when a SKU that is to be guarded is exposed, what made it so, and of how many units a person was told.</summary>
/// <param name="Since">Null while nothing is exposed.</param>
/// <param name="Cause">In words.</param>
/// <param name="Alarmed">The most units that its open incident spoke of; 0 where none is open.</param>
public sealed record ExposureWatch(DateTimeOffset? Since, string Cause, int Alarmed)
{
    /// <summary>Nothing is exposed.</summary>
    public static ExposureWatch None { get; } = new(null, "", 0);
}

/// <summary>
/// Guard has no exposure but what a fact or a broken assumption made, and that is alarmed (I3). Decreases that are under
/// way take most of it away within seconds: a person is told at once of what they leave, and of the rest when it stays.
/// </summary>
public static class ExposureAlarms
{
    /// <summary>The kind of these incidents.</summary>
    public const string Kind = "exposure";

    /// <summary>Beside the slowest channel's settle time: acknowledged decreases wait for orders to be visible, and for a reading.</summary>
    private static readonly TimeSpan Proof = TimeSpan.FromMinutes(1);

    /// <summary>Names a SKU's incident.</summary>
    public static string KeyOf(SkuId sku) => string.Create(CultureInfo.InvariantCulture, $"exposure:{sku.Value}");

    /// <summary>How long exposure may stand before it is no longer what every write-off causes.</summary>
    public static TimeSpan Patience(EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var slowest = 0d;
        foreach (var channel in context.Channels.Values)
        {
            slowest = channel.Sells ? Math.Max(slowest, channel.SettleSeconds) : slowest;
        }

        return Proof + TimeSpan.FromSeconds(slowest);
    }

    /// <summary>A member of a cluster that was planned, with its watch as it is now; opens and cures its incident.</summary>
    internal static SkuState Note(WorkingSet set, Cluster planned, SkuState sku, DateTimeOffset now)
    {
        var exposure = sku.IsKit || sku.Mode == EffectiveMode.Shared ? null : Exposures.Of(planned, sku.Sku);
        var watch = sku.Exposed;
        if (exposure is not { Units: > 0 })
        {
            if (watch.Alarmed > 0)
            {
                var key = KeyOf(sku.Sku);
                set.Incidents.RemoveAll(i => i.Key == key); // Planned twice in one batch: it would be opened after it is closed.
                set.Cured.Add(key);
            }

            return watch == ExposureWatch.None ? sku : sku with { Exposed = ExposureWatch.None };
        }

        if (watch.Since is null && set.FindLoaded(sku.Sku) is { Exposed: { Since: not null } before })
        {
            // Planned twice in one batch, and exposed before it: nobody saw it gone in between.
            watch = before;
            set.Cured.Remove(KeyOf(sku.Sku));
        }

        watch = watch.Since is null ? new ExposureWatch(now, CauseOf(set, sku, exposure, now), 0) : watch;
        var stays = now - watch.Since >= Patience(planned.Context);
        var left = stays ? exposure.Units : Exposures.Of(planned.With(planned.Skus.Select(Arrived)), sku.Sku).Units;
        if (left > watch.Alarmed)
        {
            set.Incidents.Add(new Incident(
                KeyOf(sku.Sku), Kind,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{left} units could be sold that do not exist, since {watch.Since:yyyy-MM-dd HH:mm:ss}: {watch.Cause}. {Why(sku, planned.Context, stays)}."),
                null, sku.Sku, null, now));
            watch = watch with { Alarmed = left };
        }

        return sku.Exposed == watch ? sku : sku with { Exposed = watch };
    }

    /// <summary>A SKU once all that is planned has happened and is proven.</summary>
    private static SkuState Arrived(SkuState sku) => sku with
    {
        Levels = [.. sku.Levels.Select(l => l switch
        {
            { Target: { } target, Belief: { } belief } => l with
            {
                Belief = Math.Min(belief, target), InFlight = null, Unverified = [], Surplus = 0, Adopted = 0,
            },
            { IsLeaving: true } => LevelLife.End(l),
            _ => l,
        })],
    };

    /// <summary>What made it: of the batch's facts the one that took most; else what the state says.</summary>
    private static string CauseOf(WorkingSet set, SkuState sku, Exposure exposure, DateTimeOffset now)
    {
        var facts = OversellNotices.Facts(set, sku, now);
        if (facts.IsEmpty)
        {
            return exposure.Cause;
        }

        var most = facts.MaxBy(f => f.Units)!;
        var why = most.Cause == OversellCause.Unknown ? exposure.Cause : OversellNotices.Words(most.Cause);
        return string.Create(CultureInfo.InvariantCulture, $"{why} ({most.Units} by {most.FactKey})");
    }

    /// <summary>Why it does not go away by itself.</summary>
    private static string Why(SkuState sku, EngineContext context, bool stays)
    {
        if (sku.Levels.FirstOrDefault(l => l.IsStopped) is { } stopped)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Writes to level {stopped.Id.Value} are stopped: release it once the cause is gone");
        }

        var silent = sku.Levels.Any(l => l is { Target: null, UpperBound: > 0 }
            && context.FindChannel(l.Connection) is { Sells: true, Uncappable: false });
        return silent ? "A channel that shows some of them is not written now"
            : stays ? "The decreases have not taken them away in the time that they usually need"
            : "No decrease that is planned takes them away";
    }
}
