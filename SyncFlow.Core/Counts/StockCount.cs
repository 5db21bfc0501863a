using SyncFlow.Core.Facts;

namespace SyncFlow.Core.Counts;

/// <summary>Somebody counted a SKU at a location.</summary>
/// <param name="Key">Names the count over all time.</param>
/// <param name="OccurredAt">As of when: what moved before it was seen, what moved at it or later was not.</param>
/// <param name="Counted">Units that were there; ≥ 0.</param>
public sealed record CountTaken(
    string Key, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, int Counted)
    : Fact(Key, null, InboxEvent, OccurredAt);

/// <summary>A count is taken back. It may arrive before the count, which then never counts.</summary>
/// <param name="Key">Names the withdrawal over all time.</param>
/// <param name="OccurredAt">As of when the count was, not when it was taken back.</param>
/// <param name="Count">The key of the count.</param>
public sealed record CountWithdrawn(
    string Key, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, string Count)
    : Fact(Key, null, InboxEvent, OccurredAt);

/// <summary>A count that a fact books or takes back, as the fact names it.</summary>
public readonly record struct CountRef(string Key, SkuId Sku, LocationId Location, DateTimeOffset AsOf)
{
    internal static CountRef Of(CountTaken fact) => new(fact.Key, fact.Sku, fact.Location, fact.OccurredAt);

    internal static CountRef Of(CountWithdrawn fact) => new(fact.Count, fact.Sku, fact.Location, fact.OccurredAt);
}

/// <summary>A count as the ledger has booked it.</summary>
/// <param name="Counted">Units that were there; ≥ 0.</param>
/// <param name="Variance">Counted less what the ledger had just before <paramref name="AsOf"/>, as booked so far.</param>
/// <param name="Withdrawn">Whether it was taken back: its variance is 0 then.</param>
public sealed record StockCount(
    string Key, SkuId Sku, LocationId Location, DateTimeOffset AsOf, int Counted, int Variance, bool Withdrawn);
