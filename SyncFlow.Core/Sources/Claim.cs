namespace SyncFlow.Core.Sources;

/// <summary>Names a claim: a transaction, as far as it concerns one SKU at one location.</summary>
public readonly record struct ClaimKey(TransactionRef Transaction, SkuId Sku, LocationId Location);

/// <summary>
/// What several systems say about the same units: who sold them, who picks them, who took them off the books. Each figure
/// is one system's, cumulative; what the ledger holds is a function of all of them (<see cref="ClaimBooking.Of"/>), and
/// it gets the difference. So the systems may report in any order, and the units are deducted once.
/// </summary>
public sealed record Claim(ClaimKey Key)
{
    /// <summary>Units still to leave, by the system that sold them.</summary>
    public int Open { get; init; }

    /// <summary>Units that left, by the system that sold them; a till's are below zero where more came back.</summary>
    public int Left { get; init; }

    /// <summary>Units in pick tasks, by the warehouse.</summary>
    public int Picking { get; init; }

    /// <summary>Units that left, by the warehouse.</summary>
    public int Shipped { get; init; }

    /// <summary>Units that the books of on-hand were lowered by, by the system that keeps them.</summary>
    public int Posted { get; init; }

    /// <summary>Where the newest of <see cref="Left"/> stands in its system's own order.</summary>
    public long LeftVersion { get; init; }

    /// <summary>Where the newest report of picks stands in the warehouse's own order.</summary>
    public long PickVersion { get; init; } = long.MinValue;

    /// <summary>Sold at a till; else an order that ships.</summary>
    public bool AtTill { get; init; }

    /// <summary>What the ledger holds for it.</summary>
    public ClaimBooking Booked { get; init; }
}

/// <summary>What the ledger holds for a claim.</summary>
/// <param name="Committed">Units in the bucket committed.</param>
/// <param name="Allocated">Units in the bucket allocated.</param>
/// <param name="Unposted">Units in the bucket pos-pending or shipped-unposted.</param>
/// <param name="Deducted">Units taken off on-hand.</param>
public readonly record struct ClaimBooking(int Committed, int Allocated, int Unposted, int Deducted)
{
    /// <summary>
    /// Units are claimed by whoever knows of more of them, seller or warehouse; those deducted are claimed no longer. What
    /// is left is first what left unposted, then what is picked, then what is only promised.
    /// </summary>
    /// <param name="claim">What the systems said.</param>
    /// <param name="owned">Whether another system keeps the books of on-hand there: then only its posting lowers them.</param>
    public static ClaimBooking Of(Claim claim, bool owned)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var deducted = owned ? claim.Posted : FurtherOf(claim.Left, claim.Posted);
        var claimed = Math.Max(claim.Open + Math.Max(0, claim.Left), claim.Picking + claim.Shipped);
        var left = Math.Max(0, claimed - Math.Max(0, deducted));
        var unposted = Math.Min(left, Math.Max(0, claim.Left - deducted));
        var allocated = Math.Min(left - unposted, claim.Picking);
        return new ClaimBooking(left - unposted - allocated, allocated, unposted, deducted);
    }

    /// <summary>The one further from zero: the same units told by two systems.</summary>
    private static int FurtherOf(int a, int b) => Math.Abs(a) >= Math.Abs(b) ? a : b;
}
