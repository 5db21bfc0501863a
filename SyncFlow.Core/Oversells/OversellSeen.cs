using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Oversells;

/// <summary>What an oversell's cost is booked to. The numbers are stored; they never change meaning.</summary>
public enum OversellCause : short
{
    /// <summary>Nothing known explains it; a person must look.</summary>
    Unknown = 1,

    /// <summary>A channel sold units whose acknowledged decrease never happened.</summary>
    UnpersistedWrite = 2,

    /// <summary>Several channels showed the same units, which the merchant allowed.</summary>
    SharedModeRace = 3,

    /// <summary>An order became visible long after it was placed.</summary>
    InvisibleOrder = 4,

    /// <summary>A till sold units that were set aside for online, usually while it was offline.</summary>
    OfflineTill = 5,

    /// <summary>A count, an adjustment or a source took back units it had reported.</summary>
    SourceCorrection = 6,

    /// <summary>Units were lost, damaged, put to inspection or sent elsewhere.</summary>
    StockLoss = 7,

    /// <summary>An order was made without claiming units from its channel's level.</summary>
    UnclaimedOrder = 8,
}

/// <summary>A fact that made, or deepened, a shortage.</summary>
/// <param name="FactKey">Names it in the ledger.</param>
/// <param name="Units">By how many units it lowered what there is, &gt; 0.</param>
/// <param name="Cause">What it is booked to.</param>
/// <param name="Reason">Reason of its entry that took most.</param>
/// <param name="Connection">Where it came from, if from a channel or source.</param>
/// <param name="InboxEvent">The inbox event that carried it.</param>
/// <param name="OccurredAt">When it happened, by its reporter's clock.</param>
public sealed record OversellFact(
    string FactKey, int Units, OversellCause Cause, EntryReason Reason, ConnectionId? Connection, long? InboxEvent,
    DateTimeOffset OccurredAt);

/// <summary>How short a SKU is in one group of locations, noted whenever that changes.</summary>
/// <param name="Units">Units promised beyond what there is; 0 when that is over.</param>
/// <param name="Rise">By how many it grew now; 0 when it did not.</param>
/// <param name="Mode">The mode in force when it happened.</param>
/// <param name="Facts">What made it grow.</param>
public sealed record OversellSeen(
    SkuId Sku, int Group, int Units, int Rise, EffectiveMode Mode, ImmutableArray<OversellFact> Facts, DateTimeOffset At)
{
    /// <summary>What it is booked to: the cause of the fact that took most.</summary>
    public OversellCause Cause => Facts.IsDefaultOrEmpty ? OversellCause.Unknown : Facts.MaxBy(f => f.Units)!.Cause;
}
