namespace SyncFlow.Core.Ledger;

/// <summary>The sums of a position, one per <see cref="Bucket"/>, in units. Any may be negative: that is a fact.</summary>
public readonly record struct Buckets(
    int OnHand,
    int Committed,
    int Allocated,
    int PosPending,
    int Reserved,
    int ShippedUnposted,
    int Suspense,
    int InTransit,
    int Unavailable)
{
    /// <summary>The sum of one bucket.</summary>
    public int this[Bucket bucket] => bucket switch
    {
        Bucket.OnHand => OnHand,
        Bucket.Committed => Committed,
        Bucket.Allocated => Allocated,
        Bucket.PosPending => PosPending,
        Bucket.Reserved => Reserved,
        Bucket.ShippedUnposted => ShippedUnposted,
        Bucket.Suspense => Suspense,
        Bucket.InTransit => InTransit,
        Bucket.Unavailable => Unavailable,
    };

    /// <summary>Units that may be sold, before a safety buffer. Signed: below zero means oversold.</summary>
    public int Unencumbered =>
        OnHand - Committed - Allocated - PosPending - Reserved - ShippedUnposted - Suspense - Unavailable;

    /// <summary>These sums with <paramref name="delta"/> units more in one bucket; throws on overflow.</summary>
    public Buckets Add(Bucket bucket, int delta) => bucket switch
    {
        Bucket.OnHand => this with { OnHand = checked(OnHand + delta) },
        Bucket.Committed => this with { Committed = checked(Committed + delta) },
        Bucket.Allocated => this with { Allocated = checked(Allocated + delta) },
        Bucket.PosPending => this with { PosPending = checked(PosPending + delta) },
        Bucket.Reserved => this with { Reserved = checked(Reserved + delta) },
        Bucket.ShippedUnposted => this with { ShippedUnposted = checked(ShippedUnposted + delta) },
        Bucket.Suspense => this with { Suspense = checked(Suspense + delta) },
        Bucket.InTransit => this with { InTransit = checked(InTransit + delta) },
        Bucket.Unavailable => this with { Unavailable = checked(Unavailable + delta) },
    };
}
