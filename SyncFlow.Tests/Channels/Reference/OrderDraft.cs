using System.Collections.Immutable;
using SyncFlow.Core.Orders;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>An order's lines while they are gathered from the parts of a payload; both payload shapes fill it alike.</summary>
internal sealed class OrderDraft
{
    private readonly List<LineDraft> _lines = [];

    /// <summary>Whether the payload listed fulfilments; without them fulfilled units are computed.</summary>
    internal bool HasFulfillments { get; set; }

    internal bool Cancelled { get; set; }

    internal void Add(string lineRef, string? variantRef, int quantity, int open, decimal? price) =>
        _lines.Add(new LineDraft(lineRef, variantRef, quantity, open, price));

    /// <summary>Null for a line that is not in the order: such parts speak of nothing we hold.</summary>
    internal LineDraft? Find(string lineRef) => _lines.Find(line => line.LineRef == lineRef);

    internal ImmutableArray<OrderLine> Build()
    {
        var lines = ImmutableArray.CreateBuilder<OrderLine>(_lines.Count);
        foreach (var line in _lines)
        {
            lines.Add(line.Build(this));
        }

        return lines.MoveToImmutable();
    }

    /// <summary>What a refund line says became of its units.</summary>
    internal enum RestockWord
    {
        Cancel,
        Return,
        None,

        /// <summary>Restocked before Shopify told cancels and returns apart.</summary>
        Legacy,
    }

    internal sealed class LineDraft(string lineRef, string? variantRef, int quantity, int open, decimal? price)
    {
        private readonly List<(string Ref, RestockWord Word, int Units, string? Location)> _refunds = [];
        private readonly List<Assignment> _assignments = [];
        private readonly List<Shipment> _shipments = [];
        private int _fulfilled;

        internal string LineRef => lineRef;

        internal void Fulfilled(Shipment shipment)
        {
            _fulfilled += shipment.Units;
            _shipments.Add(shipment);
        }

        internal void Refunded(string refundLine, RestockWord word, int units, string? location) =>
            _refunds.Add((refundLine, word, units, location));

        internal void Assigned(string location, int units)
        {
            var index = _assignments.FindIndex(a => a.ExternalLocation == location);
            if (index < 0)
            {
                _assignments.Add(new Assignment(location, units));
            }
            else
            {
                _assignments[index] = _assignments[index] with { Units = _assignments[index].Units + units };
            }
        }

        internal OrderLine Build(OrderDraft order)
        {
            var fulfilled = order.HasFulfillments ? _fulfilled : Computed(order);
            return new OrderLine
            {
                LineRef = lineRef,
                VariantRef = variantRef,
                Quantity = quantity,
                Open = open,
                Fulfilled = fulfilled,
                Price = price,
                Assignments = [.. _assignments],
                Shipments = [.. _shipments.OrderBy(s => s.At).ThenBy(s => s.Ref, StringComparer.Ordinal)],
                Restocks = Restocks(fulfilled),
            };
        }

        /// <summary>What is neither open nor was taken off unshipped must have been shipped.</summary>
        private int Computed(OrderDraft order) => Math.Max(0, quantity - open - _refunds
            .Where(r => r.Word == RestockWord.Cancel || order.Cancelled).Sum(r => r.Units));

        /// <summary>
        /// A legacy restock does not say whether its units had been shipped: they count as cancelled as far as units
        /// left the line unshipped, and beyond that as returned.
        /// </summary>
        private ImmutableArray<Restock> Restocks(int fulfilled)
        {
            var unshipped = quantity - open - fulfilled
                - _refunds.Where(r => r.Word == RestockWord.Cancel).Sum(r => r.Units);
            var restocks = ImmutableArray.CreateBuilder<Restock>(_refunds.Count);
            foreach (var (reference, word, units, location) in _refunds)
            {
                RestockKind? kind = word switch
                {
                    RestockWord.Cancel => RestockKind.Cancel,
                    RestockWord.Return => RestockKind.Return,
                    RestockWord.None => RestockKind.None,
                    RestockWord.Legacy => null,
                };
                if (kind is { } told)
                {
                    restocks.Add(new Restock(reference, told, units, location));
                }
                else
                {
                    unshipped = LegacyRestocks.Add(restocks, reference, units, location, unshipped);
                }
            }

            return restocks.DrainToImmutable();
        }
    }
}
