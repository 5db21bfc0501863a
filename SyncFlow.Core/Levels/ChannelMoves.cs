using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// When a channel closes a location it may move what is there, orders included, to another of its own. No message says
/// so: units are missing on the closing level, and as many appeared on a sibling of the same listing. Seen side by side
/// they are one movement, booked as a pair, so that the total never changes while they move.
/// </summary>
internal static class ChannelMoves
{
    /// <summary>Units that a reading shows above what is explained, as far as they are missing on a closing sibling.</summary>
    /// <returns>The SKU with the pair booked, and how many units it was.</returns>
    public static (SkuState Sku, int Moved) Arrive(WorkingSet set, LevelRead fact, SkuState sku, LevelState to, int units)
    {
        var source = sku.Levels.FirstOrDefault(l => IsSibling(l, to) && l.Status == LevelStatus.Closing && l.Suspense > 0);
        if (source is null)
        {
            return (sku, 0);
        }

        var moved = Math.Min(units, source.Suspense);
        sku = LevelEntries.Append(set, fact, sku, source, Bucket.Suspense, -moved, EntryReason.SuspenseExplained);
        sku = sku.With(source with
        {
            Suspense = source.Suspense - moved,
            SuspenseSince = source.Suspense == moved ? null : source.SuspenseSince,
            SuspenseReadings = source.Suspense == moved ? 0 : source.SuspenseReadings,
            NeedsReading = true,
        });
        return (Pair(set, fact, sku, source, to, moved), moved);
    }

    /// <summary>Units that a reading of a closing level misses, as far as they appeared on a sibling.</summary>
    /// <returns>The SKU with the pair booked, and how many units it was.</returns>
    public static (SkuState Sku, int Moved) Depart(WorkingSet set, LevelRead fact, SkuState sku, LevelState source, int units)
    {
        var to = source.Status != LevelStatus.Closing
            ? null
            : sku.Levels.FirstOrDefault(l => IsSibling(l, source) && l.Status == LevelStatus.Live && l.Surplus > 0);
        if (to is null)
        {
            return (sku, 0);
        }

        var moved = Math.Min(units, to.Surplus);
        sku = sku.With(to with { Surplus = to.Surplus - moved, Belief = to.Belief + moved, NeedsReading = true });
        return (Pair(set, fact, sku, source, to, moved), moved);
    }

    /// <summary>
    /// Whether units may have moved between this level and a sibling: the other end may yet be read, and the message that a
    /// location was closed may still be on its way.
    /// </summary>
    public static bool MayHaveMoved(SkuState sku, LevelState level, bool missing) =>
        (missing && level.Status == LevelStatus.Closing) || sku.Levels.Any(
            l => IsSibling(l, level) && (missing ? l.Surplus > 0 : l.Suspense > 0 || l.Status == LevelStatus.Closing));

    /// <summary>
    /// Whether units that are missing at a location that closes may be on a sibling that cannot be read now, because an answer
    /// is lost there: they are not on sale anywhere else before it is known.
    /// </summary>
    public static bool AwaitsSibling(SkuState sku, LevelState source)
    {
        foreach (var sibling in source.Status == LevelStatus.Closing ? sku.Levels : [])
        {
            if (IsSibling(sibling, source) && sibling is { Status: LevelStatus.Live, InFlight: not null })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where units are missing at a location that closes a sibling may have them, and no message need have told of it.</summary>
    public static SkuState AskSiblings(SkuState sku, LevelState source)
    {
        foreach (var sibling in source.Status == LevelStatus.Closing ? sku.Levels : [])
        {
            if (IsSibling(sibling, source) && sibling is { Status: LevelStatus.Live, NeedsReading: false })
            {
                sku = sku.With(sibling with { NeedsReading = true });
            }
        }

        return sku;
    }

    /// <summary>So many units left one level and are on the other.</summary>
    public static SkuState Pair(WorkingSet set, LevelRead fact, SkuState sku, LevelState source, LevelState to, int moved)
    {
        set.NoteCause(sku.Sku, fact.OccurredAt);
        sku = LevelEntries.Append(set, fact, sku, source, Bucket.OnHand, -moved, EntryReason.ChannelTransfer);
        return LevelEntries.Append(set, fact, sku, to, Bucket.OnHand, moved, EntryReason.ChannelTransfer);
    }

    /// <summary>Whether a level is of the same listing, at another location of the same channel.</summary>
    public static bool IsSibling(LevelState level, LevelState of) =>
        level.Id != of.Id && level.Listing == of.Listing && level.Connection == of.Connection;
}
