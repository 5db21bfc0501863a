using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Orders;

/// <summary>What an order does to stock, as a function of its snapshot.</summary>
/// <param name="Rows">Per SKU, location and level; rows that do nothing are left out.</param>
/// <param name="UnmappedLines">Lines whose variant sells no SKU we know.</param>
/// <param name="Provisional">Whether a location was guessed.</param>
/// <param name="Kits">What the kits among its lines were taken to be made of.</param>
public sealed record Footprint(
    ImmutableArray<FootprintRow> Rows, int UnmappedLines, bool Provisional, ImmutableArray<BookedKit> Kits);

/// <summary>Computes footprints.</summary>
public static class Footprints
{
    /// <summary>The footprint of a snapshot whose assignments were completed from what was known before.</summary>
    /// <param name="before">The order as last applied: what it sold as a kit stays that kit, and what it did with returned units stands.</param>
    public static Footprint Of(OrderSnapshot order, ChannelSettings channel, WorkingSet set, OrderState before)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(set);
        if (order.Test)
        {
            return new Footprint([], 0, false, []);
        }

        var sums = new Sums(set, channel, order, before, Claims: channel.ClaimingSources.Contains(order.SourceName));
        var unmapped = 0;
        var provisional = false;
        foreach (var line in order.Lines)
        {
            if (line.VariantRef is null)
            {
                continue;
            }

            var listing = set.FindListingByVariant(channel.Connection, line.VariantRef);
            if (listing is null || set.FindSku(listing.Sku) is not { } sku)
            {
                unmapped++;
                continue;
            }

            var (home, guessed) = OrderLocations.HomeOf(order, line, channel, set.Context, sku, listing, before);
            if (home is null)
            {
                unmapped++;
                continue;
            }

            provisional |= guessed;
            sums.AddLine(line, listing, home.Value);
        }

        return new Footprint(sums.Rows(), unmapped, provisional, sums.Kits());
    }

    /// <summary>
    /// Accumulates rows. Units of a line are ordered = open + fulfilled + removed, and removed units were put back
    /// (cancel), lost (no restock) or are not explained yet: those wait in suspense, never in available-to-sell.
    /// </summary>
    private sealed record Sums(WorkingSet Set, ChannelSettings Channel, OrderSnapshot Order, OrderState Before, bool Claims)
    {
        private readonly Dictionary<(SkuId, LocationId, LevelId?), FootprintRow> _rows = [];
        private readonly SortedDictionary<long, BookedKit> _kits = [];

        private readonly HashSet<string> _seen =
        [
            .. Before.Snapshot?.Lines.SelectMany(l => l.Restocks).Where(r => r.Kind == RestockKind.Return).Select(r => r.RefundLineRef) ?? [],
        ];

        public void AddLine(OrderLine line, ListingInfo listing, LocationId home)
        {
            var cancelled = line.Restocks.Where(r => r.Kind == RestockKind.Cancel).Sum(r => r.Units);
            var notRestocked = line.Restocks.Where(r => r.Kind == RestockKind.None).Sum(r => r.Units);

            // A refund without restock of units that never shipped loses them; of shipped ones it changes nothing.
            var unshipped = Math.Max(0, line.Quantity - line.Fulfilled - cancelled);
            var lost = Math.Min(notRestocked, unshipped);
            var open = Math.Min(line.Open, unshipped - lost);
            var unexplained = unshipped - lost - open;

            AddOpen(line, listing, home, open);
            var placed = AddShipped(line, listing);
            Add(listing, home, onHand: placed - line.Fulfilled - lost, writtenOff: -lost, suspense: unexplained,
                taken: line.Quantity - open - placed);
            foreach (var restock in line.Restocks)
            {
                var at = restock.ExternalLocation is { } external ? Channel.PlaceOf(external) ?? home : home;
                switch (restock.Kind)
                {
                    case RestockKind.Cancel:
                        Add(listing, at, taken: -restock.Units, putBack: restock.Units);
                        break;
                    case RestockKind.Return:
                        Add(listing, at, onHand: restock.Units, taken: -restock.Units, putBack: restock.Units,
                            returned: restock.Units, inspected: IsInspected(restock, at) ? restock.Units : 0);
                        break;
                    case RestockKind.None:
                        break;
                }
            }

            foreach (var (at, units) in CancelledElsewhere(line, home))
            {
                var moved = Moves.Of(listing, at, units);
                Add(listing, home, taken: -moved);
                Add(listing, at, taken: moved);
                if (units > moved && OwnsOnHand(listing, home) && OwnsOnHand(listing, at))
                {
                    Add(listing, home, relocated: moved - units);
                    Add(listing, at, relocated: units - moved);
                }
            }
        }

        /// <summary>
        /// Whether the channel's level of the listing stands for what lies at a place, or did when the order was booked: units put
        /// back there are on hand there, and no more where they were taken.
        /// </summary>
        private bool OwnsOnHand(ListingInfo listing, LocationId at)
        {
            var sku = Set.FindSku(listing.Sku)!;
            return Claims && !sku.IsKit && sku.FindLevel(Channel.Connection, listing.Listing, at) is { } level
                && (Authority.Accepts(sku, at, Channel) || Before.Applied.Any(r => r.Level == level.Id && r.Relocated != 0));
        }

        private MovedUnits Moves => new(Channel, Order, Before);

        /// <summary>Units that were cancelled and put back at other places than the line's home.</summary>
        private Dictionary<LocationId, int> CancelledElsewhere(OrderLine line, LocationId home)
        {
            var units = new Dictionary<LocationId, int>();
            foreach (var restock in line.Restocks)
            {
                if (restock is { Kind: RestockKind.Cancel, ExternalLocation: { } external } && Channel.PlaceOf(external) is { } at && at != home)
                {
                    units[at] = units.GetValueOrDefault(at) + restock.Units;
                }
            }

            return units;
        }

        public ImmutableArray<FootprintRow> Rows() =>
        [
            .. _rows.Values.Select(WithEarlierInspections)
                .Where(r => !r.IsEmpty())
                .OrderBy(r => r.Sku.Value).ThenBy(r => r.Location.Value).ThenBy(r => r.Level?.Value),
        ];

        public ImmutableArray<BookedKit> Kits() => [.. _kits.Values];

        /// <summary>Units leave the place they are shipped from, wherever they were to ship from.</summary>
        /// <returns>Units whose place is known.</returns>
        private int AddShipped(OrderLine line, ListingInfo listing)
        {
            var left = line.Fulfilled;
            foreach (var shipment in line.Shipments)
            {
                if (shipment.ExternalLocation is { } external && Channel.PlaceOf(external) is { } place)
                {
                    var units = Math.Min(left, shipment.Units);
                    Add(listing, place, onHand: -units, taken: units);
                    left -= units;
                }
            }

            return line.Fulfilled - left;
        }

        /// <summary>Whether returned units are looked at first is decided when they are first seen, by the place's setting.</summary>
        private bool IsInspected(Restock restock, LocationId at) =>
            !_seen.Contains(restock.RefundLineRef) && Set.Context.FindLocation(at) is { InspectReturns: true };

        private FootprintRow WithEarlierInspections(FootprintRow row)
        {
            var earlier = Before.Applied.Where(r => r.Sku == row.Sku && r.Location == row.Location && r.Level == row.Level).Sum(r => r.Inspected);
            return earlier == 0 ? row : row with { Inspected = row.Inspected + earlier };
        }

        private void AddOpen(OrderLine line, ListingInfo listing, LocationId home, int open)
        {
            var left = open;
            foreach (var assignment in line.Assignments)
            {
                if (Channel.PlaceOf(assignment.ExternalLocation) is { } location)
                {
                    var units = Math.Min(left, assignment.Units);
                    Add(listing, location, committed: units, taken: units, openClaims: units);
                    left -= units;
                }
            }

            Add(listing, home, committed: left, taken: left, openClaims: left);
        }

        private void Add(
            ListingInfo listing, LocationId location, int committed = 0, int onHand = 0, int writtenOff = 0,
            int suspense = 0, int taken = 0, int putBack = 0, int openClaims = 0, int returned = 0, int inspected = 0, int relocated = 0)
        {
            var change = new FootprintRow(default, default, null, committed, onHand, writtenOff, suspense, taken, putBack, openClaims)
            {
                Returned = returned,
                Inspected = inspected,
                Relocated = relocated,
            };
            var level = Set.FindSku(listing.Sku)!.FindLevel(Channel.Connection, listing.Listing, location)?.Id;
            var parts = PartsOf(listing.Sku);
            var kit = parts is not [var single] || single.Sku != listing.Sku;
            if (kit)
            {
                AddRow(listing.Sku, location, level, 0, 1, change);
            }

            foreach (var part in parts)
            {
                AddRow(part.Sku, location, kit ? null : level, part.Units * listing.UnitsPerSale, kit ? 0 : 1, change);
            }
        }

        /// <summary>What one unit takes: as it was when the order was booked, else as it is.</summary>
        private ImmutableArray<Component> PartsOf(SkuId sku)
        {
            var parts = Before.PartsOf(sku) ?? Draws.ComponentsOf(Set, sku);
            if (parts is not [var single] || single.Sku != sku)
            {
                _kits[sku.Value] = new BookedKit(sku, parts);
            }

            return parts;
        }

        /// <param name="each">Units of the SKU in one sale.</param>
        /// <param name="sales">1 where the level counts the sale, else 0.</param>
        private void AddRow(SkuId sku, LocationId location, LevelId? level, int each, int sales, FootprintRow change)
        {
            var key = (sku, location, level);
            var row = _rows.GetValueOrDefault(key, new FootprintRow(sku, location, level, 0, 0, 0, 0, 0, 0, 0));
            _rows[key] = row with
            {
                Committed = row.Committed + (change.Committed * each),
                OnHand = row.OnHand + (change.OnHand * each),
                WrittenOff = row.WrittenOff + (change.WrittenOff * each),
                Suspense = row.Suspense + (change.Suspense * each),
                Returned = row.Returned + (change.Returned * each),
                Inspected = row.Inspected + (change.Inspected * each),
                Relocated = row.Relocated + (change.Relocated * each),

                // Levels count sales of the listing, not units of the SKU.
                Taken = row.Taken + (Claims ? change.Taken * sales : 0),
                PutBack = row.PutBack + (Claims ? change.PutBack * sales : 0),
                OpenClaims = row.OpenClaims + (Claims ? change.OpenClaims * sales : 0),
            };
        }
    }
}
