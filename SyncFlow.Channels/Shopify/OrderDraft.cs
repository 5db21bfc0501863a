using System.Collections.Immutable;
using SyncFlow.Core.Orders;

namespace SyncFlow.Channels.Shopify;

/// <summary>An order's lines while they are gathered from the parts of a payload; both payload shapes fill it alike.</summary>
internal sealed class OrderDraft
{
    private readonly List<LineDraft> _lines = [];

    /// <summary>What was gathered is forgotten: the payload says it again.</summary>
    internal void Clear() => _lines.Clear();

    /// <summary>Whether the payload listed fulfilments; without them fulfilled units are computed.</summary>
    internal bool HasFulfillments { get; set; }

    internal bool Cancelled { get; set; }

    internal void Add(ulong lineId, string? variantRef, int quantity, int open, decimal? price) =>
        _lines.Add(new LineDraft(lineId, variantRef, quantity, open, price));

    /// <summary>Null for a line that is not in the order: such parts speak of nothing we hold.</summary>
    internal LineDraft? Find(ulong lineId)
    {
        foreach (var line in _lines)
        {
            if (line.LineId == lineId)
            {
                return line;
            }
        }

        return null;
    }

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

    internal sealed class LineDraft(ulong lineId, string? variantRef, int quantity, int open, decimal? price)
    {
        // Most lines have none of these.
        private List<(string Ref, RestockWord Word, int Units, string? Location)>? _refunds;
        private List<Assignment>? _assignments;
        private List<Shipment>? _shipments;
        private int _fulfilled;

        internal ulong LineId => lineId;

        internal void Fulfilled(Shipment shipment)
        {
            _fulfilled += shipment.Units;
            (_shipments ??= []).Add(shipment);
        }

        internal void Refunded(string refundLine, RestockWord word, int units, string? location) =>
            (_refunds ??= []).Add((refundLine, word, units, location));

        internal void Assigned(string location, int units)
        {
            _assignments ??= [];
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
                LineRef = StrictJson.Reference(lineId) ?? "",
                VariantRef = variantRef,
                Quantity = quantity,
                Open = open,
                Fulfilled = fulfilled,
                Price = price,
                Assignments = _assignments is null ? [] : [.. _assignments],
                Shipments = _shipments is null ? [] : [.. _shipments.OrderBy(s => s.At).ThenBy(s => s.Ref, StringComparer.Ordinal)],
                Restocks = _refunds is null ? [] : Restocks(_refunds, fulfilled),
            };
        }

        /// <summary>What is neither open nor was taken off unshipped must have been shipped.</summary>
        private int Computed(OrderDraft order) => Math.Max(0, quantity - open - (_refunds?
            .Where(r => r.Word == RestockWord.Cancel || order.Cancelled).Sum(r => r.Units) ?? 0));

        /// <summary>
        /// A legacy restock does not say whether its units had been shipped: they count as cancelled as far as units
        /// left the line unshipped, and beyond that as returned.
        /// </summary>
        private ImmutableArray<Restock> Restocks(
            List<(string Ref, RestockWord Word, int Units, string? Location)> refunds, int fulfilled)
        {
            var unshipped = quantity - open - fulfilled
                - refunds.Where(r => r.Word == RestockWord.Cancel).Sum(r => r.Units);
            var restocks = ImmutableArray.CreateBuilder<Restock>(refunds.Count);
            foreach (var (reference, word, units, location) in refunds)
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
