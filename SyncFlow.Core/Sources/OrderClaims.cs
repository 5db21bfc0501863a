using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
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

    /// <summary>
    /// Books the change: units that left one shipment after the other, each at its own time, for a position that contains
    /// the first may not contain the second. What comes back is no part of a claim: a warehouse that shipped three units
    /// has shipped three, whatever the buyer returns.
    /// </summary>
    /// <param name="seenBefore">Whether what it shipped is in the opening already.</param>
    /// <param name="shipments">Where and when units left.</param>
    public static SkuState Book(
        WorkingSet set, OrderFact fact, SkuState sku, FootprintRow change, Claim claim, bool seenBefore, ShipmentEntries shipments)
    {
        var left = seenBefore ? 0 : change.Returned - change.OnHand;
        var open = claim.Open + change.Committed;
        foreach (var (units, at) in left > 0 ? shipments.Leaving(change, left, fact.OccurredAt) : [])
        {
            left -= units;
            sku = Book(set, fact, sku, change, claim with { Open = left == 0 ? open : Math.Max(open, claim.Open - units) }, units, at);
            claim = set.Sources.Find(claim.Key)!;
        }

        return Book(set, fact, sku, change, claim with { Open = open }, left, fact.OccurredAt);
    }

    private static SkuState Book(
        WorkingSet set, OrderFact fact, SkuState sku, FootprintRow change, Claim claim, int left, DateTimeOffset at)
    {
        var (owned, version) = (IsOwned(set, sku, change.Location, fact.From), SourceVersions.Of(0, at));
        claim = claim with
        {
            Left = claim.Left + left,
            LeftVersion = left == 0 ? claim.LeftVersion : Math.Max(claim.LeftVersion, version),
        };
        var (after, contained) = left == 0 ? (claim, false) : PositionRules.Posted(set, sku, claim, left, version, owned);
        return ClaimLedger.Book(set, fact, sku, after, owned, contained, new ClaimLedger.Sold(change.Level, at, ReasonOf(change)));
    }

    /// <summary>Why on-hand changes: shipped, shipped from another place after all, or lost unshipped.</summary>
    private static EntryReason ReasonOf(FootprintRow change) =>
        change.Shipped() < 0 ? EntryReason.Fulfilment
        : change.Shipped() > 0 ? EntryReason.ShipmentMoved
        : EntryReason.WriteOff;

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
        var (open, left) = (rows.Sum(r => r.Committed), rows.Sum(r => r.Returned - r.OnHand));
        return new Claim(key)
        {
            Open = open,
            Left = left,
            Posted = owned ? left : 0,
            Booked = new ClaimBooking(open, 0, 0, left),
        };
    }
}
