using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// What happens to a level, in the ledger. A level counts sales; entries count what one sale takes, of a kit its parts.
/// </summary>
internal static class LevelEntries
{
    /// <summary>Appends what changes when so many sales more are in a bucket; returns the level's SKU as it is then.</summary>
    public static SkuState Append(
        WorkingSet set, Fact fact, SkuState sku, LevelState level, Bucket bucket, int sales, EntryReason reason)
    {
        if (sales == 0)
        {
            return sku;
        }

        if (!sku.IsKit)
        {
            return set.Append(sku, Entry(fact, sku.Sku, level, bucket, sales * level.UnitsPerSale, reason));
        }

        foreach (var part in Draws.ComponentsOf(set, sku.Sku, level.UnitsPerSale))
        {
            set.Put(set.Append(set.FindSku(part.Sku)!, Entry(fact, part.Sku, level, bucket, sales * part.Units, reason)));
            set.NoteCause(part.Sku, fact.OccurredAt);
        }

        return sku;
    }

    private static LedgerEntry Entry(
        Fact fact, SkuId sku, LevelState level, Bucket bucket, int delta, EntryReason reason) => new(
        sku, level.Location, bucket, delta, reason, fact.Key, level.Id, level.Connection, fact.InboxEvent,
        fact.OccurredAt);
}
