namespace SyncFlow.Core.Sources;

/// <summary>What a source's database deleted lately.</summary>
/// <param name="Known">Positions of the source with units when it began.</param>
/// <param name="Gone">Of these, those that were deleted and booked since.</param>
public readonly record struct DeletionWindow(DateTimeOffset Since, long Known, long Gone);

/// <summary>
/// Holds deletions that would take away much: a reload that empties the table first, a clean-up that went too far. As of a
/// feed that shrank (<see cref="FeedGuard"/>), only a person can tell; but of a stream nobody knows how much is still to
/// come, so what a feed might take away in one is taken away at once, and no more in a quarter of an hour.
/// </summary>
public static class DeletionGuard
{
    /// <summary>How far back deletions count together.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>How many more positions with units may be deleted in a window, ≥ 0.</summary>
    public static long MayPass(DeletionWindow window) =>
        Math.Max(0, Math.Max(FeedGuard.AlwaysZeroed, (long)(window.Known * FeedGuard.MostZeroed)) - window.Gone);
}
