using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Levels;

/// <summary>
/// What a drained reading says of a level on a channel without compare-and-set, where one value is written over another outside guard and
/// in bounded guard (rule R15). Nothing where the channel compares.
/// </summary>
/// <param name="mode">The SKU's in force.</param>
/// <param name="level">As it is when the reading is used.</param>
internal sealed class OverwrittenLevel(EffectiveMode mode, LevelState level, ChannelSettings channel, Reading reading)
{
    /// <summary>A value that was written over the level after the reading lies there, whatever was missing before.</summary>
    public bool SinceRead => !channel.CompareAndSet
        && (level.PushedTotal != reading.PushedMark || level.Unverified.Any(u => u.Sought is null && u.At > reading.MarkedAt));

    /// <summary>What a write put back is not over when it is found, but when it is taken off again: until then exposure names it.</summary>
    public bool IsBounded => channel.BoundedBy is not null && mode != EffectiveMode.Shared;

    /// <summary>Whether sales on either side of the reading would hide what a write put back: its reserve stays until a quiet one.</summary>
    public bool HidesPutBack => IsBounded && ZeroBarrier.IsInDoubt(level);

    /// <summary>Whether what a reading finds above what is explained may be sales that a value overwrote.</summary>
    /// <param name="proves">The reading says whether decreases in doubt were done.</param>
    public bool MayHavePutBack(bool proves) =>
        !channel.CompareAndSet && (mode != EffectiveMode.Guard || channel.BoundedBy is not null) && (level.NeedsReading || proves);

    /// <summary>
    /// Of what is in suspense, units that the reading says nothing of: they went missing after it was taken, or before a value that was
    /// written over the level since. They were there when it was taken, and are sold all the same: taken for there they would be sold
    /// unseen under a value that counted them as gone. An announced level has all in it that was missing before, so of both the larger
    /// figure counts.
    /// </summary>
    /// <param name="missing">Units that the reading misses itself.</param>
    public int YoungerSuspense(int missing) =>
        !channel.CompareAndSet && (level.SuspenseSince > reading.MarkedAt || SinceRead || level.InFlight is { Kind: WriteKind.Overwrite })
            ? Math.Max(0, level.Suspense - missing)
            : 0;

    /// <summary>A value on its way replaces also what only this reading tells of: the level comes to show the value, and no more.</summary>
    /// <param name="more">By how much the reading raises belief.</param>
    public InFlight? Rebased(InFlight? push, int more) =>
        more > 0 && push is { Kind: WriteKind.Overwrite } && push.PlannedAt > reading.MarkedAt
            ? push with { From = push.From + more }
            : push;
}
