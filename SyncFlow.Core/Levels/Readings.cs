using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
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
        var sku = set.Skus.FirstOrDefault(s => s.FindLevel(reading.Level) is not null);
        if (sku?.FindLevel(reading.Level) is not { } level
            || !set.Context.Channels.TryGetValue(level.Connection, out var channel))
        {
            return FactOutcome.Unmapped;
        }

        if (reading.Generation != level.Generation)
        {
            return FactOutcome.Older;
        }

        var noted = level with { Observed = Observe(level, reading, now) };
        if (reading.Kind is ReadingKind.Baseline or ReadingKind.OpeningBaseline)
        {
            return Baselines.Apply(set, fact, sku, noted, channel, now);
        }

        if (level.Belief is null || StillInTheAir(level, reading))
        {
            // A push that may have arrived before the reading, or may arrive after it: nothing can be concluded.
            set.Put(sku.With(noted));
            return FactOutcome.Unchanged;
        }

        if (reading.Kind == ReadingKind.Plain)
        {
            return Plain(set, fact, sku, noted, now);
        }

        var (settled, doubt) = SettleLostAnswer(noted, reading);
        return new DrainedReading(set, fact, sku, settled, channel, doubt, now).Apply();
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
        return set.Append(sku, new LedgerEntry(
            sku.Sku, level.Location, Bucket.Suspense, delta, reason, fact.Key, level.Id, level.Connection,
            fact.InboxEvent, fact.OccurredAt));
    }

    private static Observation Observe(LevelState level, Reading reading, DateTimeOffset now) => new(
        reading.Available, level.Observed?.Version ?? 0, now, reading.OnHand, reading.Committed);

    /// <summary>Planned before the marks were taken, and its request may still arrive.</summary>
    private static bool StillInTheAir(LevelState level, Reading reading) =>
        level.InFlight is { } push && push.PlannedAt <= reading.MarkedAt && push.Deadline > reading.MarkedAt;

    /// <summary>
    /// A plain reading attributes and proves nothing: missing units go to suspense at once; units above raise what the
    /// level may sell. Where a compare was stale, belief follows upwards too, so that the next compare can succeed;
    /// what it may sell is the same sum either way.
    /// </summary>
    private static FactOutcome Plain(WorkingSet set, LevelRead fact, SkuState sku, LevelState level, DateTimeOffset now)
    {
        var reading = fact.Reading;
        var pushed = (int)(level.PushedTotal - reading.PushedMark);
        var low = level.Belief!.Value - pushed - (int)(level.PutBackTotal - reading.PutBackMark);
        var high = level.Belief.Value - pushed + (int)(level.SoldTotal - reading.SoldMark);
        var missing = Math.Max(0, low - reading.Available);
        var above = Math.Max(0, reading.Available - high);
        var given = Math.Min(missing, level.Adopted);
        var lost = missing - given;
        sku = MoveSuspense(set, fact, sku, level, level.Suspense + lost, EntryReason.UnexplainedDecrease, now);
        var follows = level.AwaitsAttribution ? above : 0;
        set.Put(sku.With(level with
        {
            Belief = level.Belief - missing + follows,
            Adopted = level.Adopted - given + follows,
            Suspense = level.Suspense + lost,
            SuspenseSince = lost > 0 ? level.SuspenseSince ?? now : level.SuspenseSince,
            Surplus = follows > 0 ? 0 : Math.Max(0, above - level.UnverifiedUnits),
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
    private static (LevelState Level, int Doubt) SettleLostAnswer(LevelState level, Reading reading)
    {
        if (level.InFlight is not { } push || push.PlannedAt > reading.MarkedAt)
        {
            return (level, 0);
        }

        var explained = level.Explained!.Value - (int)(level.PushedTotal - reading.PushedMark);
        var happened = Math.Abs(reading.Available - explained - push.Change) < Math.Abs(reading.Available - explained);
        var settled = level with { InFlight = null, CauseAt = happened ? level.CauseAt : push.CauseAt ?? level.CauseAt };

        // It happened before the marks, so it is part of what the reading is compared with: belief moves, the mark does not.
        return happened
            ? (settled with { Belief = level.Belief + push.Change }, Math.Max(0, -push.Change))
            : (settled, Math.Max(0, push.Change));
    }
}

/// <summary>One drained reading applied to one level.</summary>
internal sealed class DrainedReading(
    WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, int lostAnswer,
    DateTimeOffset now)
{
    private readonly Reading _reading = fact.Reading;
    private readonly int _sold = (int)(level.SoldTotal - fact.Reading.SoldMark);
    private readonly int _putBack = (int)(level.PutBackTotal - fact.Reading.PutBackMark);
    private readonly int _pushed = (int)(level.PushedTotal - fact.Reading.PushedMark);
    private readonly int _explained = level.Explained!.Value;

    private int Low => _explained - _pushed - _putBack;
    private int High => _explained - _pushed + _sold;
    private int Bound => _reading.Available + _putBack + _pushed;
    private int Doubted => lostAnswer + level.Unverified.Where(u => u.At <= _reading.MarkedAt).Sum(u => u.Units);
    private bool Proves => Doubted > 0;

    public FactOutcome Apply()
    {
        if (_reading.Available < Low)
        {
            Missing(Low - _reading.Available);
        }
        else if (_reading.Available > High)
        {
            Above(_reading.Available - High);
        }
        else
        {
            Explained();
        }

        return FactOutcome.Applied;
    }

    private void Explained()
    {
        Verified();
        sku = Readings.MoveSuspense(set, fact, sku, level, 0, EntryReason.SuspenseSettled, now);
        Write(level with
        {
            Belief = _explained,
            Suspense = 0,
            SuspenseSince = null,
            SuspenseReadings = 0,
            Surplus = 0,
            Adopted = 0,
            FailedVerifications = 0,
        }, Doubted);
    }

    /// <summary>Every order up to the reading is known, and still units are missing.</summary>
    private void Missing(int units)
    {
        Verified();
        var readings = level.SuspenseReadings + 1;
        var next = level with
        {
            Belief = _explained - units,
            Suspense = units,
            SuspenseSince = level.SuspenseSince ?? now,
            SuspenseReadings = readings,
            Surplus = 0,
            Adopted = 0,
            FailedVerifications = 0,
        };
        if (readings < PublishLimits.SuspenseReadings)
        {
            sku = Readings.MoveSuspense(set, fact, sku, level, units, EntryReason.UnexplainedDecrease, now);
            Write(next with { NeedsReading = true }, Doubted);
            return;
        }

        if (_reading.Committed - _reading.OpenClaimsMark >= units)
        {
            // The channel itself says an order holds them: we cannot see it yet, and it must never be sold again.
            sku = Readings.MoveSuspense(set, fact, sku, level, units, EntryReason.UnexplainedDecrease, now);
            if (readings == PublishLimits.SuspenseReadings)
            {
                Drift(DriftClass.UnseenSale, Low, "held in suspense until the order is seen");
            }

            Write(next with { NeedsReading = true }, Doubted);
            return;
        }

        sku = Readings.MoveSuspense(set, fact, sku, level, 0, EntryReason.SuspenseSettled, now);
        BookEdit(-units, DriftClass.OutsideDecrease, Low);
        Write(next with { Suspense = 0, SuspenseSince = null, SuspenseReadings = 0 }, Doubted);
    }

    private void Above(int units)
    {
        sku = Readings.MoveSuspense(set, fact, sku, level, 0, EntryReason.SuspenseSettled, now);
        var next = level with
        {
            Belief = _explained + units,
            Suspense = 0,
            SuspenseSince = null,
            SuspenseReadings = 0,
            Surplus = 0,
            Adopted = 0,
        };
        if (Proves)
        {
            Undone(next, units);
        }
        else if (level.Surplus + level.Adopted == 0)
        {
            // Seen once: it may be sold there from now on, but whether it is real a second reading must say.
            Write(next with { Belief = _explained, Surplus = units, NeedsReading = true }, int.MaxValue);
        }
        else
        {
            BookEdit(units, DriftClass.OutsideIncrease, High);
            Write(next, int.MaxValue);
        }
    }

    /// <summary>An acknowledged decrease is not there (rule R5): say it again, and stop after the third time.</summary>
    private void Undone(LevelState next, int units)
    {
        var failures = level.FailedVerifications + 1;
        Drift(DriftClass.UnpersistedWrite, High, "pushed again");
        next = next with { FailedVerifications = failures, CauseAt = next.CauseAt ?? now };
        if (failures >= PublishLimits.FailedVerifications)
        {
            next = next with { Status = LevelStatus.Halted };
            set.Incidents.Add(new Incident(
                $"unpersisted:{level.Id.Value}", "unpersisted-write",
                $"Acknowledged decreases were undone {failures} times in a row; writes to this level are halted.",
                level.Connection, sku.Sku, level.Id, now));
        }

        set.NoteCause(sku.Sku, now);
        Write(next, Math.Max(0, Doubted - units));
    }

    /// <summary>Somebody else wrote the level. Where the channel owns on-hand it is a fact; else the target is pushed back.</summary>
    private void BookEdit(int units, DriftClass drift, int expected)
    {
        set.NoteCause(sku.Sku, now);
        Drift(drift, expected, channel.OwnsOnHand ? "accepted: the channel owns on-hand" : "rejected: target pushed back");
        if (channel.OwnsOnHand)
        {
            sku = set.Append(sku, new LedgerEntry(
                sku.Sku, level.Location, Bucket.OnHand, units, EntryReason.ChannelEdit, fact.Key, level.Id,
                level.Connection, fact.InboxEvent, fact.OccurredAt));
        }
    }

    private void Verified()
    {
        if (Proves || level.NeedsReading)
        {
            set.Verifications.Add(new Verification(level.Id, _reading.MarkedAt, now));
        }
    }

    private void Drift(DriftClass drift, int expected, string action) =>
        set.Drift.Add(new DriftCase(sku.Sku, level.Id, drift, expected, _reading.Available, action, now));

    /// <summary>
    /// What may be on the level beyond belief and later pushes stays unverified, so the bound is never too low. A
    /// reading that nothing foreign disturbs adds no doubt: at most what was doubted before stays doubted.
    /// </summary>
    private void Write(LevelState next, int doubt)
    {
        var later = level.Unverified.Where(u => u.At > _reading.MarkedAt);
        var rest = Math.Min(doubt, Bound - next.Belief!.Value - next.Surplus);
        set.Put(sku.With(next with
        {
            Unverified = rest > 0 ? [new Unverified(rest, now), .. later] : [.. later],
            AwaitsAttribution = false,
            NeedsReading = next.Surplus + next.Suspense > 0,
        }));
    }
}
