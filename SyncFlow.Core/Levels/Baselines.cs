using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Takes a level into service: belief is what it shows, less what was sold on an unknown side of the reading; the
/// channel's on-hand opens the ledger where asked and nothing stands there yet.
/// </summary>
internal static class Baselines
{
    public static FactOutcome Apply(
        WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, DateTimeOffset now)
    {
        var reading = fact.Reading;
        if (level.Status is not (LevelStatus.New or LevelStatus.Baselined) || level.InFlight?.Deadline > reading.MarkedAt)
        {
            return FactOutcome.Unchanged;
        }

        var pool = sku.PoolAt(level.Location);
        if (reading.Kind == ReadingKind.OpeningBaseline && !pool.Opened)
        {
            sku = Open(set, fact, sku, level, reading.OnHand - pool.Buckets.OnHand);
        }
        else if (reading.Kind == ReadingKind.OpeningBaseline && channel.OwnsOnHand && pool.Buckets.OnHand != reading.OnHand)
        {
            set.Drift.Add(new DriftCase(
                sku.Sku, level.Id, DriftClass.BaselineVariance, pool.Buckets.OnHand, reading.OnHand,
                "not published until on-hand is adjusted and the baseline repeated", now));
            set.Put(sku.With(level));
            return FactOutcome.Applied;
        }

        var sold = (int)(level.SoldTotal - reading.SoldMark);
        var putBack = (int)(level.PutBackTotal - reading.PutBackMark);
        set.NoteCause(sku.Sku, now);
        set.Put(sku.With(level with
        {
            Status = channel.Status == ConnectionStatus.Live ? LevelStatus.Live : LevelStatus.Baselined,
            Belief = reading.Available - sold + putBack,
            Unverified = sold > 0 ? [new Unverified(sold, now)] : [],
            InFlight = null, // Of before it was disconnected, and past its deadline: the reading tells what came of it.
            Surplus = 0,
            NeedsReading = false,
            AwaitsAttribution = false,
        }));
        return FactOutcome.Applied;
    }

    private static SkuState Open(WorkingSet set, LevelRead fact, SkuState sku, LevelState level, int units)
    {
        if (units != 0)
        {
            sku = set.Append(sku, new LedgerEntry(
                sku.Sku, level.Location, Bucket.OnHand, units, EntryReason.Opening, fact.Key, level.Id, level.Connection,
                fact.InboxEvent, fact.OccurredAt));
        }

        return sku.With(sku.PoolAt(level.Location) with { Opened = true });
    }
}
