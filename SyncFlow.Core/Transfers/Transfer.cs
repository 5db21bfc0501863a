using System.Collections.Immutable;
using SyncFlow.Core.Operations;

namespace SyncFlow.Core.Transfers;

/// <summary>Where a transfer stands. The numbers are stored; they never change meaning.</summary>
public enum TransferState : short
{
    /// <summary>A wish: nothing has moved, and no unit is claimed by it.</summary>
    Planned = 1,

    /// <summary>The goods have left.</summary>
    Dispatched = 2,

    /// <summary>Some of it has arrived.</summary>
    Receiving = 3,

    /// <summary>All that will arrive has arrived; the rest is booked as lost.</summary>
    Closed = 4,

    /// <summary>It never left.</summary>
    Cancelled = 5,
}

/// <summary>A transfer between two locations.</summary>
public sealed record Transfer(LocationId From, LocationId To, TransferState State, ImmutableArray<TransferLine> Lines);

/// <summary>A SKU of a transfer.</summary>
/// <param name="Planned">Units that were to go.</param>
/// <param name="Dispatched">Units that left.</param>
/// <param name="Received">Units that arrived; more than left is possible.</param>
/// <param name="Lost">Units that left and were given up at the close.</param>
public readonly record struct TransferLine(SkuId Sku, int Planned, int Dispatched, int Received, int Lost)
{
    /// <summary>Units that left and have neither arrived nor been given up.</summary>
    public int OnTheWay => Math.Max(0, Dispatched - Received - Lost);

    /// <summary>Units that arrived less units that left, of a closed transfer; 0 while it is under way.</summary>
    public int Variance(TransferState state) => state == TransferState.Closed ? Received - Dispatched : Math.Max(0, Received - Dispatched);
}

/// <summary>Units of a SKU that a step speaks of.</summary>
/// <param name="To">The condition in which they arrive.</param>
public readonly record struct TransferUnits(SkuId Sku, int Units, StockCondition To = StockCondition.Available);

/// <summary>What a step of a transfer books for a SKU.</summary>
/// <param name="KeyPart">Names it within the transfer and SKU, for ever.</param>
public sealed record TransferBooking(SkuId Sku, OperationKind Kind, int Units, StockCondition? To, string KeyPart, ImmutableArray<OperationLeg> Legs);

/// <summary>Why a step is refused.</summary>
public enum TransferRefusal
{
    /// <summary>It was dispatched already, or closed, or cancelled.</summary>
    NotPlanned = 1,

    /// <summary>It has not left yet, or is over.</summary>
    NotUnderWay = 2,

    /// <summary>No unit of it moves.</summary>
    NothingMoves = 3,

    /// <summary>A sum would leave the range of numbers.</summary>
    TooMany = 4,
}

/// <summary>What came of a step: the transfer as it is then with what is to be booked, or a refusal.</summary>
public sealed record TransferOutcome(Transfer? After, ImmutableArray<TransferBooking> Bookings, TransferRefusal? Refusal)
{
    internal static TransferOutcome Refused(TransferRefusal refusal) => new(null, [], refusal);
}
