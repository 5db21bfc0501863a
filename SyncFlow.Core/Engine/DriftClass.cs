namespace SyncFlow.Core.Engine;

/// <summary>What a drift looks like. The numbers are stored; they never change meaning.</summary>
public enum DriftClass : short
{
    /// <summary>An acknowledged write that is not there.</summary>
    UnpersistedWrite = 1,

    /// <summary>Units left the level; its committed state says an order we cannot see took them.</summary>
    UnseenSale = 2,

    /// <summary>Somebody lowered the level by hand or by another application.</summary>
    OutsideDecrease = 3,

    /// <summary>Somebody raised the level by hand or by another application.</summary>
    OutsideIncrease = 4,

    /// <summary>At the baseline the authority and the ledger differed.</summary>
    BaselineVariance = 5,

    /// <summary>Units moved between available and the parked state by hand, or an acknowledged rise that is not there (rule R14).</summary>
    ParkedMove = 100,
}
