using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Parking;

/// <summary>
/// What one drained reading says of parked units. Available and the parked state are read in the same instant, so what
/// rose in one and fell in the other was moved; and no order touches the parked state, so what our writes do not explain
/// of it is exact. What remains is first a change of on-hand that was not done, then somebody's edit.
/// </summary>
internal sealed class ShelfReading
{
    private readonly WorkingSet _set;
    private readonly LevelRead _fact;
    private readonly LevelState _level;
    private readonly ChannelSettings _channel;
    private readonly DateTimeOffset _now;
    private readonly ParkedShelf? _shelf;
    private int _open;
    private int _undone;
    private bool _isHeld;
    private int _lacking;

    public ShelfReading(WorkingSet set, LevelRead fact, LevelState level, ChannelSettings channel, DateTimeOffset now)
    {
        (_set, _fact, _level, _channel, _now) = (set, fact, level, channel, now);
        _shelf = level.Shelf is { Since: not null } known ? known : null;
        _open = _shelf is null ? 0 : Unexplained(_shelf, fact.Reading);
    }

    /// <summary>Whether a reading can say anything: of a level that parks it must tell the parked state, and be marked since it does.</summary>
    public static bool Tells(LevelState level, Reading reading) =>
        level.Shelf?.Since is not { } since || (reading.SafetyStock is not null && reading.MarkedAt >= since);

    /// <summary>The level after a reading that proves nothing: the next compare is with what was shown.</summary>
    public static LevelState Noted(LevelState level, Reading reading)
    {
        if (level.Shelf is not { Since: not null } shelf)
        {
            return level;
        }

        var unplaced = Unexplained(shelf, reading);
        var since = unplaced - shelf.Unplaced;
        var lacked = shelf.AdjustedAt <= reading.MarkedAt ? Opposite(unplaced, shelf.Adjusted) : 0;
        return since == 0
            ? level
            : level with
            {
                Shelf = shelf with
                {
                    Parked = shelf.Parked + since,
                    Unplaced = unplaced,
                    UnplacedReadings = 0,
                    Lacked = Larger(shelf.Lacked, lacked),
                },
            };
    }

    /// <summary>
    /// Whether a write whose answer was lost was done, as the parked state tells; null where that does not. A change of on-hand is
    /// taken for done: the reading then shows whether it was.
    /// </summary>
    public static bool? Happened(LevelState level, InFlight push, Reading reading)
    {
        if (level.Shelf is not { Since: not null } shelf || reading.SafetyStock is null)
        {
            return null;
        }

        if (shelf.InFlight is 0)
        {
            return IsUponUndoneMove(level, shelf, reading) ? false : null;
        }

        if (push.Change == 0)
        {
            return true;
        }

        // A move that happened saw what it was compared with: then the change of on-hand before it was done, too.
        var (open, change) = (Unexplained(shelf, reading), shelf.InFlight);
        var happened = Math.Min(Math.Abs(open - change), Math.Abs(open - shelf.Unplaced - change));
        var refused = Math.Min(Math.Abs(open + shelf.Adjusted), Math.Min(Math.Abs(open), Math.Abs(open - shelf.Unplaced)));
        return happened == refused ? AvailableTells(level, push, reading) : happened < refused;
    }

    /// <summary>
    /// A set, for parking was switched off, upon a move that no reading had told of: where what available lacks lies among the parked
    /// ones, or the other way round, the move was not done, so the set was refused.
    /// </summary>
    private static bool IsUponUndoneMove(LevelState level, ParkedShelf shelf, Reading reading)
    {
        var (open, shown) = (Unexplained(shelf, reading), level.Explained!.Value - (int)(level.PushedTotal - reading.PushedMark));
        return shelf.MovedAt is not null && open != 0 && reading.Available - shown == -open;
    }

    /// <summary>
    /// Whether available tells that a move was done: it was, where sales and put-backs on an unknown side of the reading explain that
    /// better. Where they explain both alike it counts as not done, for then what the parked state has remains open, and the next
    /// reading finds it moved; taken for done, it would hide the change of on-hand before it that was not done either.
    /// </summary>
    private static bool AvailableTells(LevelState level, InFlight push, Reading reading)
    {
        var high = level.Explained!.Value - (int)(level.PushedTotal - reading.PushedMark);
        var low = high - (int)(level.PutBackTotal - reading.PutBackMark);
        high += (int)(level.SoldTotal - reading.SoldMark);
        return Beyond(push.Change) < Beyond(0);

        int Beyond(int moved) => Math.Max(0, Math.Max(low + moved - reading.Available, reading.Available - (high + moved)));
    }

    /// <summary>
    /// Of units that are missing from available or too many there, those whose cause is known here: moved from or to the
    /// parked ones, or of a change of on-hand that was not done.
    /// </summary>
    /// <param name="units">Too many, or below zero missing.</param>
    /// <param name="isUndone">Whether that is an acknowledged decrease that is not there.</param>
    /// <param name="whole">Units of the decrease in doubt, where there is one alone.</param>
    /// <returns>How many of them, with their sign.</returns>
    public int Explain(int units, bool isUndone, int whole = 0)
    {
        JudgeBeside(units);
        var moved = IsUndoneWhole(units, whole) ? units : Between(units);
        _open += moved;
        if (moved != 0 && !isUndone)
        {
            _set.NoteCause(_set.FindSku(_level.Id)!.Sku, _now);
            Drift(DriftClass.ParkedMove, _shelf!.Parked, "moved to where it should be");
        }

        // Neither that decrease, a move, nor a change of on-hand before it was done: then as many are missing among the parked ones as it
        // has more. A doubt from before that change says nothing of it.
        var lacking = OfAdjustment(units - moved, isUndone && _shelf?.MovedAt is not null && (whole == 0 || moved == whole + Doubted));
        _undone -= lacking;
        return moved + lacking;
    }

    /// <summary>
    /// A decrease was done whole or not at all: where all of it is there, and some of that is missing among the parked ones, it was not,
    /// and what is not missing there a hand laid. Unless that may be units that a change of on-hand was to take off.
    /// </summary>
    private bool IsUndoneWhole(int units, int whole) => units > 0 && units == whole && _open < 0 && Doubted >= 0;

    /// <summary>
    /// Units that are in one state and missing in the other. What an exact reading showed among the parked ones before, when available
    /// lacked a cause for nothing, nobody moved from or to what is sold: only what has come since, or gone, was. Where the reading was not
    /// exact, whichever leaves fewer without a cause.
    /// </summary>
    private int Between(int units)
    {
        var since = Opposite(units, _open - (_shelf?.Unplaced ?? 0));
        return _shelf is { UnplacedReadings: > 0 } ? since : Larger(Opposite(units, _open), since);
    }

    /// <summary>
    /// Units that available misses and that are too many among the parked ones were moved by hand, most often. Where those are just the
    /// ones that were to be taken off, and twice as many as that and more, they were not: what available misses is another matter.
    /// So is what an earlier reading had missed already, for nobody has parked that since.
    /// Taken so by mistake it lowers what is thought to be there; of a change upwards it would raise it.
    /// </summary>
    private void JudgeBeside(int units)
    {
        var older = _level.SuspenseReadings > 0 ? Math.Min(-units, _level.Suspense) : 0;
        var isBesideOlder = older > 0 && Doubted < 0 && _open + units + older == -Doubted;
        if (units < 0 && (isBesideOlder || (_open > -2 * units && _open == -Doubted)) && Hidden == 0 && !IsUnderWay(_set.FindSku(_level.Id)!))
        {
            (_open, _undone) = (_open + Doubted, _undone + Doubted);
        }
    }

    /// <summary>
    /// Of units whose cause is not known, those that a change of on-hand would explain that was not done. Available and
    /// parked ones together are moved by orders, by hands at the shelf and by such changes alone: so what is too many of
    /// both is never found while units that we took out may be there still. What is missing from available is, where an
    /// earlier reading had shown the change to lack and it makes up for most: then a move after it was not done either. What may have come from a
    /// location that closes is not judged before that is read out; nor is the change then. What is too many in available alone is most
    /// often an order's that moved untold: unless a move after the change is in doubt as well, it is not judged before the siblings were
    /// read.
    /// </summary>
    private int OfAdjustment(int units, bool isMoveUndone)
    {
        if (units < 0)
        {
            return _shelf is { IsKept: true } && IsNotDone(units + _open) ? Opposite(units, Opposite(Doubted, _shelf.Lacked)) : 0;
        }

        var lacking = units + Hidden + Math.Max(0, _open) >= -Doubted ? Opposite(units, Doubted) : 0;
        var sku = _set.FindSku(_level.Id)!;
        _isHeld = lacking != 0
            && (ChannelMoves.MayHaveMoved(sku, _level, missing: false) || (!isMoveUndone && ChannelMoves.MayBeMissed(sku, _level)));
        _lacking = _isHeld && isMoveUndone ? lacking : 0;
        return _isHeld ? 0 : lacking;
    }

    /// <summary>
    /// Whether the parked state tells what became of every decrease in doubt: then what it does not explain is somebody's edit
    /// and no decrease that is not there. Taken for one, it would be parked and never be booked.
    /// </summary>
    public bool TellsDecreases => _shelf is { IsKept: true };

    /// <summary>The shelf after the reading; the last thing done with it.</summary>
    public (SkuState Sku, LevelState Level) Close(SkuState sku, LevelState next)
    {
        if (_shelf is null)
        {
            return next is { Shelf: not null, InFlight: null, UnverifiedUnits: 0, Status: LevelStatus.Live } && ParkingRules.AreParked(sku, next, _channel)
                ? (sku, ParkingRules.Adopt(_set, sku.Sku, next, _fact.Reading, _now))
                : (sku, next);
        }

        (sku, var known) = Moved(sku, _shelf);

        // Units moved by hand come first: taken for an adjustment that was not done, what they were moved to would be found. So
        // does what may have moved to or from a location that closes.
        var waits = _isHeld || IsUnderWay(sku);
        if (_undone != 0 || (IsExact && !waits && IsNotDone(_open)))
        {
            (_open, _undone) = (_open + Doubted, _undone + Doubted);
        }

        var adjusted = IsExact && !waits && known.AdjustedAt <= _fact.Reading.MarkedAt ? 0 : known.Adjusted - _undone;
        var movedAt = known.MovedAt <= _fact.Reading.MarkedAt ? null : known.MovedAt;
        var shelf = known with
        {
            Parked = _fact.Reading.SafetyStock!.Value + (int)(known.MovedTotal - _fact.Reading.ParkedMark),
            Owed = known.Owed + _undone,
            Unplaced = 0,
            UnplacedReadings = 0,
            Adjusted = adjusted,
            AdjustedAt = adjusted == 0 ? null : known.AdjustedAt,
            MovedAt = movedAt,
            Lacked = adjusted == 0 ? 0 : waits ? Larger(known.Lacked, _lacking) : Larger(known.Lacked, Opposite(_open, adjusted)),
        };
        next = next with { Shelf = shelf, NeedsReading = next.NeedsReading || adjusted != 0 || movedAt is not null };
        if (_undone != 0)
        {
            Drift(DriftClass.UnpersistedWrite, known.Parked, "adjusted again");
            next = UnpersistedWrites.Count(_set, sku.Sku, next with { FailedVerifications = _level.FailedVerifications }, _now);
        }

        return _open == 0 ? (sku, next) : Placed(sku, next, shelf);
    }

    /// <summary>
    /// Parked units that came from, or went to, a location that closes are no longer without a cause. Not while a write of ours
    /// lies on an unknown side of the reading: no order touches the parked state, but that does.
    /// </summary>
    private (SkuState Sku, ParkedShelf Shelf) Moved(SkuState sku, ParkedShelf shelf)
    {
        if (_level.PushedTotal != _fact.Reading.PushedMark || shelf.MovedTotal != _fact.Reading.ParkedMark)
        {
            return (sku, shelf);
        }

        (sku, shelf, var moved) = ParkedMoves.Pair(_set, _fact, sku, _level, shelf, _open);
        _open -= moved;
        return (sku, shelf);
    }

    /// <summary>
    /// What is left: seen once it waits for more exact readings, then the authority's word is booked. Not while a change of on-hand is
    /// not judged yet, for that may explain it.
    /// </summary>
    private (SkuState, LevelState) Placed(SkuState sku, LevelState next, ParkedShelf shelf)
    {
        if (_isHeld || !IsExact || Readings < ParkedMoves.Patience(sku, _level, _fact.Reading, _open))
        {
            next = next with { NeedsReading = true, Shelf = shelf with { Unplaced = _open, UnplacedReadings = Readings } };
            return (_open < 0 ? ChannelMoves.AskSiblings(sku, _level) : sku, next);
        }

        _set.NoteCause(sku.Sku, _now);
        Drift(_open < 0 ? DriftClass.OutsideDecrease : DriftClass.OutsideIncrease, shelf.Parked - _open, ChannelEdits.Word(sku, _level, _channel));
        (sku, var found) = ChannelEdits.BookParked(_set, _fact, sku, next, _channel, _open);
        return (sku, next with { Shelf = shelf with { Found = found } });
    }

    /// <summary>What is open may be the doing of a location that closes, and that is not read out yet.</summary>
    private bool IsUnderWay(SkuState sku) =>
        ParkedMoves.IsUnderWay(sku, _level, _fact.Reading, _open) && Readings < ParkedMoves.Patience(sku, _level, _fact.Reading, _open);

    /// <summary>Exact readings that showed what is open, this one included; others between them that show the same take nothing away.</summary>
    private int Readings => (_shelf!.Unplaced == _open ? _shelf.UnplacedReadings : 0) + (IsExact ? 1 : 0);

    /// <summary>Nothing that could lie on either side of the reading became known since its marks, or it is told on which it lies.</summary>
    private bool IsExact => _level.PutBackTotal == _fact.Reading.PutBackMark && _level.PushedTotal == _fact.Reading.PushedMark
        && (_level.SoldTotal == _fact.Reading.SoldMark || SidesAreTold);

    /// <summary>
    /// Sales alone became known since the marks, and none of them was shipped: then the channel's committed units, read in the
    /// same instant, tell how many were made before it. Where available agrees, nobody's hand hides behind them. Else nothing
    /// would ever be proven of what sells every few seconds, and goods that come for it would never be shown.
    /// </summary>
    private bool SidesAreTold
    {
        get
        {
            var (reading, sold) = (_fact.Reading, _level.SoldTotal - _fact.Reading.SoldMark);
            var before = reading.Committed - reading.OpenClaimsMark;
            return before >= 0 && before <= sold && _level.OpenClaims - reading.OpenClaimsMark == sold
                && reading.Available == _level.Explained + sold - before;
        }
    }

    /// <summary>Units that sales and put-backs on either side of the reading may hide.</summary>
    private int Hidden => (int)(_level.SoldTotal - _fact.Reading.SoldMark + _level.PutBackTotal - _fact.Reading.PutBackMark);

    /// <summary>A change of on-hand was made whole or not at all: it was not where that leaves less than half without a cause.</summary>
    /// <param name="units">Without a cause if it was done, signed.</param>
    private bool IsNotDone(int units) => 2 * Math.Abs(units + Doubted) < Math.Abs(units);

    /// <summary>What of the last change of on-hand may not have been done, and is not found to be so yet.</summary>
    private int Doubted => _shelf is { Adjusted: not 0 } shelf && shelf.AdjustedAt <= _fact.Reading.MarkedAt ? shelf.Adjusted - _undone : 0;

    private static int Larger(int a, int b) => Math.Abs(b) > Math.Abs(a) ? b : a;

    /// <summary>As much of a number as another of the opposite sign makes up for, with the sign of the first.</summary>
    private static int Opposite(int units, int other) =>
        units > 0 ? Math.Min(units, Math.Max(0, -other)) : -Math.Min(-units, Math.Max(0, other));

    /// <summary>What a reading shows of the parked state beyond what our writes explain, signed.</summary>
    private static int Unexplained(ParkedShelf shelf, Reading reading) =>
        reading.SafetyStock!.Value - (shelf.Parked - shelf.Unplaced - (int)(shelf.MovedTotal - reading.ParkedMark));

    private void Drift(DriftClass drift, int expected, string action) => _set.Drift.Add(new DriftCase(
        _set.FindSku(_level.Id)!.Sku, _level.Id, drift, expected, _fact.Reading.SafetyStock!.Value, action, _now));
}
