namespace SyncFlow.Core.Levels;

/// <summary>
/// A write whose outcome is not known. With compare-and-set it is a change of belief, never a value, and its answer ends
/// it. An absolute write through zero (rule R15) stays until a drained reading shows it.
/// </summary>
/// <param name="Push">The push, which is also the idempotency key.</param>
/// <param name="From">What the level was compared with, or believed to show.</param>
/// <param name="To">What it was to be set to.</param>
/// <param name="PlannedAt">When the intent was stored.</param>
/// <param name="Deadline">After this moment the request can no longer arrive.</param>
/// <param name="CauseAt">When its oldest cause happened, for latency figures.</param>
public sealed record InFlight(
    Guid Push, int From, int To, DateTimeOffset PlannedAt, DateTimeOffset Deadline, DateTimeOffset? CauseAt)
{
    /// <summary>How it moves the level.</summary>
    public WriteKind Kind { get; init; } = WriteKind.Compared;

    /// <summary>When the channel said yes to a write that waits for proof; null before, and for all others.</summary>
    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>By how much belief moves if it happened.</summary>
    public int Change => To - From;
}

/// <summary>How a write moves a level. The numbers are stored; they never change meaning.</summary>
public enum WriteKind : short
{
    /// <summary>The channel refuses it unless the level shows what we compared with: belief and level move alike.</summary>
    Compared = 0,

    /// <summary>
    /// An absolute value, to zero or from a proven zero: there is nothing it could put back. The way that guard takes on
    /// channels without compare-and-set.
    /// </summary>
    ThroughZero = 1,

    /// <summary>
    /// An absolute value over another: it may put back units sold a moment before. Shared mode's way on channels without
    /// compare-and-set, where that risk is taken knowingly.
    /// </summary>
    Overwrite = 2,
}
