using SyncFlow.Core.Facts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Draft orders may hold units: the channel moves them from available to reserved and, when the draft ends, back or on
/// to an order, without a trace of its own (rule R6). The reserved state is read in the same instant as the available
/// one, so its change is a known part of the level's movement: it is neither an unseen sale nor units that appeared.
/// </summary>
internal static class DraftHolding
{
    /// <summary>Books what the reserved state moved by since it was read last, and moves belief by as much.</summary>
    public static (SkuState Sku, LevelState Level) Follow(WorkingSet set, LevelRead fact, SkuState sku, LevelState level)
    {
        var held = fact.Reading.Reserved - level.DraftHolds;
        if (held == 0)
        {
            return (sku, level);
        }

        sku = Book(set, fact, sku, level);
        if (held > 0)
        {
            // Whoever announced the lower level first was believed to speak of a sale.
            var announced = Math.Min(held, level.Suspense);
            sku = announced == 0 ? sku : LevelEntries.Append(set, fact, sku, level, Bucket.Suspense, -announced, EntryReason.SuspenseExplained);
            level = level with
            {
                Suspense = level.Suspense - announced,
                SuspenseSince = level.Suspense == announced ? null : level.SuspenseSince,
                SuspenseReadings = level.Suspense == announced ? 0 : level.SuspenseReadings,
                Belief = level.Belief - (held - announced),
            };
        }
        else
        {
            level = level with { Surplus = Math.Max(0, level.Surplus + held), Belief = level.Belief - held };
        }

        level = level with { DraftHolds = fact.Reading.Reserved };
        return (sku.With(level), level);
    }

    /// <summary>The ledger's side alone: units held are reserved, units released are not.</summary>
    private static SkuState Book(WorkingSet set, LevelRead fact, SkuState sku, LevelState level)
    {
        var held = fact.Reading.Reserved - level.DraftHolds;
        if (held == 0)
        {
            return sku;
        }

        set.NoteCause(sku.Sku, fact.OccurredAt);
        return LevelEntries.Append(
            set, fact, sku, level, Bucket.Reserved, held, held > 0 ? EntryReason.DraftHold : EntryReason.DraftReleased);
    }
}
