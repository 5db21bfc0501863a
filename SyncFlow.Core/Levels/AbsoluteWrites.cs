using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// What readings say of writes through zero (rule R15). Such a write is over when a drained reading shows it: nothing
/// else shows zero, or from a proven zero the new quota less what was sold since. Acknowledged or not, it is not
/// believed before.
/// </summary>
internal static class AbsoluteWrites
{
    /// <summary>Whether a reading shows that the write on its way has arrived, and can mean nothing else.</summary>
    public static bool Shows(LevelState level, Reading reading)
    {
        if (reading.Kind != ReadingKind.Drained || level is not { Belief: { } belief, InFlight: { Kind: WriteKind.ThroughZero } push }
            || push.PlannedAt > reading.MarkedAt)
        {
            return false;
        }

        // A zero that is still on its way when the level sold out by itself arrives later, and can only lower it.
        return push.To == 0
            ? reading.Available == 0
            : Explains(belief + push.Change) && !Explains(belief);

        bool Explains(int shown) =>
            reading.Available >= shown - PutBack(level, reading)
            && reading.Available <= shown + (int)(level.SoldTotal - reading.SoldMark);
    }

    /// <summary>
    /// Whether a reading shows it of a write that may still arrive. Of a rise without an acknowledgement only a quiet one does, and
    /// none where a sibling's units may have come: those look like it, and so may what a hand laid here, less a sale. The write itself
    /// would come later then: its deadline is waited for.
    /// </summary>
    public static bool HasArrived(SkuState sku, LevelState level, Reading reading) => Shows(level, reading)
        && (level.InFlight is { To: 0 } or { AcknowledgedAt: not null }
            || (IsQuiet(level, reading) && !sku.Levels.Any(l => ChannelMoves.IsSibling(l, level) && l.UpperBound + l.Suspense > 0)));

    /// <summary>
    /// The level once a shown write is over. At zero nothing was sold after the reading but of what was put back, and sales known
    /// since may be from before it: so much stays in doubt.
    /// </summary>
    public static LevelState Done(LevelState level, Reading reading, DateTimeOffset now)
    {
        var done = level with
        {
            InFlight = null,
            Belief = level.Belief + level.InFlight!.Change,
            Surplus = 0,
            Adopted = 0,
            FailedVerifications = 0,
        };
        if (level.InFlight.To != 0)
        {
            return done;
        }

        var (putBack, sold) = (PutBack(level, reading), (int)(level.SoldTotal - reading.SoldMark));
        var doubt = Math.Clamp(sold, 0, putBack);
        return done with
        {
            Belief = putBack - doubt,
            Unverified = doubt > 0 ? level.Unverified.Add(new Unverified(doubt, now)) : level.Unverified,
        };
    }

    /// <summary>
    /// An acknowledged write that no reading showed until its deadline did not happen (rule R5): it is said again, and
    /// no more after the third time.
    /// </summary>
    /// <param name="before">The level with the write on its way.</param>
    /// <param name="settled">The level as the reading was understood.</param>
    public static void NoteUndone(WorkingSet set, LevelState before, LevelState settled, Reading reading, DateTimeOffset now)
    {
        if (before.InFlight is not { Kind: WriteKind.ThroughZero, AcknowledgedAt: not null } push
            || settled.InFlight is not null || AbsoluteWrites.Shows(before, reading) || settled.Belief != before.Belief)
        {
            return;
        }

        var sku = set.FindSku(before.Id)!;
        var level = sku.FindLevel(before.Id)!;
        set.Drift.Add(new DriftCase(sku.Sku, level.Id, DriftClass.UnpersistedWrite, push.To, reading.Available, "pushed again", now));
        set.Put(sku.With(UnpersistedWrites.Count(set, sku.Sku, level with { FailedVerifications = before.FailedVerifications }, now)));
        set.NoteCause(sku.Sku, now);
    }

    private static bool IsQuiet(LevelState level, Reading reading) =>
        level.SoldTotal == reading.SoldMark && level.PutBackTotal == reading.PutBackMark;

    private static int PutBack(LevelState level, Reading reading) => (int)(level.PutBackTotal - reading.PutBackMark);
}
