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
/// <param name="Value">What these units were sold for; null where nobody knows.</param>
public sealed record OversellStep(
    SettlementKind Kind, long ConnectionId, string OrderRef, string LineRef, int Units, string? ToLocation, Money? Value);

/// <summary>A part of what a settlement costs, as it was booked.</summary>
/// <param name="Cause">What it is booked to.</param>
/// <param name="Cost">Null where nobody knows.</param>
public sealed record OversellCostView(
    CostKind Kind, OversellCause Cause, long? ConnectionId, string? OrderRef, string? LineRef, int Units, Money? Cost,
    DateTimeOffset BookedAt, string BookedBy);

/// <summary>What settlements cost that were booked to a cause.</summary>
/// <param name="From">When the period began; the report's beginning where it is of one period.</param>
/// <param name="Settlements">Cases.</param>
/// <param name="CancelledUnits">Units of lines that were cancelled.</param>
/// <param name="ResourcedUnits">Units of lines that ship from elsewhere.</param>
/// <param name="UnvaluedUnits">Cancelled units of which nobody knows what they were sold for: the costs are without them.</param>
/// <param name="Costs">One amount a currency.</param>
public sealed record CauseCosts(
    DateTimeOffset From, OversellCause Cause, int Settlements, int CancelledUnits, int ResourcedUnits, int UnvaluedUnits, IReadOnlyList<Money> Costs);

/// <summary>How long the periods of a report are.</summary>
public enum CostPeriod
{
    /// <summary>One period.</summary>
    Whole,

    /// <summary>Days in UTC.</summary>
    Day,

    /// <summary>Weeks from Monday in UTC.</summary>
    Week,

    /// <summary>Months in UTC.</summary>
    Month,
}

/// <summary>What is to be done on a channel.</summary>
/// <param name="Done">Whether somebody said that it is.</param>
public sealed record OversellActionView(
    long Id, long OversellId, string Sku, SettlementKind Kind, long ConnectionId, string OrderRef, string LineRef, int Units,
    string? ToLocation, bool Done, DateTimeOffset CreatedAt, DateTimeOffset? DoneAt, string? DoneBy, Money? Value);

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
