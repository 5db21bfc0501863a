using SyncFlow.Core.Ledger;
using SyncFlow.Core.Oversells;

namespace SyncFlow.Storage.Oversells;

/// <summary>How far an oversell is. The numbers are stored; they never change meaning.</summary>
public enum OversellState : short
{
    /// <summary>Seen; a settlement is being worked out.</summary>
    Noticed = 1,

    /// <summary>A settlement waits for a decision.</summary>
    Proposed = 2,

    /// <summary>Decided; its actions are to be done on the channels.</summary>
    Confirmed = 3,

    /// <summary>A person let it stand.</summary>
    Dismissed = 4,

    /// <summary>Nothing is short any more.</summary>
    Resolved = 5,
}

/// <summary>A shortage of a SKU in one group of locations.</summary>
/// <param name="Units">Short now.</param>
/// <param name="MostUnits">Short at worst.</param>
/// <param name="Cause">What the cost is booked to: the cause of the fact that opened it and took most.</param>
/// <param name="UnitsLeft">Units that the proposal could not settle; null while there is none.</param>
public sealed record OversellView(
    long Id, string Sku, int PoolGroup, OversellState State, int Units, int MostUnits, OversellCause Cause,
    Core.Allocation.EffectiveMode Mode, DateTimeOffset OpenedAt, DateTimeOffset SeenAt, int? UnitsLeft,
    DateTimeOffset? ProposedAt, DateTimeOffset? DecidedAt, string? DecidedBy, string? Note, DateTimeOffset? ResolvedAt);

/// <summary>A fact in the chain of causes.</summary>
public sealed record OversellCauseView(
    string FactKey, int Units, OversellCause Cause, EntryReason Reason, long? ConnectionId, long? InboxEventId,
    DateTimeOffset OccurredAt, DateTimeOffset RecordedAt);

/// <summary>What is proposed for an order line.</summary>
/// <param name="ToLocation">From where it is to ship; null for a cancellation.</param>
public sealed record OversellStep(
    SettlementKind Kind, long ConnectionId, string OrderRef, string LineRef, int Units, string? ToLocation);

/// <summary>What is to be done on a channel.</summary>
/// <param name="Done">Whether somebody said that it is.</param>
public sealed record OversellActionView(
    long Id, long OversellId, string Sku, SettlementKind Kind, long ConnectionId, string OrderRef, string LineRef, int Units,
    string? ToLocation, bool Done, DateTimeOffset CreatedAt, DateTimeOffset? DoneAt, string? DoneBy);

/// <summary>What became of a decision.</summary>
public enum OversellDecision
{
    Done,
    NotFound,

    /// <summary>No settlement has been proposed yet.</summary>
    NotProposed,

    /// <summary>It was decided before, or is over.</summary>
    Decided,
}
