using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Sources;

/// <summary>Books what sources report.</summary>
internal static class SourceRules
{
    public static FactOutcome Apply(WorkingSet set, SourceFact fact)
    {
        if (set.FindSku(fact.Sku) is not { } sku)
        {
            return FactOutcome.Unmapped;
        }

        var outcome = fact switch
        {
            SourceMovement movement => Move(set, sku, movement),
            SourceSale sale => Sell(set, sku, sale),
            SourcePosition position => PositionRules.Apply(set, sku, position),
            PicksReported picks => Pick(set, sku, picks),
            _ => throw new ArgumentException($"No rule for {fact.GetType().Name}.", nameof(fact)),
        };
        if (outcome == FactOutcome.Applied)
        {
            set.NoteCause(fact.Sku, fact.OccurredAt);
        }

        return outcome;
    }

    /// <summary>A source speaks of on-hand that another keeps: said, and not booked.</summary>
    public static FactOutcome Refuse(WorkingSet set, SourceFact fact)
    {
        set.Incidents.Add(new Incident(
            $"not-the-authority:{fact.Sku.Value}:{fact.Location.Value}", "not-the-authority",
            "A source's report of on-hand was refused: another system is the authority for this SKU here.",
            fact.From, fact.Sku, null, fact.OccurredAt));
        return FactOutcome.Ignored;
    }

    private static FactOutcome Move(WorkingSet set, SkuState sku, SourceMovement fact)
    {
        if (set.HasMovement(fact.Key))
        {
            return FactOutcome.Unchanged;
        }

        if (fact.Bucket == Bucket.OnHand && !SourceOwners.MayMove(sku, fact.Location, fact.From, set.Context))
        {
            return Refuse(set, fact);
        }

        set.TryTakeMovement(fact.Key);
        var row = PositionRules.RowOf(set, fact);
        var contained = fact.Bucket == Bucket.OnHand && row.Contains(fact.Version);
        if (fact is { Bucket: Bucket.OnHand, Posts: { } posts })
        {
            var key = new ClaimKey(posts, sku.Sku, fact.Location);
            var owned = SourceOwners.Owns(sku, fact.Location, fact.From, set.Context);
            var claim = set.Sources.Find(key) ?? OrderClaims.Begin(set, key, owned);
            sku = ClaimLedger.Book(set, fact, sku, claim with { Posted = checked(claim.Posted - fact.Units) }, owned, contained);
        }
        else if (!contained)
        {
            sku = set.Append(sku, new LedgerEntry(
                sku.Sku, fact.Location, fact.Bucket, fact.Units, fact.Bucket == Bucket.Unavailable ? EntryReason.Damaged : EntryReason.SourceMovement,
                fact.Key, null, fact.From, fact.InboxEvent, fact.OccurredAt));
        }

        if (fact.Bucket == Bucket.OnHand)
        {
            sku = PositionRules.Moved(set, sku, fact, row, contained ? 0 : fact.Units);
        }

        set.Put(sku);
        return FactOutcome.Applied;
    }

    private static FactOutcome Sell(WorkingSet set, SkuState sku, SourceSale fact)
    {
        if (!set.TryTakeMovement(fact.Key))
        {
            return FactOutcome.Unchanged;
        }

        var row = PositionRules.RowOf(set, fact);
        var owned = SourceOwners.OwnedByOther(sku, fact.Location, fact.From, set.Context);
        var own = SourceOwners.Owns(sku, fact.Location, fact.From, set.Context);
        var contained = own && row.Contains(fact.Version);
        var key = new ClaimKey(fact.Transaction, sku.Sku, fact.Location);
        var claim = set.Sources.Find(key) ?? new Claim(key);
        claim = claim with
        {
            AtTill = true,
            Left = checked(claim.Left + fact.Units),
            LeftVersion = Math.Max(claim.LeftVersion, fact.Version),
        };
        var (after, inBooks) = PositionRules.Posted(set, sku, claim, fact.Units, fact.Version, owned);
        var before = sku.PoolAt(fact.Location).Buckets.OnHand;
        sku = ClaimLedger.Book(set, fact, sku, after, owned, contained || inBooks);
        sku = own ? PositionRules.Moved(set, sku, fact, row, sku.PoolAt(fact.Location).Buckets.OnHand - before) : sku;
        set.Put(sku);
        return FactOutcome.Applied;
    }

    private static FactOutcome Pick(WorkingSet set, SkuState sku, PicksReported fact)
    {
        if (!set.TryTakeMovement(fact.Key))
        {
            return FactOutcome.Unchanged;
        }

        var key = new ClaimKey(fact.Order, sku.Sku, fact.Location);
        var owned = OrderClaims.IsOwned(set, sku, fact.Location, fact.Order.System);
        var claim = set.Sources.Find(key) ?? OrderClaims.Begin(set, key, owned);
        if (fact.Version < claim.PickVersion)
        {
            return FactOutcome.Older;
        }

        if (claim.Picking == fact.Open && claim.Shipped == fact.Shipped)
        {
            return FactOutcome.Unchanged;
        }

        sku = ClaimLedger.Book(set, fact, sku, claim with { Picking = fact.Open, Shipped = fact.Shipped, PickVersion = fact.Version }, owned);
        set.Put(sku);
        return FactOutcome.Applied;
    }
}
