namespace SyncFlow.Core.Sources;

/// <summary>A full refresh against what its source was known to have.</summary>
/// <param name="Known">Positions of the source with units, before.</param>
/// <param name="Listed">Positions in the feed.</param>
/// <param name="Zeroed">Of the known ones, those that the feed lists with nothing or leaves out.</param>
public readonly record struct FeedComparison(long Known, long Listed, long Zeroed);

/// <summary>
/// Holds full refreshes that would take away much: an export that broke off, an empty answer, a filter that somebody left
/// set. They look like a good answer, and only a person can tell them from a clearance.
/// </summary>
public static class FeedGuard
{
    /// <summary>A feed may list this part of what was known and pass.</summary>
    public const double LeastListed = 0.8;

    /// <summary>This part of what was known may go to nothing and pass.</summary>
    public const double MostZeroed = 0.05;

    /// <summary>So many positions may always go to nothing: a handful that sells out is a usual day.</summary>
    public const int AlwaysZeroed = 5;

    /// <summary>Why a person must look at it; null where nobody must.</summary>
    public static string? WhyHeld(FeedComparison feed) => feed switch
    {
        { Known: 0 } => null,
        { Listed: 0 } => $"it is empty; {feed.Known} positions with units were known",
        _ when feed.Listed < feed.Known * LeastListed => $"it lists {feed.Listed} positions; {feed.Known} with units were known",
        _ when feed.Zeroed > AlwaysZeroed && feed.Zeroed > feed.Known * MostZeroed => $"{feed.Zeroed} of {feed.Known} positions with units would have none",
        _ => null,
    };
}
