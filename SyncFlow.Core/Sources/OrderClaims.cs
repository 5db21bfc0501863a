using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Sources;

/// <summary>
/// Orders whose units other systems speak of too: a warehouse that picks them, a source that will post them. Such an
/// order's units are booked by its claim and not by its snapshot alone.
/// </summary>
internal static class OrderClaims
{
    /// <summary>The claim that books a change of an order; null where the order speaks for itself.</summary>
    /// <param name="before">What the order did so far.</param>
    public static Claim? Of(WorkingSet set, OrderFact fact, SkuState sku, FootprintRow change, ImmutableArray<FootprintRow> before)
    {
        var key = new ClaimKey(new TransactionRef(fact.From, fact.Snapshot.OrderRef), sku.Sku, change.Location);
        return set.Sources.Find(key) is { } known ? known
            : change.OnHand != 0 && IsOwned(set, sku, change.Location, fact.From) ? Begin(key, before, owned: true)
            : null;
    }

    /// <summary>Books the change.</summary>
    /// <param name="seenBefore">Whether what it shipped is in the opening already.</param>
    public static SkuState Book(WorkingSet set, OrderFact fact, SkuState sku, FootprintRow change, Claim claim, bool seenBefore)
    {
        var owned = IsOwned(set, sku, change.Location, fact.From);
        var left = seenBefore ? 0 : -change.OnHand;
        claim = claim with
        {
            Open = claim.Open + change.Committed,
            Left = claim.Left + left,
            LeftVersion = left == 0 ? claim.LeftVersion : Math.Max(claim.LeftVersion, SourceVersions.Of(0, fact.OccurredAt)),
        };
        var (after, contained) = left == 0 ? (claim, false) : PositionRules.Posted(set, sku, claim, left, SourceVersions.Of(0, fact.OccurredAt), owned);
        return ClaimLedger.Book(set, fact, sku, after, owned, contained, change.Level);
    }

    /// <summary>Whether a source other than the one that sold keeps the books.</summary>
    public static bool IsOwned(WorkingSet set, SkuState sku, LocationId location, ConnectionId seller) =>
        SourceOwners.OwnedByOther(sku, location, seller, set.Context);

    /// <summary>A claim on an order's units that begins now.</summary>
    public static Claim Begin(WorkingSet set, ClaimKey key, bool owned) =>
        Begin(key, set.FindOrder(key.Transaction.System, key.Transaction.Id)?.Applied ?? [], owned);

    /// <summary>What the order did before was booked by its snapshot alone; what left then is off the books.</summary>
    private static Claim Begin(ClaimKey key, ImmutableArray<FootprintRow> before, bool owned)
    {
        var rows = before.IsDefault ? [] : before.Where(r => r.Sku == key.Sku && r.Location == key.Location).ToArray();
        var (open, left) = (rows.Sum(r => r.Committed), -rows.Sum(r => r.OnHand));
        return new Claim(key)
        {
            Open = open,
            Left = left,
            Posted = owned ? left : 0,
            Booked = new ClaimBooking(open, 0, 0, left),
        };
    }
}
