using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources;

/// <summary>What a file of a source holds. The numbers are stored; they never change meaning.</summary>
public enum SourceFileKind : short
{
    /// <summary>All of its positions at one moment: what it leaves out has no units.</summary>
    FullRefresh = 1,

    /// <summary>Events of the past.</summary>
    History = 2,

    /// <summary>Deletions in the source's own database that would take away much.</summary>
    CapturedDeletions = 122,
}

/// <summary>Where a file stands. The numbers are stored; they never change meaning.</summary>
public enum SourceFileState : short
{
    /// <summary>It is coming in; one that breaks off is never booked.</summary>
    Receiving = 1,

    /// <summary>It would take away so much that a person must look at it.</summary>
    AwaitsApproval = 2,

    /// <summary>Its rows are being taken in.</summary>
    Applying = 3,

    /// <summary>All its rows are taken in.</summary>
    Applied = 4,

    /// <summary>A person said no.</summary>
    Rejected = 5,

    /// <summary>It broke off, or could not be read.</summary>
    Broken = 6,
}

/// <summary>A file as people see it.</summary>
/// <param name="Rows">Sound rows, with those that a full refresh left out.</param>
/// <param name="BrokenRows">Rows that were not booked, of which <paramref name="Errors"/> has the first.</param>
/// <param name="Compared">A full refresh against what was known.</param>
/// <param name="HeldBecause">Why a person must look at it.</param>
/// <param name="DoneRows">Rows taken in so far.</param>
public sealed record SourceFileView(
    long Id, long SourceId, SourceFileKind Kind, SourceFileState State, int Rows, int BrokenRows, IReadOnlyList<FileError> Errors,
    FeedComparison? Compared, string? HeldBecause, int DoneRows, int Accepted, int Repeated, int Held, int Refused, string ReceivedBy,
    DateTimeOffset ReceivedAt, string? DecidedBy, DateTimeOffset? DecidedAt, DateTimeOffset? FinishedAt)
{
    /// <summary>Rows taken in, in percent of all.</summary>
    public int Percent => Rows == 0 ? 100 : (int)(100L * DoneRows / Rows);
}
