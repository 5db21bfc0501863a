using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Sources;

/// <summary>
/// Positions that sources report. What is on hand at a location is the sum of what those who keep its books last had
/// there: as its position says and as it moved since, or all that it moved where it never told a position. A report's
/// difference to that is booked, so it is the same whoever was heard first. Other systems' transactions that it contains are
/// posted in the same breath, so available-to-sell does not move while units pass from one system's books to another's.
/// </summary>
internal static class PositionRules
{
    public static FactOutcome Apply(WorkingSet set, SkuState sku, SourcePosition fact)
    {
        if (!SourceOwners.Owns(sku, fact.Location, fact.From, set.Context))
        {
            return SourceRules.Refuse(set, fact);
        }

        var row = RowOf(set, fact);
        if (fact.Version < row.Version || fact.Version < row.MovedVersion)
        {
            return FactOutcome.Older;
        }

        if (fact.Version == row.Version && fact.Key == row.FactKey)
        {
            return FactOutcome.Unchanged; // Told again: what the ledger booked since, a count for example, is not undone by it.
        }

        var unavailable = fact.Unavailable ?? row.Unavailable;
        var next = (row.At(fact.Version, fact.OnHand) with { Unavailable = unavailable, FactKey = fact.Key }).WithMarks(fact.PostedThrough);
        var posted = next.Marks.SelectMany(mark => set.Sources.Unposted(sku.Sku, fact.Location, mark.System).Where(c => c.LeftVersion <= mark.Through)).ToList();
        var moved = OnHandBy(set, sku, next) - sku.PoolAt(fact.Location).Buckets.OnHand;
        set.Sources.Put(next);
        if (row.Known && moved == 0 && unavailable == row.Unavailable && posted.Count == 0)
        {
            return FactOutcome.Unchanged;
        }

        sku = Append(set, fact, sku, Bucket.OnHand, moved);
        sku = Append(set, fact, sku, Bucket.Unavailable, unavailable - row.Unavailable);
        foreach (var claim in posted)
        {
            sku = ClaimLedger.Book(set, fact, sku, claim with { Posted = claim.Left }, owned: true, contained: true);
        }

        set.Put(sku.With(sku.PoolAt(fact.Location) with { Opened = true }));
        return FactOutcome.Applied;
    }

    /// <summary>What the source last had there; nothing before its first word.</summary>
    public static ReportedPosition RowOf(WorkingSet set, SourceFact fact) =>
        set.Sources.Find(fact.Sku, fact.From, fact.Place) is { } row
            ? row with { Location = fact.Location }
            : new ReportedPosition(fact.Sku, fact.From, fact.Place, fact.Location);

    /// <summary>Notes that the source's own units moved. Whoever counts units in, opens the pool.</summary>
    public static SkuState Moved(WorkingSet set, SkuState sku, SourceFact fact, ReportedPosition row, int units)
    {
        var own = SourceOwners.Owns(sku, fact.Location, fact.From, set.Context); // Only then will a position be set right by what moved.
        set.Sources.Put(units == 0 ? row
            : own ? row.WithMove(fact.Version, units)
            : row with { OnHand = checked(row.OnHand + units), MovedVersion = Math.Max(row.MovedVersion, fact.Version) });
        return units > 0 ? sku.With(sku.PoolAt(fact.Location) with { Opened = true }) : sku;
    }

    /// <summary>
    /// A claim whose newest units are contained in what the keeper of the books reported before: posted as it comes.
    /// </summary>
    /// <returns>The claim, and whether on-hand contains those units.</returns>
    public static (Claim Claim, bool Contained) Posted(WorkingSet set, SkuState sku, Claim claim, int units, long version, bool owned)
    {
        var contained = owned && set.Sources.At(sku.Sku, claim.Key.Location).Any(p => p.Contains(claim.Key.Transaction.System, version));
        return contained ? (claim with { Posted = claim.Posted + units }, true) : (claim, false);
    }

    private static int OnHandBy(WorkingSet set, SkuState sku, ReportedPosition next) => next.OnHand + set.Sources.At(sku.Sku, next.Location)
        .Where(p => (p.From, p.Place) != (next.From, next.Place) && SourceOwners.Owns(sku, next.Location, p.From, set.Context))
        .Sum(p => p.OnHand);

    private static SkuState Append(WorkingSet set, SourcePosition fact, SkuState sku, Bucket bucket, int delta) => delta == 0
        ? sku
        : set.Append(sku, new LedgerEntry(
            sku.Sku, fact.Location, bucket, delta, bucket == Bucket.Unavailable ? EntryReason.Damaged : EntryReason.SourcePosition, fact.Key, null,
            fact.From, fact.InboxEvent, fact.OccurredAt));
}
