using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Core.Parking;

/// <summary>One write to a level.</summary>
/// <param name="Kind">How it is made.</param>
/// <param name="Available">By how much it moves available.</param>
/// <param name="Parked">By how much it moves the parked state.</param>
public readonly record struct ShelfWrite(PushKind Kind, int Available, int Parked)
{
    /// <summary>
    /// What is to be written to a level next; null when nothing is. Where units are parked available changes by moves
    /// alone: down at once, up from what is parked, and on-hand changes by itself: up by goods that came to the place,
    /// which are laid to the parked ones first, and down by what left it. Every step is a compare on what it changes.
    /// </summary>
    public static ShelfWrite? Next(LevelState level)
    {
        ArgumentNullException.ThrowIfNull(level);
        if (level is not { Target: { } target, Belief: { } belief })
        {
            return null;
        }

        var wanted = target - belief;
        if (level.Shelf is not { IsKept: true } shelf)
        {
            return wanted != 0 ? new ShelfWrite(PushKind.Set, wanted, 0) : Emptying(level, level.Shelf);
        }

        var (parked, owed) = (Math.Max(0, shelf.Parked), shelf.Owed!.Value);
        if (wanted > parked && owed > 0 && Adjustment(level, shelf, Math.Max(wanted - parked, owed)) is { } laid)
        {
            return laid; // Goods that came are to be raised beyond what is parked: laid there first, one move raises all.
        }

        if (wanted < 0 || (wanted > 0 && parked > 0))
        {
            var units = Math.Min(wanted, parked);
            return new ShelfWrite(PushKind.Move, units, -units);
        }

        var by = wanted > 0 ? Math.Max(wanted, owed) : Math.Max(owed, -parked);
        return Adjustment(level, shelf, by);
    }

    /// <summary>Units that were parked here are taken out, as if they had never been: on-hand falls by them.</summary>
    private static ShelfWrite? Emptying(LevelState level, ParkedShelf? shelf) =>
        shelf is { Since: not null, Parked: > 0 } ? Adjustment(level, shelf, -shelf.Parked) : null;

    /// <summary>
    /// On-hand waits for its last change and for the last move to be proven, and for what nobody can place. What appeared in available
    /// is waited for before anything is taken off: it would look like units that were not.
    /// </summary>
    private static ShelfWrite? Adjustment(LevelState level, ParkedShelf shelf, int by) =>
        by == 0 || shelf.Adjusted != 0 || shelf.MovedAt is not null || shelf.Unplaced != 0 || (by < 0 && level.Surplus + level.Adopted > 0)
            ? null
            : new ShelfWrite(PushKind.Adjust, 0, by);
}
