namespace SyncFlow.Simulator.Worlds;

/// <summary>What an id names; each kind counts in its own range of 64-bit numbers, as in Shopify.</summary>
public enum IdKind : long
{
    Location = 82_000_000_000,
    Order = 5_800_000_000_000,
    Product = 8_100_000_000_000,
    Line = 14_200_000_000_000,
    Variant = 45_300_000_000_000,
    Item = 47_400_000_000_000,
    FulfillmentOrder = 6_500_000_000_000,
    Fulfillment = 5_100_000_000_000,
    Refund = 930_000_000_000,
    Subscription = 1_400_000_000_000,
    Bulk = 4_200_000_000_000,
    Group = 720_000_000_000,
}

/// <summary>
/// Numbers for one shop. One counter serves all kinds, and every shop starts elsewhere, so that ids differ between shops
/// and never repeat after a restart.
/// </summary>
public sealed class IdSource(long start)
{
    private long _last = start;

    /// <summary>The counter's position, for the journal.</summary>
    public long Last => _last;

    internal long Next(IdKind kind) => (long)kind + ++_last;

    /// <summary>Moves past an id that exists already.</summary>
    internal void Skip(IdKind kind, long id) => _last = Math.Max(_last, id - (long)kind);

    /// <summary>Leaves a gap, for numbers that were given out but never journalled.</summary>
    internal void Leap(long by) => _last += by;
}
