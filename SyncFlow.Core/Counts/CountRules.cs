using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Counts;

/// <summary>
/// Books counts. A count's variance is what was counted less what the ledger had just before its as-of time, earlier
/// counts' variances included. Its entries carry the as-of time, so the ledger read in order of occurrence shows exactly
/// the counted units at that moment, for every valid count.
/// <para>
/// Whatever becomes known later and happened earlier (a movement, a fulfilment, another count, a withdrawal) was seen by
/// whoever counted next: the next count's variance takes it back, and no count after that changes, for it compares with
/// that count. So only neighbours are ever corrected, and the order of arrival does not matter.
/// </para>
/// </summary>
internal static class CountRules
{
    /// <summary>Books a count once.</summary>
    public static FactOutcome Apply(WorkingSet set, CountTaken fact)
    {
        if (set.FindSku(fact.Sku) is not { } sku)
        {
            return FactOutcome.Unmapped;
        }

        if (set.Counts.Find(fact.Key) is not null)
        {
            return FactOutcome.Unchanged;
        }

        // A channel's opening on-hand is a count too, which nothing corrects: an earlier count would be added to it.
        var before = set.Counts.BeforeOf(CountRef.Of(fact));
        if (before.OpenedAt >= fact.OccurredAt)
        {
            return FactOutcome.Refused;
        }

        set.TryTakeMovement(fact.Key);
        var count = new StockCount(fact.Key, fact.Sku, fact.Location, fact.OccurredAt, fact.Counted, 0, Withdrawn: false);
        var variance = checked(fact.Counted - before.Units - Appended(set, count));
        var next = set.Counts.Next(fact.Sku, fact.Location, fact.OccurredAt, fact.Key);
        set.Counts.Put(count);
        sku = Correct(set, sku, count, variance, fact.InboxEvent);
        sku = next is null ? sku : Correct(set, sku, next, -variance, fact.InboxEvent);
        set.Put(sku.With(sku.PoolAt(fact.Location) with { Opened = true }));
        set.NoteCause(fact.Sku, fact.OccurredAt);
        return FactOutcome.Applied;
    }

    /// <summary>Takes a count back, before it arrived as well.</summary>
    public static FactOutcome Apply(WorkingSet set, CountWithdrawn fact)
    {
        if (set.FindSku(fact.Sku) is not { } sku)
        {
            return FactOutcome.Unmapped;
        }

        // Whoever names another pool's count means another count.
        if (set.Counts.Find(fact.Count) is { } named && (named.Sku != fact.Sku || named.Location != fact.Location))
        {
            return FactOutcome.Refused;
        }

        if (set.Counts.Find(fact.Count) is { Withdrawn: true })
        {
            return FactOutcome.Unchanged;
        }

        set.TryTakeMovement(fact.Key);
        if (set.Counts.Find(fact.Count) is not { } count)
        {
            set.Counts.Put(new StockCount(fact.Count, fact.Sku, fact.Location, fact.OccurredAt, 0, 0, Withdrawn: true));
            return FactOutcome.Applied;
        }

        var variance = count.Variance;
        sku = Correct(set, sku, count, -variance, fact.InboxEvent);
        set.Counts.Put(count with { Variance = 0, Withdrawn = true });
        if (set.Counts.Next(count.Sku, count.Location, count.AsOf, count.Key) is { } next)
        {
            sku = Correct(set, sku, next, variance, fact.InboxEvent);
        }

        set.Put(sku);
        set.NoteCause(fact.Sku, fact.OccurredAt);
        return FactOutcome.Applied;
    }

    /// <summary>An on-hand entry that happened before a count was seen by it: the count takes it back.</summary>
    /// <param name="sku">The SKU with the entry's pool moved already.</param>
    public static SkuState Reopen(WorkingSet set, SkuState sku, LedgerEntry entry) =>
        entry is { Bucket: Bucket.OnHand, Reason: not EntryReason.CountVariance }
        && set.Counts.Next(entry.Sku, entry.Location, entry.OccurredAt, null) is { } count
            ? Correct(set, sku, count, -entry.Delta, entry.InboxEvent)
            : sku;

    private static SkuState Correct(WorkingSet set, SkuState sku, StockCount count, int delta, long? inboxEvent)
    {
        if (delta == 0)
        {
            return sku;
        }

        set.Counts.Put(count with { Variance = checked(count.Variance + delta) });
        return set.Append(sku, new LedgerEntry(
            count.Sku, count.Location, Bucket.OnHand, delta, EntryReason.CountVariance, count.Key, null, null, inboxEvent,
            count.AsOf));
    }

    /// <summary>On-hand entries before a count that this batch appended: they are not in what was loaded.</summary>
    private static int Appended(WorkingSet set, StockCount count) => set.Entries
        .Where(e => e.Bucket == Bucket.OnHand && e.Sku == count.Sku && e.Location == count.Location && IsBefore(e, count))
        .Sum(e => e.Delta);

    private static bool IsBefore(LedgerEntry entry, StockCount count) => entry.OccurredAt < count.AsOf
        || (entry.Reason == EntryReason.CountVariance
            && CountOrder.Instance.Compare((entry.OccurredAt, entry.FactKey), (count.AsOf, count.Key)) < 0);
}
