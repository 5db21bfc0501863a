using SyncFlow.Core.Buffers;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Stock;

/// <summary>A SKU at one location: its sums, as the ledger has them.</summary>
/// <param name="Location">Where.</param>
/// <param name="Buckets">The sums.</param>
/// <param name="Opened">Whether an opening count stands behind on-hand; until then nothing is published from it.</param>
public sealed record Pool(LocationId Location, Buckets Buckets, bool Opened)
{
    /// <summary>Part of on-hand, in percent, that is not sold because a source that feeds the location may be wrong.</summary>
    public int SourceBuffer { get; init; }

    /// <summary>Units that are withheld for it; whole ones, rounded up.</summary>
    public int Withheld => SourceBuffer == 0 ? 0 : (int)(((long)Math.Max(0, Buckets.OnHand) * SourceBuffer + 99) / 100);

    /// <summary>What is kept back of it because of how fast its SKU sells; null where the tenant has no such policy.</summary>
    public TierBuffer? Tier { get; init; }

    /// <summary>
    /// Units put aside so that a seller without a cap at this location cannot take them; what other channels sell of
    /// them is gone from it. Below zero where more of them were sold than were aside, which stores that take a whole order
    /// from one place do: those units still lie where that seller takes from, until another place ships the order, or
    /// somebody says what is aside now. Means nothing where there is no such seller.
    /// </summary>
    public int SetAside { get; init; }
}
