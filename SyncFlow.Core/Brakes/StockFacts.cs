using System.Collections.Immutable;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>What a correction or a count books into a bucket.</summary>
/// <param name="Delta">Never zero.</param>
public readonly record struct FactDelta(SkuId Sku, LocationId Location, Bucket Bucket, int Delta)
{
    /// <summary>Units by which what may be sold rises; below zero it falls.</summary>
    public int Sellable => Bucket == Bucket.OnHand ? Delta : -Delta;
}

/// <summary>
/// Which stock operations pass the breaker, and with what. What came in, came back or is gone is what happened, and passes
/// freely. That there is more than was thought (a correction, a count) or that more may be sold (units released from
/// inspection) is somebody's word: it is booked, and told of many SKUs at once it raises no level until a person looked.
/// Lower levels never wait, for units that are not there can be sold only too much.
/// </summary>
public static class StockFacts
{
    /// <summary>Whether an operation is somebody's word, which may raise levels.</summary>
    public static bool IsWord(OperationKind kind) => kind is OperationKind.Adjustment or OperationKind.Move or OperationKind.Count;

    /// <summary>Whether such an operation may raise levels; of a count that is known only once it is compared.</summary>
    /// <param name="units">The difference; for a count what was counted.</param>
    /// <param name="to">The condition after a move.</param>
    public static bool MayRaise(OperationKind kind, int units, StockCondition? to) => kind switch
    {
        OperationKind.Adjustment => units > 0,
        OperationKind.Move => to == StockCondition.Available,
        OperationKind.Count => true,
        _ => false,
    };

    /// <summary>A SKU with what deltas book.</summary>
    internal static SkuState Booked(SkuState sku, IEnumerable<FactDelta> deltas)
    {
        foreach (var delta in deltas)
        {
            var pool = sku.PoolAt(delta.Location);
            sku = sku.With(pool with { Buckets = pool.Buckets.Add(delta.Bucket, delta.Delta), Opened = true });
        }

        return sku;
    }
}

/// <inheritdoc cref="ChangeKind.StockFacts"/>
/// <param name="Held">SKUs of which no level is raised until somebody decides.</param>
public sealed record StockFactsChange(ImmutableArray<SkuId> Held) : SkuChange
{
    private ILookup<SkuId, FactDelta> _told = Array.Empty<FactDelta>().ToLookup(d => d.Sku);

    /// <summary>What of it is not in the ledger yet; it is not kept.</summary>
    public ImmutableArray<FactDelta> Told
    {
        get;
        init => (field, _told) = (value, value.ToLookup(d => d.Sku));
    } = [];

    public override ChangeKind Kind => ChangeKind.StockFacts;

    public override IReadOnlyList<SkuId> Skus => Held;

    public override SkuState On(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return StockFacts.Booked(sku with { Policy = sku.Policy with { RaisesHeld = false } }, _told[sku.Sku]);
    }
}

/// <inheritdoc cref="ChangeKind.FactsTakenBack"/>
/// <param name="Of">The change whose facts they are.</param>
/// <param name="Items">What taking them back books.</param>
public sealed record FactsTakenBackChange(long Of, ImmutableArray<FactDelta> Items) : SkuChange
{
    private readonly ILookup<SkuId, FactDelta> _bySku = Items.ToLookup(i => i.Sku);

    public override ChangeKind Kind => ChangeKind.FactsTakenBack;

    public override IReadOnlyList<SkuId> Skus => [.. _bySku.Select(g => g.Key)];

    public override SkuState On(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return StockFacts.Booked(sku, _bySku[sku.Sku]);
    }
}
