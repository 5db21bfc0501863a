using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Orders;

/// <summary>
/// Entries of units that left the building. Each has the time at which its own shipment left: the snapshot that tells of
/// two shipments may be the first to arrive, and a count between the two must see one of them. Units booked as shipped
/// from one place that left another move as a pair with a reason of its own; they did not come back.
/// </summary>
internal sealed class ShipmentEntries
{
    private readonly WorkingSet _set;
    private readonly List<(SkuId Sku, LocationId Location, int Units, DateTimeOffset At)> _left = [];
    private readonly Dictionary<SkuId, int> _moved;

    /// <summary>Of an order's change.</summary>
    public ShipmentEntries(
        WorkingSet set, ConnectionId from, OrderSnapshot? before, OrderSnapshot after, IReadOnlyList<FootprintRow> changes)
    {
        _set = set;
        if (!changes.Any(c => c.Shipped() != 0))
        {
            _moved = [];
            return; // As almost always: then nothing below is asked for.
        }

        _moved = changes.GroupBy(c => c.Sku).ToDictionary(g => g.Key, g => g.Sum(c => Math.Max(0, c.Shipped())));
        var known = before?.Lines.SelectMany(l => l.Shipments.Select(s => (l.LineRef, s.Ref))).ToHashSet() ?? [];
        foreach (var line in after.Lines)
        {
            foreach (var shipment in line.Shipments.Where(s => !known.Contains((line.LineRef, s.Ref))))
            {
                Note(from, line, shipment);
            }
        }
    }

    /// <summary>Books what a row says of shipped units.</summary>
    public SkuState Post(OrderFact fact, FootprintRow change, SkuState sku)
    {
        if (change.Shipped() == 0)
        {
            return sku;
        }

        if (change.Shipped() > 0)
        {
            return Append(fact, change, sku, change.Shipped(), EntryReason.ShipmentMoved, fact.OccurredAt);
        }

        var units = -change.Shipped();
        var moved = Math.Min(units, _moved.GetValueOrDefault(change.Sku));
        _moved[change.Sku] = _moved.GetValueOrDefault(change.Sku) - moved;
        sku = Append(fact, change, sku, -moved, EntryReason.ShipmentMoved, fact.OccurredAt);
        foreach (var (part, at) in Leaving(change, units - moved, fact.OccurredAt))
        {
            sku = Append(fact, change, sku, -part, EntryReason.Fulfilment, at);
        }

        return sku;
    }

    /// <summary>Units that left a row's place, in the order in which they left, each with its own shipment's time.</summary>
    /// <param name="units">How many in all; what no shipment tells of comes last.</param>
    /// <param name="otherwise">When those left that no shipment tells of.</param>
    public IReadOnlyList<(int Units, DateTimeOffset At)> Leaving(FootprintRow change, int units, DateTimeOffset otherwise)
    {
        var parts = new List<(int, DateTimeOffset)>();
        foreach (var shipment in _left.Where(s => s.Sku == change.Sku && s.Location == change.Location).OrderBy(s => s.At))
        {
            var part = Math.Min(units, shipment.Units);
            if (part > 0)
            {
                parts.Add((part, shipment.At));
                units -= part;
            }
        }

        return units > 0 ? [.. parts, (units, otherwise)] : parts;
    }

    private void Note(ConnectionId from, OrderLine line, Shipment shipment)
    {
        if (shipment.ExternalLocation is { } external && _set.Context.Channels[from].PlaceOf(external) is { } place
            && _set.FindListingByVariant(from, line.VariantRef) is { } listing && _set.FindSku(listing.Sku) is not null)
        {
            foreach (var part in Draws.ComponentsOf(_set, listing.Sku, listing.UnitsPerSale))
            {
                _left.Add((part.Sku, place, shipment.Units * part.Units, shipment.At));
            }
        }
    }

    private SkuState Append(OrderFact fact, FootprintRow row, SkuState sku, int delta, EntryReason reason, DateTimeOffset at) =>
        delta == 0
            ? sku
            : _set.Append(sku, new LedgerEntry(
                row.Sku, row.Location, Bucket.OnHand, delta, reason, fact.Key, row.Level, fact.From, fact.InboxEvent, at));
}
