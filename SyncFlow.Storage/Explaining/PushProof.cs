using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;

namespace SyncFlow.Storage.Explaining;

/// <summary>One call that sets levels.</summary>
/// <param name="Elements">How many levels.</param>
/// <param name="Deadline">After this moment the request can no longer arrive.</param>
/// <param name="Fault">Why the call failed as a whole, if it did.</param>
/// <param name="Kind">How it wrote.</param>
public sealed record PushView(
    Guid Id, long ConnectionId, PushState State, int Elements, DateTimeOffset PlannedAt, DateTimeOffset? SentAt,
    DateTimeOffset? SettledAt, DateTimeOffset Deadline, string? Fault, PushKind Kind);

/// <summary>Which pushes are asked for; what is null does not narrow.</summary>
/// <param name="From">Planned at or after.</param>
/// <param name="Until">Planned before.</param>
public sealed record PushFilter(ConnectionId? Connection, PushState? State, SkuId? Sku, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>A push from its causes to its proof.</summary>
/// <param name="Request">The request's variables exactly as they were, or would have been, sent.</param>
public sealed record PushProof(PushView Push, string Request, IReadOnlyList<ElementProof> Elements);

/// <summary>One level of a push, from what caused it to the reading that proved it.</summary>
/// <param name="From">What the level was compared with.</param>
/// <param name="To">What it was to be set to.</param>
/// <param name="CauseAt">When its oldest cause happened, by the channel's clock.</param>
/// <param name="Changes">How many changes of the target this one write carried.</param>
/// <param name="Outcome">The channel's answer; null while there is none.</param>
/// <param name="Code">The channel's own code.</param>
/// <param name="ProvenBy">What the drained reading showed that proved it.</param>
/// <param name="Batches">What changed the level since the push before: topics of events, or what else was done.</param>
/// <param name="Causes">The newest entries of the SKU since the push before, newest first.</param>
/// <param name="MoreCauses">Whether there are older ones.</param>
public sealed record ElementProof(
    LevelId Level, SkuId Sku, string SkuCode, ConnectionId Connection, LocationId Location, string ItemRef, string ExternalLocation,
    int From, int To, DateTimeOffset? CauseAt, DateTimeOffset PlannedAt, int Changes, ElementOutcome? Outcome, string? Code,
    DateTimeOffset? AcknowledgedAt, DateTimeOffset? VerifiedAt, int? ProvenBy, IReadOnlyList<string> Batches,
    IReadOnlyList<CauseOfPush> Causes, bool MoreCauses)
{
    /// <summary>
    /// The entry that <see cref="CauseAt"/> is of. What happened before moved no target: a level that may keep what it has above its
    /// share is not written for it. Null where that entry is not among the causes any more.
    /// </summary>
    public CauseOfPush? OldestCause => Causes.Where(c => CauseAt is null || c.Entry.OccurredAt >= CauseAt).MinBy(c => (c.Entry.OccurredAt, c.EntryId));
}

/// <summary>An entry that a push carried out, and the event it came from.</summary>
public sealed record CauseOfPush(long EntryId, DateTimeOffset RecordedAt, LedgerEntry Entry, EventTrace? Event);
