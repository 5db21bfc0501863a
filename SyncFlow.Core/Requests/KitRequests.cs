using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Requests;

/// <summary>
/// A request for a kit asks for its parts: it holds what a sale of it would take, so the same units cannot be promised
/// again, neither in another kit nor as a part alone.
/// </summary>
internal static class KitRequests
{
    /// <summary>The lines that a line asks for: itself, or one for each part of a kit, all from one group of places.</summary>
    /// <param name="set">Holds the SKU and what kits tie to it.</param>
    /// <param name="wish">The line as it was asked for.</param>
    /// <param name="first">The number of the first.</param>
    /// <exception cref="ArgumentException">The SKU is not loaded.</exception>
    public static ImmutableArray<(SkuId Sku, RequestLine Line)> PartsOf(WorkingSet set, SkuId id, RequestLine wish, int first)
    {
        var sku = set.FindSku(id) ?? throw new ArgumentException($"SKU {id.Value} is not loaded.", nameof(id));
        if (!sku.IsKit)
        {
            return [(id, wish with { Number = first, Wish = wish.Number })];
        }

        ImmutableArray<(SkuId Sku, RequestLine Line)> parts =
        [
            .. Draws.ComponentsOf(set, id, wish.Units).Select((part, i) => (part.Sku, wish with
            {
                Number = first + i,
                Wish = wish.Number,
                Units = part.Units,
                Kit = new KitWish(id, wish.Units),
            })),
        ];
        return GroupFor(set, wish, parts) is { } group ? [.. parts.Select(p => (p.Sku, p.Line with { Group = group }))] : parts;
    }

    /// <summary>What there is for a line as it was asked for: as many of a kit as the scarcest part makes.</summary>
    /// <param name="parts">What there is for each of its lines.</param>
    public static RequestOffer OfferOf(SkuId id, RequestLine wish, IReadOnlyList<RequestOffer> parts) => new(
        id, wish.Number, wish.Location, wish.Units, parts.Min(p => Whole(p.Free, p, wish)), parts.Min(p => Whole(p.Obtainable, p, wish)));

    /// <summary>Whole units of what was asked for; a shortage counts in full.</summary>
    private static int Whole(int units, RequestOffer part, RequestLine wish) => (int)Math.Floor((double)units * wish.Units / part.Units);

    /// <summary>Where all parts are to come from: the group that can give at once, else the one that can give most.</summary>
    private static int? GroupFor(WorkingSet set, RequestLine wish, ImmutableArray<(SkuId Sku, RequestLine Line)> parts)
    {
        var groups = set.Context.Locations.Values.Where(l => l.FulfillsOnline).Select(l => l.Group).Distinct().Order().ToList();
        return wish.Location is not null || groups.Count < 2
            ? null
            : groups.MaxBy(group =>
            {
                var offer = OfferOf(default, wish,
                [
                    .. parts.Select(p => RequestRules.OfferOf(Cluster.Of(set, p.Sku), p.Sku, p.Line with { Group = group })),
                ]);
                return (offer.Free >= wish.Units, offer.Obtainable);
            });
    }
}
