using SyncFlow.Core.Counts;

namespace SyncFlow.Storage.Operations;

/// <summary>Where a count sheet stands. The numbers are stored; they never change meaning.</summary>
public enum SheetState : short
{
    /// <summary>Counts are entered.</summary>
    Open = 1,

    /// <summary>Submitted; a person looks at large variances.</summary>
    Review = 2,

    /// <summary>Every line is booked, rejected, or was not counted.</summary>
    Done = 3,

    /// <summary>Nothing of it counts.</summary>
    Cancelled = 4,
}

/// <summary>Where a line of a count sheet stands. The numbers are stored; they never change meaning.</summary>
public enum SheetLineState : short
{
    /// <summary>Not submitted, or not counted.</summary>
    Open = 1,

    /// <summary>Its variance waits for a person.</summary>
    Review = 2,

    /// <summary>It was taken in as a count.</summary>
    Booked = 3,

    /// <summary>A person did not believe it; count again.</summary>
    Rejected = 4,
}

/// <summary>A count sheet.</summary>
/// <param name="ReviewPercent">Variances above this percentage of what was expected wait for a person.</param>
public sealed record SheetView(
    long Id, string Name, string Location, SheetState State, int ReviewPercent, string Actor, DateTimeOffset CreatedAt,
    DateTimeOffset? SubmittedAt, DateTimeOffset? FinishedAt, int Lines, int Counted, int InReview, int Booked, int Rejected);

/// <summary>A line of a count sheet.</summary>
/// <param name="Expected">What the ledger had just before it was counted: now known while the sheet is open, as it was known at the submission after that.</param>
/// <param name="NeedsReview">Whether its variance is above the sheet's percentage.</param>
public sealed record SheetLineView(
    string Sku, string Title, SheetLineState State, int? Counted, DateTimeOffset? AsOf, int? Expected, int? Variance, decimal? Percent,
    bool NeedsReview, string? ReviewedBy, DateTimeOffset? ReviewedAt, long SkuId)
{
    /// <summary>A line with its variance.</summary>
    internal static SheetLineView Of(SheetLineView line, int? expected, int reviewPercent) => line is { Counted: { } counted } && expected is { } had
        ? line with
        {
            Expected = had,
            Variance = counted - had,
            Percent = CountReview.PercentOf(had, counted),
            NeedsReview = CountReview.IsNeeded(had, counted, reviewPercent),
        }
        : line;
}

/// <summary>What was counted of a SKU.</summary>
public sealed record CountedLine(long SkuId, int Counted, DateTimeOffset AsOf);

/// <summary>What came of a change to a sheet.</summary>
public enum SheetChange
{
    Done,
    NotFound,

    /// <summary>The sheet is not in a state for it.</summary>
    WrongState,
}
