using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Parking;

/// <summary>
/// When a channel closes a location and moves what is there to another of its own, parked units go too, from safety stock
/// to safety stock (<see cref="ChannelMoves"/> for what is available). Parked ones that are missing on the closing level and
/// as many that appeared on a sibling are one movement, booked as a pair.
/// </summary>
internal static class ParkedMoves
{
    /// <summary>What of the parked units that a reading does not explain moved from or to a sibling.</summary>
    /// <param name="level">The level that was read.</param>
    /// <param name="shelf">Its shelf.</param>
    /// <param name="open">Units that are too many among the parked ones, or below zero missing.</param>
    /// <returns>The SKU with the pair booked, the shelf then, and how many units it was, with their sign.</returns>
    public static (SkuState Sku, ParkedShelf Shelf, int Moved) Pair(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ParkedShelf shelf, int open) => open switch
        {
            > 0 => Arrive(set, fact, sku, level, shelf, open),
            < 0 when IsLeft(level, fact.Reading) => Depart(set, fact, sku, level, shelf, -open),
            _ => (sku, shelf, 0),
        };

    /// <summary>A location of a sibling, or of the level itself, is closing: what parked units do may be its doing.</summary>
    /// <param name="open">As for <see cref="Pair"/>.</param>
    public static bool IsUnderWay(SkuState sku, LevelState level, Reading reading, int open) => open < 0
        ? IsLeft(level, reading)
        : open > 0 && sku.Levels.Any(l => IsEmptied(l, level) && l.Shelf is { Parked: > 0 } or { Unplaced: < 0 });

    /// <summary>
    /// How many exact readings must agree before what they show is somebody's edit: more while it may be a movement, of
    /// which the other end is not read yet, or the message that a location was closed. What appears beside a location that
    /// closes waits until that is read out.
    /// </summary>
    /// <param name="open">As for <see cref="Pair"/>.</param>
    public static int Patience(SkuState sku, LevelState level, Reading reading, int open)
    {
        if (IsUnderWay(sku, level, reading, open))
        {
            return open > 0 ? int.MaxValue : PublishLimits.SuspenseReadingsOfAMove;
        }

        return sku.Levels.Any(l => ChannelMoves.IsSibling(l, level) && Math.Sign(l.Shelf?.Unplaced ?? 0) * Math.Sign(open) < 0)
            ? PublishLimits.SuspenseReadingsOfAMove
            : PublishLimits.SuspenseReadings;
    }

    private static (SkuState, ParkedShelf, int) Arrive(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState to, ParkedShelf shelf, int units)
    {
        var source = sku.Levels.FirstOrDefault(l => IsEmptied(l, to) && l.Shelf is { Parked: <= 0, Unplaced: < 0, UnplacedReadings: > 0 });
        if (source is null)
        {
            return (sku, shelf, 0);
        }

        var moved = Math.Min(units, Missing(source.Shelf!, -source.Shelf!.Unplaced, units));
        if (moved <= 0)
        {
            return (sku, shelf, 0);
        }

        var left = source.Shelf with { Unplaced = source.Shelf.Unplaced + moved };
        (sku, left, var arrived) = Book(set, fact, sku, (source, left), (to, shelf), moved);
        return (sku.With(source with { Shelf = left, NeedsReading = true }), arrived!, moved);
    }

    private static (SkuState, ParkedShelf, int) Depart(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState source, ParkedShelf shelf, int units)
    {
        var to = sku.Levels.FirstOrDefault(l => IsOpen(l, source) && l.Shelf is { Unplaced: > 0, UnplacedReadings: > 0 });
        if (to is null)
        {
            return Leave(set, fact, sku, source, shelf, units);
        }

        var moved = Math.Min(Missing(shelf, units, to.Shelf!.Unplaced), to.Shelf!.Unplaced);
        if (moved <= 0)
        {
            return (sku, shelf, 0);
        }

        (sku, shelf, var arrived) = Book(
            set, fact, sku, (source, shelf), (to, to.Shelf with { Unplaced = to.Shelf.Unplaced - moved }), moved);
        return (sku.With(to with { Shelf = arrived, NeedsReading = true }), shelf, -moved);
    }

    /// <summary>
    /// Of parked units that are missing on a closing level, those that may have moved: not a change of on-hand in doubt, where that, not
    /// done, leaves fewer without a cause. All that was there moved at once, so what appeared is all there was.
    /// </summary>
    private static int Missing(ParkedShelf shelf, int missing, int appeared) =>
        shelf.Adjusted > 0 && Math.Abs(missing - shelf.Adjusted - appeared) < Math.Abs(missing - appeared) ? missing - shelf.Adjusted : missing;

    /// <summary>
    /// To a location where nothing is parked: its channel shows them there as set aside, beyond what the ledger has. They
    /// are on hand there and not for sale. Where units are parked on a sibling too, its word is waited for.
    /// </summary>
    private static (SkuState, ParkedShelf, int) Leave(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState source, ParkedShelf shelf, int units)
    {
        var others = sku.Levels.Where(l => IsOpen(l, source)).ToLookup(l => l.Shelf is { Since: not null });
        var seen = others[true].Any() ? PublishLimits.SuspenseReadingsOfAMove - 1 : 1;
        var to = source.Shelf!.Unplaced == -units && source.Shelf.UnplacedReadings >= seen
            ? others[false].FirstOrDefault(l => SetAside(sku, l) > 0)
            : null;
        if (to is null)
        {
            return (sku, shelf, 0);
        }

        var moved = Math.Min(units, SetAside(sku, to));
        (sku, shelf, _) = Book(set, fact, sku, (source, shelf), (to, null), moved);
        return (sku, shelf, -moved);
    }

    /// <summary>
    /// The pair. Units found among the parked ones go first and stay found. Units that had left the place already, which its
    /// channel's on-hand had still, lie nowhere: they are owed by the shelf that shows them now.
    /// </summary>
    private static (SkuState Sku, ParkedShelf Left, ParkedShelf? Arrived) Book(
        WorkingSet set, LevelRead fact, SkuState sku, (LevelState Level, ParkedShelf Shelf) source, (LevelState Level, ParkedShelf? Shelf) to, int moved)
    {
        var found = Math.Min(moved, source.Shelf.Found);
        var owed = Math.Clamp(-(source.Shelf.Owed ?? 0), 0, moved - found);
        sku = ChannelMoves.Pair(set, fact, sku, source.Level, to.Level, moved - owed);
        sku = LevelEntries.Append(set, fact, sku, source.Level, Bucket.Unavailable, -found, EntryReason.ChannelTransfer);
        sku = LevelEntries.Append(
            set, fact, sku, to.Level, Bucket.Unavailable, to.Shelf is null ? moved - owed : found, EntryReason.ChannelTransfer);
        return (sku,
            source.Shelf with { Found = source.Shelf.Found - found, Owed = source.Shelf.Owed + owed },
            to.Shelf is null ? null : to.Shelf with { Found = to.Shelf.Found + found, Owed = to.Shelf.Owed - owed });
    }

    /// <summary>Units that a level was last read to have set aside, beyond what the ledger has unavailable there.</summary>
    private static int SetAside(SkuState sku, LevelState level) =>
        level.Observed is { OnHand: { } onHand, Committed: { } committed } read
            ? onHand - read.Available - committed - level.DraftHolds - sku.PoolAt(level.Location).Buckets.Unavailable
            : 0;

    /// <summary>All that was parked at a closed location moves at once: while units lie there, none of them did.</summary>
    private static bool IsLeft(LevelState level, Reading reading) =>
        level.Status == LevelStatus.Closing && reading.SafetyStock is not > 0;

    private static bool IsEmptied(LevelState level, LevelState of) =>
        ChannelMoves.IsSibling(level, of) && level.Status == LevelStatus.Closing;

    private static bool IsOpen(LevelState level, LevelState of) =>
        ChannelMoves.IsSibling(level, of) && level.Status == LevelStatus.Live;
}
