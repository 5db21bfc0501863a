using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// What a drained reading says of whether a level is there: one said to be gone that is not, one that was released after it had
/// stopped, one at a closed location that has nothing left.
/// </summary>
internal static class PresenceRules
{
    /// <summary>A level after its units were compared.</summary>
    /// <param name="isQuiet">No sale and no put-back fell on either side of the reading.</param>
    public static void AfterReading(
        WorkingSet set, SkuId id, LevelId read, Reading reading, LostAnswer lost, bool isQuiet, DateTimeOffset now)
    {
        var sku = set.FindSku(id)!;
        var level = sku.FindLevel(read);
        if (level is { Status: LevelStatus.Leaving })
        {
            // Said to be gone, by an answer or a message, and there all the same: it sells what it shows.
            set.Cured.Add(LevelLife.GoneKey(read));
            set.Put(sku.With(LevelLife.Return(level)));
        }
        else if (level is { Status: LevelStatus.Released, Surplus: 0 })
        {
            // What appeared and may yet vanish is no number to compare with: a second reading tells.
            set.Put(sku.With(level with { Status = LevelStatus.Live }));
        }
        else if (level is { IsLeaving: true })
        {
            set.Put(AtClosedPlace(set, sku, level, reading, lost, isQuiet, now));
        }
    }

    /// <summary>
    /// A level at a closed location ends when all of it is known. Open orders that the channel does not hold here any more have
    /// moved, and we have yet to learn where to; where sales fall on either side of the reading it does not say what is left, nor
    /// where parked units are missing that may have moved.
    /// </summary>
    private static SkuState AtClosedPlace(
        WorkingSet set, SkuState sku, LevelState level, Reading reading, LostAnswer lost, bool isQuiet, DateTimeOffset now)
    {
        // A closed place takes no writes: where one was carried out, or may have been, whether it is closed at all is asked first.
        var mayTakeWrites = lost.Landed || lost.Doubt > 0;
        if (mayTakeWrites)
        {
            set.Work.Add(new WorkItem(level.Connection, WorkKind.RefreshLocations, "", now));
        }

        var isKnown = !mayTakeWrites && isQuiet && level.Suspense + level.Surplus + SoughtUnits.Of(level) == 0
            && level.Shelf is not { Unplaced: not 0 } && level.OpenClaims <= reading.Committed;
        return isKnown
            ? SoughtUnits.PassOn(sku.With(LevelLife.End(level)), level, LevelLife.End(level), now)
            : sku.With(level with { NeedsReading = true });
    }
}
