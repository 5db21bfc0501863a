using SyncFlow.Core;
using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources.Pulling;

/// <summary>How a source is asked, as a merchant sets it.</summary>
/// <param name="BaseUrl">The address that its feeds stand under.</param>
/// <param name="Account">The user, or the header's name, where the scheme has one.</param>
/// <param name="SealedSecret">Sealed for the connection; null keeps the one that is there.</param>
/// <param name="Overlap">How far before its watermark each round begins, in numbers or seconds of the source's own.</param>
/// <param name="RefreshSeconds">How often all positions are asked for.</param>
/// <param name="Pages">Feeds whose pages have a form of the source's own; null for none.</param>
public sealed record PullSetup(
    Uri BaseUrl, SourceApiScheme Scheme, string? Account, byte[]? SealedSecret, bool Movements, bool Positions, bool PickTasks, int PageSize, int Overlap,
    int RefreshSeconds, PageShapes? Pages = null);

/// <summary>How a source is asked and how far it has got, as people see it; without the secret.</summary>
/// <param name="Watermark">Up to here everything is taken in: the source's number, or its time.</param>
/// <param name="DueAt">When it is asked next; null where movements and pick tasks are not asked for.</param>
/// <param name="RefreshDueAt">When all positions are asked for next; null where they are not.</param>
/// <param name="IsInRound">Whether a round is under way: pages are still to come.</param>
/// <param name="Failures">Rounds in a row that came to nothing.</param>
/// <param name="FaultCode">Why, stable; null while all is well.</param>
/// <param name="BrokenRows">Rows that could not be read or were refused.</param>
/// <param name="OwnPages">Feeds whose pages have a form of the source's own; null for none.</param>
public sealed record PullView(
    long SourceId, string BaseUrl, SourceApiScheme Scheme, string? Account, bool Movements, bool Positions, bool PickTasks, int PageSize, int Overlap,
    int RefreshSeconds, string? Watermark, DateTimeOffset? DueAt, DateTimeOffset? RefreshDueAt, DateTimeOffset? PolledAt, DateTimeOffset? RefreshedAt,
    bool IsInRound, int Failures, string? FaultCode, string? Fault, DateTimeOffset? FaultAt, long Rounds, long Pages, long Rows, long BrokenRows,
    PageShapes? OwnPages);

/// <summary>A row that could not be read or was refused.</summary>
/// <param name="Errors">Messages by field.</param>
/// <param name="Body">As it came.</param>
public sealed record BrokenRowView(
    long BrokenRowId, long SourceId, string Feed, string? EventId, IReadOnlyDictionary<string, string[]> Errors, string Body, DateTimeOffset FirstAt,
    DateTimeOffset SeenAt, int Times);

/// <summary>A broken row as it is handed over.</summary>
public sealed record BrokenRow(string? EventId, IReadOnlyDictionary<string, string[]> Errors, string Body);

/// <summary>Where a round through the pages of movements stands.</summary>
/// <param name="Since">The watermark it began after; null where it began at the source's beginning.</param>
/// <param name="Cursor">The page to ask for next; null for the first.</param>
/// <param name="RoundWatermark">How far the source had got when the round began: where it ends well, everything up to here is taken in.</param>
public sealed record PullRound(long? Since, string? Cursor, long? RoundWatermark)
{
    /// <summary>None under way.</summary>
    public static PullRound None { get; } = new(null, null, null);
}

/// <summary>A source that is to be asked, under a lease.</summary>
/// <param name="SealedSecret">Null where none was given.</param>
/// <param name="Watermark">In numbers or microseconds of the source's own.</param>
/// <param name="RefreshDue">Whether all positions are to be asked for now.</param>
/// <param name="PollDue">Whether movements and pick tasks are.</param>
/// <param name="Pages">Feeds whose pages have a form of the source's own; null for none.</param>
/// <param name="OwnMappings">Documents of the tenant's own mappings that they name, by name.</param>
public sealed record PullSource(
    TenantId Tenant, ConnectionId Connection, long Epoch, Uri BaseUrl, SourceApiScheme Scheme, string? Account, byte[]? SealedSecret, bool Movements,
    bool Positions, bool PickTasks, int PageSize, int Overlap, TimeSpan RefreshEvery, TimeSpan Cadence, SourceOrdering Ordering, long? Watermark,
    PullRound Round, int Failures, bool RefreshDue, bool PollDue, PageShapes? Pages, IReadOnlyDictionary<string, string> OwnMappings);

/// <summary>What some pages brought, and where the round stands after them.</summary>
/// <param name="Events">Sound rows, each once.</param>
/// <param name="Broken">Rows that could not be read.</param>
/// <param name="Pages">Pages read.</param>
/// <param name="Round">Where it goes on; <see cref="PullRound.None"/> when it is over.</param>
/// <param name="Watermark">Up to here everything is in; null leaves it.</param>
/// <param name="WentBackTo">Where the source stands, if it went back: it is frozen. Null where it did not.</param>
/// <param name="WentBack">How it went back, in words.</param>
public sealed record PullHandOver(
    IReadOnlyList<SourceEvent> Events, IReadOnlyList<BrokenRow> Broken, int Pages, PullRound Round, long? Watermark, long? WentBackTo, string? WentBack);
