using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// A drained cycle in which the channel had no such level: every order up to then is known, so what the level may have
/// sold it has not. Units in suspense wait as long as on any other level, then the authority's policy settles them. Where its
/// location was closed, its units may be on another level of its listing: those are read first.
/// </summary>
internal static class Absence
{
    public static FactOutcome Apply(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, DateTimeOffset now)
    {
        if (!level.IsLeaving)
        {
            return FactOutcome.Unchanged;
        }

        var readings = level.SuspenseReadings + 1;
        if (level.Status == LevelStatus.Closing && (readings == 1 ? SoughtUnits.MayBeElsewhere(sku, level) : SoughtUnits.AreSought(sku, level.Id)))
        {
            sku = sku.With(level with { SuspenseReadings = readings, NeedsReading = true });
            set.Put(readings == 1 ? SoughtUnits.Seek(sku, level, now) : sku);
            return FactOutcome.Applied;
        }

        if (level.Suspense > 0 && readings < PublishLimits.SuspenseReadings)
        {
            set.Put(sku.With(level with { SuspenseReadings = readings, NeedsReading = true }));
            return FactOutcome.Applied;
        }

        if (level.Suspense > 0)
        {
            set.Drift.Add(new DriftCase(
                sku.Sku, level.Id, DriftClass.OutsideDecrease, level.Suspense, 0, ChannelEdits.Word(sku, level, channel), now));
            sku = ChannelEdits.Book(set, fact, sku, level, channel, -level.Suspense);
            sku = Readings.MoveSuspense(set, fact, sku, level, 0, EntryReason.SuspenseSettled, now);
        }

        set.NoteCause(sku.Sku, now);
        set.Put(sku.With(LevelLife.End(level with { Suspense = 0, SuspenseSince = null, SuspenseReadings = 0 })));
        return FactOutcome.Applied;
    }
}
