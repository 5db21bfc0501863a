using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Operations;

/// <summary>Books operations. Goods that moved are a fact and always booked; setting units free again is not.</summary>
internal static class OperationRules
{
    /// <summary>Books an operation once; all of it or nothing.</summary>
    public static FactOutcome Apply(WorkingSet set, StockOperation operation)
    {
        if (set.FindSku(operation.Sku) is not { } sku)
        {
            return FactOutcome.Unmapped;
        }

        if (set.HasMovement(operation.Key))
        {
            return FactOutcome.Unchanged;
        }

        foreach (var leg in operation.Legs.Where(l => l is { Bucket: Bucket.OnHand, Reason: EntryReason.Adjustment }))
        {
            if (AuthorityRefusals.IsRefused(set, sku, leg.Location, leg.Delta, operation.Connection, operation.OccurredAt))
            {
                return FactOutcome.NotTheAuthority;
            }
        }

        if (!Fits(sku, operation) || !IsThere(set, operation))
        {
            return FactOutcome.Refused;
        }

        // From here on it succeeds.
        set.TryTakeMovement(operation.Key);
        foreach (var leg in operation.Legs)
        {
            sku = set.Append(sku, new LedgerEntry(
                operation.Sku, leg.Location, leg.Bucket, leg.Delta, leg.Reason, operation.Key, null, null,
                operation.InboxEvent, operation.OccurredAt));
            if (leg is { Bucket: Bucket.OnHand, Delta: > 0 })
            {
                // Whoever counts units in, opens the pool: from now on the ledger knows what is there.
                sku = sku.With(sku.PoolAt(leg.Location) with { Opened = true });
            }
        }

        set.Put(sku);
        set.NoteCause(operation.Sku, operation.OccurredAt);
        return FactOutcome.Applied;
    }

    /// <summary>Whether every sum stays a number that can be kept, whatever the order of the legs.</summary>
    private static bool Fits(SkuState sku, StockOperation operation)
    {
        foreach (var bucket in operation.Legs.GroupBy(leg => (leg.Location, leg.Bucket)))
        {
            long sum = sku.PoolAt(bucket.Key.Location).Buckets[bucket.Key.Bucket];
            if (sum + bucket.Sum(leg => Math.Max(0L, leg.Delta)) > int.MaxValue || sum + bucket.Sum(leg => Math.Min(0L, leg.Delta)) < int.MinValue)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Units can leave a condition only where they lie in it: taking five back to stock where three wait would sell two
    /// that are not there.
    /// </summary>
    private static bool IsThere(WorkingSet set, StockOperation operation) => operation.Legs
        .Where(leg => leg is { Bucket: Bucket.Unavailable, Delta: < 0 })
        .All(leg => UnavailableStock.UnitsIn(set, operation.Sku, leg.Location, UnavailableStock.ConditionOf(leg.Reason)) >= -leg.Delta);
}
