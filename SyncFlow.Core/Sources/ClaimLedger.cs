using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Sources;

/// <summary>Books a claim: the ledger gets the difference between what it holds and what the claim asks for.</summary>
internal static class ClaimLedger
{
    /// <summary>The SKU after the claim was booked.</summary>
    /// <param name="claim">As it is now, with what was booked so far.</param>
    /// <param name="owned">Whether another system keeps the books of on-hand.</param>
    /// <param name="contained">Whether on-hand contains it already: then no entry of on-hand is made.</param>
    /// <param name="level">The level where the units were sold, if one is known.</param>
    public static SkuState Book(
        WorkingSet set, Fact fact, SkuState sku, Claim claim, bool owned, bool contained = false, LevelId? level = null)
    {
        var (was, now) = (claim.Booked, ClaimBooking.Of(claim, owned));
        var unposted = claim.AtTill ? Bucket.PosPending : Bucket.ShippedUnposted;
        var deducted = now.Deducted - was.Deducted;
        sku = Append(set, fact, sku, claim, Bucket.Committed, now.Committed - was.Committed, Reason(fact, EntryReason.SourceAllocation), level);
        sku = Append(set, fact, sku, claim, Bucket.Allocated, now.Allocated - was.Allocated, EntryReason.SourceAllocation, null);
        sku = Append(set, fact, sku, claim, unposted, now.Unposted - was.Unposted, now.Unposted > was.Unposted ? EntryReason.AwaitsPosting : EntryReason.Posted, null);
        sku = Append(set, fact, sku, claim, Bucket.OnHand, contained ? 0 : -deducted, OnHandReason(fact, deducted), level);
        set.Sources.Put(claim with { Booked = now });
        return sku;
    }

    private static SkuState Append(
        WorkingSet set, Fact fact, SkuState sku, Claim claim, Bucket bucket, int delta, EntryReason reason, LevelId? level) => delta == 0
        ? sku
        : set.Append(sku, new LedgerEntry(
            sku.Sku, claim.Key.Location, bucket, delta, reason, fact.Key, level, fact.Connection, fact.InboxEvent, fact.OccurredAt));

    private static EntryReason Reason(Fact fact, EntryReason other) => fact is OrderFact ? EntryReason.Order : other;

    private static EntryReason OnHandReason(Fact fact, int deducted) => fact switch
    {
        OrderFact => deducted > 0 ? EntryReason.Fulfilment : EntryReason.Return,
        SourceSale => EntryReason.SourceSale,
        _ => EntryReason.SourceMovement,
    };
}
