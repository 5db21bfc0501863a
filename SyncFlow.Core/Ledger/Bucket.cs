namespace SyncFlow.Core.Ledger;

/// <summary>What units of a position are doing. The numbers are stored; they never change meaning.</summary>
public enum Bucket : short
{
    /// <summary>Units physically there.</summary>
    OnHand = 1,

    /// <summary>Units that open orders wait for.</summary>
    Committed = 2,

    /// <summary>Units in a warehouse's pick tasks; takes over from commitment, never adds to it.</summary>
    Allocated = 3,

    /// <summary>Sold at a till, not yet posted by the system that owns on-hand.</summary>
    PosPending = 4,

    /// <summary>Held: soft holds with an expiry, programme reserves without.</summary>
    Reserved = 5,

    /// <summary>Fulfilled, not yet posted by the source that owns on-hand.</summary>
    ShippedUnposted = 6,

    /// <summary>Units that left a level, or an order, without a cause that is known yet.</summary>
    Suspense = 7,

    /// <summary>On the way between two locations; not part of either's available-to-sell.</summary>
    InTransit = 8,

    /// <summary>Damaged or under inspection.</summary>
    Unavailable = 9,
}
