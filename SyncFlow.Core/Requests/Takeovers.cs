using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Requests;

/// <summary>
/// An order takes over what a reservation held for it: with the entry that commits its units goes one that ends the
/// hold, so available-to-sell never changes in between. Whatever an order took over can no longer expire.
/// </summary>
internal static class Takeovers
{
    /// <summary>Takes up to <paramref name="units"/> from the holds of the order's reservation on this SKU.</summary>
    /// <param name="location">Where the order's units are booked; holds there go first.</param>
    public static SkuState Take(WorkingSet set, OrderFact fact, SkuState sku, LocationId location, int units)
    {
        foreach (var line in sku.Requests.Where(r => r.IsOpen && BelongsTo(r, fact)).ToArray())
        {
            if (units <= 0)
            {
                break;
            }

            (sku, var taken) = Take(set, fact, sku, line, location, units);
            units -= taken;
        }

        return sku;
    }

    private static (SkuState Sku, int Taken) Take(
        WorkingSet set, OrderFact fact, SkuState sku, RequestLine line, LocationId location, int units)
    {
        var kept = ImmutableArray.CreateBuilder<HeldUnits>();
        var left = units;
        foreach (var held in line.Held.OrderByDescending(h => h.Location == location).ThenBy(h => h.Location.Value))
        {
            var part = Math.Min(left, held.Units);
            left -= part;
            if (part > 0)
            {
                sku = set.Append(sku, new LedgerEntry(
                    sku.Sku, held.Location, held.Bucket, -part, EntryReason.ReservationCommitted, fact.Key, null, fact.From,
                    fact.InboxEvent, fact.OccurredAt));
            }

            if (part < held.Units)
            {
                kept.Add(held with { Units = held.Units - part });
            }
        }

        // A request that still waits is met by the order itself: an order is a fact and asks nobody.
        var taken = line.State == RequestLineState.Waiting ? Math.Min(units, line.Wanted) : units - left;
        var after = line.Taken + taken;
        var done = line.State == RequestLineState.Waiting ? after == line.Units : kept.Count == 0;
        return (
            sku.With(line with
            {
                Taken = after,
                Held = kept.ToImmutable(),
                State = done ? RequestLineState.Committed : line.State,
                Connection = fact.From,
                OrderRef = fact.Snapshot.OrderRef,
            }),
            taken);
    }

    private static bool BelongsTo(RequestLine line, OrderFact fact) => line.OrderRef is { } order
        ? order == fact.Snapshot.OrderRef && line.Connection == fact.From
        : fact.Snapshot.ReservationRef is { } reference && line.Reference == reference;
}
