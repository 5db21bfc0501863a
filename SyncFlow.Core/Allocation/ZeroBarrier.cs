using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// Channels without compare-and-set take absolute values, so even a decrease can put back units sold a moment before
/// (rule R15). In guard such a level changes only through zero: zero is written, a drained reading shows it, and from
/// there it rises to its new quota. That is slow, so its quota moves rarely; between moves its own sales lower it. It
/// rests on one more assumption: the channel sells from a level only what that level shows.
/// </summary>
public static class ZeroBarrier
{
    /// <summary>How an absolute write moves a level.</summary>
    public static WriteKind KindOf(LevelState level, int to, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(context);
        return to == 0 || IsProvenZero(level, context) ? WriteKind.ThroughZero : WriteKind.Overwrite;
    }

    /// <summary>
    /// Whether an absolute level of the SKU may show more than its bound says, because a value was written over another
    /// and no drained reading was taken since: guard begins when that is known. In bounded guard a reserve is kept for it.
    /// </summary>
    public static bool IsInDoubt(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return sku.Levels.Any(l => IsAbsolute(l, context) && !l.IsOutOfService && IsInDoubt(l) && LagReserves.GuardOf(l, context) is null);
    }

    /// <summary>Whether a drained reading has yet to tell what was put back on an absolute level.</summary>
    internal static bool IsInDoubt(LevelState level) =>
        level.NeedsReading || SoughtUnits.IsItselfInDoubt(level) || level.InFlight is { Kind: WriteKind.Overwrite };

    /// <summary>
    /// Turns guard's wishes for absolute levels of a group into what may be written to them now: nothing new, zero, or
    /// from zero the whole wish.
    /// </summary>
    /// <param name="budget">Units of the group that no channel may still sell, of each SKU that is no kit; ≥ 0.</param>
    /// <param name="kept">Levels that bounded guard lets skip it.</param>
    internal static void Route(
        Cluster cluster, int group, Dictionary<SkuId, int> budget, Dictionary<LevelId, int> targets, IReadOnlyDictionary<LevelId, int> kept)
    {
        foreach (var sku in cluster.Skus)
        {
            foreach (var level in sku.Levels)
            {
                if (IsAbsolute(level, cluster.Context) && !kept.ContainsKey(level.Id) && Exposures.InGroup(cluster.Context, level, group)
                    && targets.TryGetValue(level.Id, out var wish))
                {
                    var rise = JointShares.Most(Draws.ComponentsOf(cluster, sku.Sku, level.UnitsPerSale), budget);
                    targets[level.Id] = Step(level, wish, rise, IsProvenZero(level, cluster.Context));
                }
            }
        }
    }

    /// <summary>The next value on the way to a wish.</summary>
    /// <param name="rise">By how much it could rise now, in sales.</param>
    private static int Step(LevelState level, int wish, int rise, bool zero)
    {
        var coming = level.Coming!.Value;
        if (level.InFlight is not null || wish == coming || (wish > coming && zero))
        {
            return level.InFlight is null ? wish : coming;
        }

        if (wish < coming)
        {
            return 0;
        }

        // It is worth its time at zero only where its cover is short, and once it can have what it is to rise to.
        var isShort = coming > 0 && coming < wish * Targets.RebalanceBelow;
        return isShort && wish - coming <= rise ? 0 : coming;
    }

    /// <summary>In bounded guard a level may seem to be at zero and show what a write put back, until it is read.</summary>
    private static bool IsProvenZero(LevelState level, EngineContext context) =>
        level.IsExactlyZero && (LagReserves.GuardOf(level, context) is null || !level.NeedsReading);

    /// <summary>Whether a level is written by absolute values.</summary>
    internal static bool IsAbsolute(LevelState level, EngineContext context) =>
        context.FindChannel(level.Connection) is { CompareAndSet: false, Sells: true };
}
