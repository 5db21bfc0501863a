using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>One drained reading applied to one level.</summary>
internal sealed class DrainedReading(
    WorkingSet set, LevelRead fact, SkuState sku, LevelState level, ChannelSettings channel, LostAnswer lost,
    DateTimeOffset now)
{
    private readonly Reading _reading = fact.Reading;
    private readonly int _sold = (int)(level.SoldTotal - fact.Reading.SoldMark);
    private readonly int _putBack = (int)(level.PutBackTotal - fact.Reading.PutBackMark);
    private readonly int _pushed = (int)(level.PushedTotal - fact.Reading.PushedMark);
    private readonly int _explained = level.Explained!.Value;
    private readonly DoubtedUnits _doubted = new(sku, level, fact.Reading, lost);
    private readonly OverwrittenLevel _overwritten = new(sku.Mode, level, channel, fact.Reading);
    private readonly ShelfReading _shelf = new(set, fact, level, channel, now);

    private bool _foundPutBack;

    /// <summary>Of what the reading shows above what is explained, units that the ledger has.</summary>
    private int _booked;

    private bool IsFirst => ChannelMoves.IsFirstSeen(sku, level);

    private int Low => _explained - _pushed - _putBack;
    private int High => _explained - _pushed + _sold;
    private int Bound => _reading.Available + _putBack + _pushed;
    private int Doubted => _doubted.Units;
    private bool Proves => Doubted > 0;

    /// <summary>
    /// What was in doubt on it may be on another level, for its own may have been moved there. So may be what a zero took off, and
    /// what a lost answer leaves open: where an order is booked at another place than it was taken from, this level tells neither.
    /// </summary>
    private bool MayHaveGone => lost.TakenOff + lost.Doubt > 0
        ? SoughtUnits.MayBeElsewhere(sku, level)
        : SoughtUnits.IsEmptied(sku, level, _reading, Low);

    public FactOutcome Apply()
    {
        Compare();
        PresenceRules.AfterReading(set, sku.Sku, level.Id, _reading, lost, isQuiet: _sold + _putBack == 0, now);
        return FactOutcome.Applied;
    }

    private void Compare()
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
    }

    private void Explained()
    {
        Verified();
        Settled(_explained, _overwritten.YoungerSuspense(missing: 0));
    }

    /// <summary>
    /// What the ledger explains is what the level showed; nothing is open but what the reading says nothing of. That is also what
    /// had appeared: sales and put-backs on either side of the reading may hide it, and it stays until a quiet one.
    /// </summary>
    private void Settled(int belief, int younger = 0)
    {
        sku = Readings.MoveSuspense(set, fact, sku, level, younger, EntryReason.SuspenseSettled, now);
        Write(level with
        {
            Belief = belief - younger,
            Suspense = younger,
            SuspenseSince = younger > 0 ? level.SuspenseSince : null,
            SuspenseReadings = 0,
            Surplus = Hidden(belief - younger, Doubted),
            Adopted = 0,
            FailedVerifications = 0,
        }, Doubted);
    }

    /// <summary>Every order up to the reading is known, and still units are missing.</summary>
    private void Missing(int units)
    {
        Verified();
        var younger = _overwritten.YoungerSuspense(units);
        var parked = -_shelf.Explain(-units, isUndone: false);
        (sku, var departed) = ChannelMoves.Depart(set, fact, sku, level, units - parked);
        departed += parked;
        units -= departed;
        if (units == 0)
        {
            Settled(_explained - departed, younger);
            return;
        }

        // Of a listing with several levels, what goes missing later than the rest may lie on another one all the same.
        var readings = units > level.Suspense && ChannelMoves.HasSiblings(sku, level) ? 1 : level.SuspenseReadings + 1;
        var next = level with
        {
            Belief = _explained - departed - units - younger,
            Suspense = units + younger,
            SuspenseSince = level.SuspenseSince ?? now,
            SuspenseReadings = readings,
            Surplus = 0,
            Adopted = 0,
            FailedVerifications = 0,
        };
        next = _overwritten.SinceRead ? next with { Belief = Math.Max(next.Belief!.Value, level.Belief!.Value) } : next;
        if (MayBeElsewhere(readings))
        {
            // Siblings are asked once: asked again in turns, they would never be through.
            sku = readings == 1 || level.Status == LevelStatus.Closing ? ChannelMoves.AskSiblings(sku, level) : sku;
            AskClosed(readings);
            sku = Readings.MoveSuspense(set, fact, sku, level, units + younger, EntryReason.UnexplainedDecrease, now);
            Write(next with { NeedsReading = true }, Doubted);
            return;
        }

        if (_reading.Committed - _reading.OpenClaimsMark >= units)
        {
            // The channel itself says an order holds them: we cannot see it yet, and it must never be sold again.
            sku = Readings.MoveSuspense(set, fact, sku, level, units + younger, EntryReason.UnexplainedDecrease, now);
            if (readings == PublishLimits.SuspenseReadings)
            {
                Drift(DriftClass.UnseenSale, Low, "held in suspense until the order is seen");
            }

            Write(next with { NeedsReading = true }, Doubted);
            return;
        }

        sku = Readings.MoveSuspense(set, fact, sku, level, younger, EntryReason.SuspenseSettled, now);
        (sku, var moved) = ChannelMoves.Conclude(set, fact, sku, level, units, ChannelEdits.IsAccepted(sku, level, channel), now);
        if (moved > 0)
        {
            Drift(DriftClass.OutsideDecrease, Low, "moved: as many are on another level");
        }

        if (moved < units)
        {
            BookEdit(moved - units, DriftClass.OutsideDecrease, Low);
        }

        Write(next with { Suspense = younger, SuspenseSince = younger > 0 ? level.SuspenseSince : null, SuspenseReadings = 0 }, Doubted);
    }

    /// <summary>A sibling at a closed place is not read. It may be open again, and have what is missing here: that is asked, once too.</summary>
    private void AskClosed(int readings)
    {
        if (readings == 1 && ChannelMoves.HasClosed(sku, level))
        {
            set.Work.Add(new WorkItem(level.Connection, WorkKind.RefreshLocations, "", now));
        }
    }

    /// <summary>Whether units that are missing may yet be told of: by an order, or by a sibling that has them.</summary>
    /// <param name="readings">So many readings in a row missed them.</param>
    private bool MayBeElsewhere(int readings)
    {
        var patience = ChannelMoves.MayHaveMoved(sku, level, missing: true)
            ? PublishLimits.SuspenseReadingsOfAMove
            : PublishLimits.SuspenseReadings;

        // What came back since the reading is not in its on-hand, which tells whether units lie elsewhere now.
        return readings < patience || (_putBack > 0 && ChannelMoves.MayHaveMoved(sku, level, missing: true))
            || SoughtUnits.AreSought(sku, level.Id) || ChannelMoves.AwaitsSibling(sku, level)
            || (level.Status != LevelStatus.Closing && ChannelMoves.IsSiblingUnread(sku, level));
    }

    private void Above(int units)
    {
        var parked = _shelf.Explain(units, isUndone: Proves, _doubted.IsOne ? Doubted : 0);
        var undone = Proves && (parked == units || !_shelf.TellsDecreases);
        (sku, var arrived, _booked) = undone ? (sku, 0, 0) : ChannelMoves.Arrive(set, fact, sku, level, units - parked);
        arrived += undone ? 0 : parked;
        _booked += undone ? 0 : parked;
        units -= arrived;
        if (units == 0)
        {
            Settled(_explained + arrived);
            return;
        }

        sku = Readings.MoveSuspense(set, fact, sku, level, 0, EntryReason.SuspenseSettled, now);
        var next = level with
        {
            Belief = _explained + arrived + units,
            Suspense = 0,
            SuspenseSince = null,
            SuspenseReadings = 0,
            Surplus = 0,
            Adopted = 0,
        };
        if (_overwritten.MayHavePutBack(Proves) && (!Proves || units < Doubted))
        {
            // Sales that a value overwrote: the level is what it shows, and its target is said again at once.
            set.NoteCause(sku.Sku, now);
            _foundPutBack = true;
            Write(next, int.MaxValue);
        }
        else if (undone)
        {
            Undone(next, units);
        }
        else if (IsFirst || ChannelMoves.MayHaveMoved(sku, level, missing: false) || ChannelMoves.IsSiblingUnread(sku, level))
        {
            // Seen once: it may be sold there from now on, but whether it is real a second reading must say, and whether it is
            // missing somewhere else one of the siblings. They are asked once: asked again in turns, they would never be through.
            sku = IsFirst ? ChannelMoves.AskSiblings(sku, level) : sku;
            Write(next with { Belief = _explained + arrived, Surplus = units, NeedsReading = true }, int.MaxValue);
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
        Drift(DriftClass.UnpersistedWrite, High, "pushed again");
        next = UnpersistedWrites.Count(set, sku.Sku, next with { FailedVerifications = level.FailedVerifications }, now);
        set.NoteCause(sku.Sku, now);

        // Where more is there than was doubted, something foreign disturbs the reading: put-backs may fall on either side of it.
        // Else what it shows may be what had appeared there before, and what was put back is on top of that.
        var doubt = units > Doubted ? int.MaxValue : Doubted - units;
        Write(next with { Surplus = Hidden(next.Belief!.Value, doubt) }, doubt);
    }

    /// <summary>Of what had appeared, what sales and put-backs on either side of the reading may hide.</summary>
    private int Hidden(int belief, int doubt) => Math.Clamp(Bound - belief - doubt, 0, level.Surplus + level.Adopted);

    /// <summary>Somebody else wrote the level. Where the channel owns on-hand it is a fact; else the target is pushed back.</summary>
    private void BookEdit(int units, DriftClass drift, int expected)
    {
        set.NoteCause(sku.Sku, now);
        Drift(drift, expected, ChannelEdits.Word(sku, level, channel));
        sku = ChannelEdits.Book(set, fact, sku, level, channel, units);
        _booked += ChannelEdits.IsAccepted(sku, level, channel) ? units : 0;
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
    /// reading that nothing foreign disturbs adds no doubt: at most what was doubted before stays doubted. What was
    /// acknowledged after the marks is not proven by this reading and wants another; so does a level beside one that
    /// closes or has units too many, where units that moved may hide behind sales that fall on either side of the reading.
    /// </summary>
    private void Write(LevelState next, int doubt)
    {
        var room = Bound - next.Belief!.Value - next.Surplus;
        var mayHaveGone = MayHaveGone;
        var rest = _doubted.Left(Math.Max(0, Math.Min(doubt, room)));
        var unseen = Math.Max(0, level.Surplus - Math.Max(0, _reading.Available - High));
        var moved = mayHaveGone ? Math.Max(0, Math.Min(doubt, Doubted) - rest) + lost.TakenOff + unseen : 0;
        var kept = SoughtUnits.Left(sku, level, _reading.MarkedAt, hides: room > 0 || (mayHaveGone && level.IsLeaving), moved, now);
        var misses = mayHaveGone && next.Suspense > 0 && (next.SuspenseReadings <= 1 || (_reading.Available == 0 && WasShown));
        next = next with
        {
            Unverified = rest > 0 ? [new Unverified(rest, _doubted.Since(now)), .. kept] : kept,
            InFlight = _overwritten.Rebased(next.InFlight, next.Belief.Value - level.Belief!.Value),
            AwaitsAttribution = false,
            NeedsReading = next.Surplus + next.Suspense > 0 || _pushed != 0 || (_sold + _putBack > 0 && _overwritten.HidesPutBack) || (_foundPutBack && _overwritten.IsBounded)
                || (_sold + _putBack > 0 && ChannelMoves.MayHide(sku, level)),
        };
        (sku, next) = _shelf.Close(sku, FilledDebts.After(set, level, next, _booked));
        sku = sku.With(next);
        sku = misses || moved > 0 ? SoughtUnits.Seek(sku, next, now) : sku;
        sku = misses ? SoughtUnits.PassOn(sku, level, next, now) : sku;
        set.Put(SoughtUnits.Answered(sku, level, next));
    }

    /// <summary>Whether the last that was seen of it were units.</summary>
    private bool WasShown => sku.FindLevel(level.Id)?.Observed?.Available != 0;
}
