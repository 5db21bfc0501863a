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
    /// <param name="sold">What the order that tells of it says besides; null for other facts.</param>
    public static SkuState Book(
        WorkingSet set, Fact fact, SkuState sku, Claim claim, bool owned, bool contained = false, Sold? sold = null)
    {
        var (level, at) = (sold?.Level, sold?.At ?? fact.OccurredAt);
        var (was, now) = (claim.Booked, ClaimBooking.Of(claim, owned));
        var unposted = claim.AtTill ? Bucket.PosPending : Bucket.ShippedUnposted;
        var deducted = now.Deducted - was.Deducted;
        sku = Append(set, fact, sku, claim, Bucket.Committed, now.Committed - was.Committed, Reason(fact, EntryReason.SourceAllocation), level, fact.OccurredAt);
        sku = Append(set, fact, sku, claim, Bucket.Allocated, now.Allocated - was.Allocated, EntryReason.SourceAllocation, null, fact.OccurredAt);
        sku = Append(set, fact, sku, claim, unposted, now.Unposted - was.Unposted, now.Unposted > was.Unposted ? EntryReason.AwaitsPosting : EntryReason.Posted, null, at);
        sku = Append(set, fact, sku, claim, Bucket.OnHand, contained ? 0 : -deducted, sold?.Reason ?? OnHandReason(fact), level, at);
        set.Sources.Put(claim with { Booked = now });
        return sku;
    }

    private static SkuState Append(
        WorkingSet set, Fact fact, SkuState sku, Claim claim, Bucket bucket, int delta, EntryReason reason, LevelId? level, DateTimeOffset at) => delta == 0
        ? sku
        : set.Append(sku, new LedgerEntry(
            sku.Sku, claim.Key.Location, bucket, delta, reason, fact.Key, level, fact.Connection, fact.InboxEvent, at), ShownBy(set, claim.Key));

    /// <summary>
    /// The channel that sold the units takes them off its own on-hand when it ships them, whoever tells us of it first. Not
    /// those of a kit's parts, which its on-hand of the part knows nothing of.
    /// </summary>
    private static ConnectionId? ShownBy(WorkingSet set, ClaimKey key)
    {
        var rows = set.FindOrder(key.Transaction.System, key.Transaction.Id)?.Applied ?? [];
        return rows.IsDefault || rows.All(r => r.Sku != key.Sku || r.Level is not null) ? key.Transaction.System : null;
    }

    private static EntryReason Reason(Fact fact, EntryReason other) => fact is OrderFact ? EntryReason.Order : other;

    private static EntryReason OnHandReason(Fact fact) => fact is SourceSale ? EntryReason.SourceSale : EntryReason.SourceMovement;

    /// <summary>What an order says of units that a claim speaks of.</summary>
    /// <param name="Level">The level where they were sold, if one is known.</param>
    /// <param name="At">When they left or came back.</param>
    /// <param name="Reason">Why on-hand changes.</param>
    internal sealed record Sold(LevelId? Level, DateTimeOffset At, EntryReason Reason);
}
