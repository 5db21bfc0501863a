using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Somebody else wrote a level. Where the channel is the authority for on-hand there, that is a fact about stock; else
/// the ledger stands and the target is pushed back (rules R6 and R7).
/// </summary>
internal static class ChannelEdits
{
    /// <summary>What is done about an edit, for its drift case.</summary>
    public static string Word(SkuState sku, LevelState level, ChannelSettings channel) =>
        IsAccepted(sku, level, channel) ? "accepted: the channel owns on-hand" : "rejected: target pushed back";

    /// <summary>
    /// The SKU after an edit by so many units. Units that left available but not the building (damaged, set aside) are
    /// unavailable, not lost.
    /// </summary>
    public static SkuState Book(WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, int units)
    {
        if (!IsAccepted(sku, level, channel))
        {
            return sku;
        }

        var pool = sku.PoolAt(level.Location).Buckets;
        var kept = fact.Reading.Kind == ReadingKind.Absent ? 0 : SetAside(fact.Reading, level, pool);
        var setAside = units < 0
            ? Math.Clamp(kept, 0, -units)
            : -Math.Clamp(-kept, 0, Math.Min(units, Math.Max(0, pool.Unavailable)));
        sku = SetAsides.TakenByHand(sku, level.Location, Math.Max(0, -units), set.Context);
        sku = LevelEntries.Append(set, fact, sku, level, Bucket.Unavailable, setAside, EntryReason.ChannelEdit);
        return LevelEntries.Append(set, fact, sku, level, Bucket.OnHand, units + setAside, EntryReason.ChannelEdit);
    }

    /// <summary>
    /// The SKU after an edit of the units parked on a level, and how many of them are found ones then. They are in the ledger
    /// for others to sell, so what is gone is gone, and what of it was found damaged is unavailable; what somebody put there
    /// without taking it from anywhere is on hand, and is sold by nobody until a person says so. If he takes it away again,
    /// nobody lacks it.
    /// </summary>
    public static (SkuState Sku, int Found) BookParked(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, int units)
    {
        var found = level.Shelf!.Found;
        if (!IsAccepted(sku, level, channel))
        {
            return (sku, found);
        }

        var pool = sku.PoolAt(level.Location).Buckets;
        var noted = Math.Max(units, -found);
        var gone = Math.Min(0, units - noted);
        var setAside = Math.Clamp(SetAside(fact.Reading, level, pool), 0, -gone);
        sku = SetAsides.TakenByHand(sku, level.Location, -gone, set.Context);
        sku = LevelEntries.Append(set, fact, sku, level, Bucket.Unavailable, noted + setAside, EntryReason.ChannelEdit);
        sku = LevelEntries.Append(set, fact, sku, level, Bucket.OnHand, noted + gone + setAside, EntryReason.ChannelEdit);
        return (sku, found + noted);
    }

    /// <summary>
    /// Units of the shelf that are damaged or set aside, beyond those that the ledger has; those that we parked are not, nor
    /// those found among them.
    /// </summary>
    private static int SetAside(Reading reading, LevelState level, Buckets pool) =>
        reading.Unavailable - (level.Shelf is { Since: not null } ? reading.SafetyStock ?? 0 : 0)
        - (pool.Unavailable - (level.Shelf?.Found ?? 0));

    /// <summary>Whether an edit is a fact about stock.</summary>
    public static bool IsAccepted(SkuState sku, LevelState level, ChannelSettings channel) =>
        !sku.IsKit && Authority.Accepts(sku, level.Location, channel);
}
