namespace SyncFlow.Core.Operations;

/// <summary>What somebody did to stock. The numbers are stored; they never change meaning.</summary>
public enum OperationKind : short
{
    /// <summary>Goods came in.</summary>
    Receipt = 1,

    /// <summary>Goods came back that no channel's order speaks of.</summary>
    Return = 2,

    /// <summary>On-hand is corrected by a difference.</summary>
    Adjustment = 3,

    /// <summary>Units are gone for good.</summary>
    WriteOff = 4,

    /// <summary>Units change their condition where they lie: damaged, to inspection, back to stock.</summary>
    Move = 5,

    /// <summary>Somebody counted what is there.</summary>
    Count = 6,

    /// <summary>A count is taken back, as if it had never been.</summary>
    CountWithdrawal = 7,

    /// <summary>Units left one location for another.</summary>
    TransferDispatch = 8,

    /// <summary>Units of a transfer arrived.</summary>
    TransferReceipt = 9,

    /// <summary>A transfer ended with units that never arrived.</summary>
    TransferLoss = 10,
}

/// <summary>In which condition units lie at a location. The numbers are stored; they never change meaning.</summary>
public enum StockCondition : short
{
    /// <summary>They may be sold.</summary>
    Available = 1,

    /// <summary>Somebody looks at them first; on hand, not sold.</summary>
    Inspection = 2,

    /// <summary>On hand, not sold.</summary>
    Damaged = 3,
}
