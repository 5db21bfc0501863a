using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Levels as we read them ourselves. Let V be what the ledger explains the level shows (belief and what is in
/// suspense), and q, p, w the units sold, put back and pushed that became known after the marks. The sales and
/// put-backs lie on an unknown side of the reading R, so R is explained when V − w − p ≤ R ≤ V − w + q; whatever is
/// outside is missing below or undone or foreign above. The level then shows at most R + p + w.
/// </summary>
internal static class Readings
{
    public static FactOutcome Apply(WorkingSet set, LevelRead fact, DateTimeOffset now)
    {
        var reading = fact.Reading;
        var sku = set.FindSku(reading.Level);
        if (sku?.FindLevel(reading.Level) is not { } level
            || set.Context.FindChannel(level.Connection) is not { } channel)
        {
            return FactOutcome.Unmapped;
        }

        if (reading.Generation != level.Generation)
        {
            return FactOutcome.Older;
        }

        if (reading.Kind == ReadingKind.Absent)
        {
            return Absence.Apply(set, fact, sku, level, channel, now);
        }

        var noted = level with { Observed = Observe(level, reading, now) };
        if (level.IsOutOfService)
        {
            set.Put(sku.With(noted with { NeedsReading = false }));
            return FactOutcome.Unchanged;
        }

        if (reading.Kind is ReadingKind.Baseline or ReadingKind.OpeningBaseline)
        {
            return Baselines.Apply(set, fact, sku, noted, channel, now);
        }

        if (level.Belief is null || (StillInTheAir(level, reading) && !AbsoluteWrites.HasArrived(sku, level, reading)))
        {
            return InTheAir(set, sku, level, noted.Observed!, reading);
        }

        if (!ShelfReading.Tells(level, reading))
        {
            // Units that rose here may have been parked ones: without the parked state nobody can tell.
            set.Put(sku.With(noted with { NeedsReading = true }));
            return FactOutcome.Unchanged;
        }

        (sku, noted) = DraftHolding.Follow(set, fact, sku, noted);
        if (reading.Kind == ReadingKind.Plain)
        {
            return Plain(set, fact, sku, ShelfReading.Noted(noted, reading), now);
        }

        var (settled, lost) = SettleLostAnswer(noted, reading, now);
        var outcome = new DrainedReading(set, fact, sku, settled, channel, lost, now).Apply();
        AbsoluteWrites.NoteUndone(set, noted, settled, reading, now);
        return outcome;
    }

    /// <summary>
    /// Suspense is a ledger bucket: a change of it is an entry. The cause of what follows from a reading is that it was
    /// understood now, not when it was taken.
    /// </summary>
    public static SkuState MoveSuspense(WorkingSet set, Fact fact, SkuState sku, LevelState level, int to, EntryReason reason,
        DateTimeOffset now)
    {
        var delta = to - level.Suspense;
        if (delta == 0)
        {
            return sku;
        }

        set.NoteCause(sku.Sku, now);
        return LevelEntries.Append(set, fact, sku, level, Bucket.Suspense, delta, reason);
    }

    private static Observation Observe(LevelState level, Reading reading, DateTimeOffset now) => new(
        reading.Available, Math.Max(level.Observed?.Version ?? 0, reading.Version), now, reading.OnHand, reading.Committed);

    /// <summary>Planned before the marks were taken, and its request may still arrive.</summary>
    private static bool StillInTheAir(LevelState level, Reading reading) =>
        level.InFlight is { } push && push.PlannedAt <= reading.MarkedAt && push.Deadline > reading.MarkedAt;

    /// <summary>
    /// A push that may have arrived before the reading, or may arrive after it: nothing can be concluded, also not that what was
    /// announced before is settled. What is there beyond both of its outcomes appeared all the same: it may be sold until the push is
    /// settled (rule R7), and a sibling that may miss it is read.
    /// </summary>
    private static FactOutcome InTheAir(WorkingSet set, SkuState sku, LevelState level, Observation seen, Reading reading)
    {
        var (sold, pushed) = ((int)(level.SoldTotal - reading.SoldMark), (int)(level.PushedTotal - reading.PushedMark));
        var most = level.MostByWrites + level.UnverifiedUnits - pushed + sold;
        var above = level.Belief is null ? 0 : Math.Max(0, reading.Available - most);
        var next = sku.With(level with
        {
            Observed = seen with { Version = level.Observed?.Version ?? 0 },
            Surplus = Math.Max(level.Surplus, above),
        });
        set.Put(above > 0 && ChannelMoves.IsFirstSeen(sku, level) ? ChannelMoves.AskSiblings(next, level) : next);
        return above > level.Surplus ? FactOutcome.Applied : FactOutcome.Unchanged;
    }

    /// <summary>
    /// A plain reading attributes and proves nothing: missing units go to suspense at once; units above raise what the
    /// level may sell. Where a compare was stale, belief follows upwards too, so that the next compare can succeed;
    /// what it may sell is the same sum either way. Units that appeared and are not seen any more may have been sold, so
    /// they stay in what it may sell until a drained reading.
    /// </summary>
    private static FactOutcome Plain(WorkingSet set, LevelRead fact, SkuState sku, LevelState level, DateTimeOffset now)
    {
        var reading = fact.Reading;
        var pushed = (int)(level.PushedTotal - reading.PushedMark);
        var low = level.Belief!.Value - pushed - (int)(level.PutBackTotal - reading.PutBackMark);
        var high = level.Belief.Value - pushed + (int)(level.SoldTotal - reading.SoldMark);
        var missing = Math.Max(0, low - reading.Available);
        var above = Math.Max(0, reading.Available - high);
        sku = MoveSuspense(set, fact, sku, level, level.Suspense + missing, EntryReason.UnexplainedDecrease, now);
        var follows = level.AwaitsAttribution ? above : 0;
        set.Put(sku.With(level with
        {
            Belief = level.Belief - missing + follows,
            Adopted = level.Adopted + follows,
            Suspense = level.Suspense + missing,
            SuspenseSince = missing > 0 ? level.SuspenseSince ?? now : level.SuspenseSince,
            SuspenseReadings = missing > 0 && ChannelMoves.HasSiblings(sku, level) ? 0 : level.SuspenseReadings,
            Surplus = Math.Max(0, Math.Max(level.Surplus, above - level.UnverifiedUnits) - follows),
            AwaitsAttribution = false,
            NeedsReading = true,
        }));
        return FactOutcome.Applied;
    }

    /// <summary>
    /// A push whose answer was lost and whose request can no longer arrive: whichever of its two outcomes explains the
    /// reading better is what happened (rule R8). Where sales or put-backs make both possible, the other outcome stays
    /// in the bound as doubt: it was there before, while the push was in flight.
    /// </summary>
    private static (LevelState Level, LostAnswer Lost) SettleLostAnswer(LevelState level, Reading reading, DateTimeOffset now)
    {
        if (level.InFlight is not { } push || push.PlannedAt > reading.MarkedAt)
        {
            return (level, default);
        }

        if (AbsoluteWrites.Shows(level, reading))
        {
            // What it showed before may have been moved elsewhere, where showing nothing proves nothing.
            return (AbsoluteWrites.Done(level, reading, now), new LostAnswer(
                Doubt: 0, Landed: true, TakenOff: level.InFlight.To == 0 ? Math.Max(0, level.MostByWrites) + level.Surplus : 0));
        }

        var explained = level.Explained!.Value - (int)(level.PushedTotal - reading.PushedMark);
        var happened = ShelfReading.Happened(level, push, reading)
            ?? Math.Abs(reading.Available - explained - push.Change) < Math.Abs(reading.Available - explained);
        var settled = level with
        {
            InFlight = null,
            CauseAt = happened ? level.CauseAt : push.CauseAt ?? level.CauseAt,
            Shelf = happened ? level.Shelf?.Landed(push.Change, push.PlannedAt) : level.Shelf?.Refused(),
        };

        // It happened before the marks, so it is part of what the reading is compared with: belief moves, the mark does not.
        return happened
            ? (settled with { Belief = level.Belief + push.Change }, new LostAnswer(Math.Max(0, -push.Change), Landed: true))
            : (settled, new LostAnswer(Math.Max(0, push.Change), Landed: false));
    }
}
