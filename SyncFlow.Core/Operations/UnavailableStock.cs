using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Operations;

/// <summary>
/// Units that are on hand and not sold, by condition. Both conditions share the bucket <see cref="Bucket.Unavailable"/>;
/// an entry's reason tells them apart, so a condition's sum is the sum of its entries.
/// </summary>
public static class UnavailableStock
{
    /// <summary>The reason of entries of a condition; null for units that may be sold.</summary>
    public static EntryReason? ReasonOf(StockCondition condition) => condition switch
    {
        StockCondition.Available => null,
        StockCondition.Inspection => EntryReason.Inspection,
        StockCondition.Damaged => EntryReason.Damaged,
        _ => throw new ArgumentOutOfRangeException(nameof(condition), condition, "There is no such condition."),
    };

    /// <summary>The condition that an entry of the bucket <see cref="Bucket.Unavailable"/> belongs to.</summary>
    public static StockCondition ConditionOf(EntryReason reason) =>
        reason == EntryReason.Damaged ? StockCondition.Damaged : StockCondition.Inspection;

    /// <summary>Units in a condition now: what was loaded, and what the batch has appended since.</summary>
    public static int UnitsIn(WorkingSet set, SkuId sku, LocationId location, StockCondition condition)
    {
        ArgumentNullException.ThrowIfNull(set);
        var units = set.Unavailable.GetValueOrDefault((sku, location, condition));
        foreach (var entry in set.Entries)
        {
            if (entry.Bucket == Bucket.Unavailable && entry.Sku == sku && entry.Location == location && ConditionOf(entry.Reason) == condition)
            {
                units += entry.Delta;
            }
        }

        return units;
    }
}
