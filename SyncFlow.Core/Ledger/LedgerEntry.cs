namespace SyncFlow.Core.Ledger;

/// <summary>One immutable row of the ledger. <i>Append</i> is its only verb; a mistake is corrected by another entry.</summary>
/// <param name="Sku">Whose units.</param>
/// <param name="Location">Where.</param>
/// <param name="Bucket">Which sum it changes.</param>
/// <param name="Delta">By how many units; never zero.</param>
/// <param name="Reason">Why.</param>
/// <param name="FactKey">The fact that caused it, for example <c>order:7:5512:…</c>.</param>
/// <param name="Level">The listing level, where the units were seen to move on one (suspense is kept per level).</param>
/// <param name="Connection">The connection the fact came from, if any.</param>
/// <param name="InboxEvent">The inbox event that carried the fact, if any: the first link of the trace.</param>
/// <param name="OccurredAt">When it happened, by the clock of whoever reported it.</param>
public sealed record LedgerEntry(
    SkuId Sku,
    LocationId Location,
    Bucket Bucket,
    int Delta,
    EntryReason Reason,
    string FactKey,
    LevelId? Level,
    ConnectionId? Connection,
    long? InboxEvent,
    DateTimeOffset OccurredAt);

/// <summary>Why a ledger entry was appended. The numbers are stored; they never change meaning.</summary>
public enum EntryReason : short
{
    /// <summary>Stock counted in when a connection went live.</summary>
    Opening = 1,

    /// <summary>An order took or gave back units.</summary>
    Order = 2,

    /// <summary>An order's units left the building.</summary>
    Fulfilment = 3,

    /// <summary>Units of a cancelled or refunded line that nobody put back.</summary>
    WriteOff = 4,

    /// <summary>A fulfilled unit came back.</summary>
    Return = 5,

    /// <summary>A level showed fewer units than the ledger can explain.</summary>
    UnexplainedDecrease = 6,

    /// <summary>A known cause explained units held in suspense.</summary>
    SuspenseExplained = 7,

    /// <summary>A policy or a person settled units held in suspense.</summary>
    SuspenseSettled = 8,

    /// <summary>Goods received.</summary>
    Receipt = 9,

    /// <summary>A correction by a person or an integrator.</summary>
    Adjustment = 10,

    /// <summary>The authority differed from the ledger when a connection went live.</summary>
    BaselineVariance = 11,

    /// <summary>An edit on a channel that owns on-hand, accepted as a fact.</summary>
    ChannelEdit = 12,

    /// <summary>Units became damaged, or ceased to be.</summary>
    Damaged = 20,

    /// <summary>Units went to inspection, or left it.</summary>
    Inspection = 21,

    /// <summary>A count differed from the ledger; later entries of the same count correct it.</summary>
    CountVariance = 22,

    /// <summary>Units left for another location.</summary>
    TransferOut = 23,

    /// <summary>Units arrived from another location.</summary>
    TransferIn = 24,

    /// <summary>More or fewer units of a transfer arrived than had left.</summary>
    TransferVariance = 25,

    /// <summary>Units set aside for a request.</summary>
    ReservationHeld = 30,

    /// <summary>Units given back by whoever had them reserved, or by a person.</summary>
    ReservationReleased = 31,

    /// <summary>Units given back because a hold's time ran out.</summary>
    ReservationExpired = 32,

    /// <summary>A hold ended because its order took the units over.</summary>
    ReservationCommitted = 33,

    /// <summary>A warehouse took reserved units into its pick tasks.</summary>
    ReservationAllocated = 34,

    /// <summary>A draft order on a channel holds units.</summary>
    DraftHold = 60,

    /// <summary>A draft order's hold ended.</summary>
    DraftReleased = 61,

    /// <summary>A channel moved units between two of its locations, as it does when it closes one.</summary>
    ChannelTransfer = 62,

    /// <summary>A source moved units in its own books.</summary>
    SourceMovement = 80,

    /// <summary>A source's position differed from what it was known to have.</summary>
    SourcePosition = 81,

    /// <summary>Sold over a counter.</summary>
    SourceSale = 82,

    /// <summary>Units left that the system which keeps the books has not posted yet.</summary>
    AwaitsPosting = 83,

    /// <summary>The system which keeps the books posted units that had left before.</summary>
    Posted = 84,

    /// <summary>A warehouse took units of an order into its pick tasks, or out of them.</summary>
    SourceAllocation = 85,

    /// <summary>Shipped units that were booked at one location had left another, or had not left at all.</summary>
    ShipmentMoved = 70,
}
