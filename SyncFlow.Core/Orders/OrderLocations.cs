using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Orders;

/// <summary>Where an order's units are booked.</summary>
public static class OrderLocations
{
    /// <summary>
    /// A line's home: where units are booked that no assignment places. In order: where it was assigned before or
    /// now, where it shipped from, where it was sold (tills), the only mapped online location, where a cancel put units
    /// back, where missing units put it before (a later snapshot that says no more moves nothing), the location where this
    /// channel misses as many units without a cause, and else the channel's default, or another one where that is closed.
    /// The last four are guesses that a fetch corrects; the default alone gives way to missing units that show up later.
    /// The only location is a guess too while another one may be open again.
    /// </summary>
    /// <param name="before">The order as last applied.</param>
    /// <returns>The location, null when the channel has none mapped, and whether it is a guess.</returns>
    public static (LocationId? Home, bool Guessed) HomeOf(
        OrderSnapshot order, OrderLine line, ChannelSettings channel, EngineContext context, SkuState sku,
        ListingInfo listing, OrderState before)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(listing);
        foreach (var assignment in line.Assignments)
        {
            if (channel.PlaceOf(assignment.ExternalLocation) is { } assigned)
            {
                return (assigned, false);
            }
        }

        foreach (var shipment in line.Shipments)
        {
            if (shipment.ExternalLocation is { } left && channel.PlaceOf(left) is { } shipped)
            {
                return (shipped, false);
            }
        }

        if (order.SoldAt is not null && channel.PlaceOf(order.SoldAt) is { } soldAt)
        {
            return (soldAt, false);
        }

        if (OnlyOnline(channel, context) is { } only)
        {
            return (only, MayHaveOpened(channel, sku, listing));
        }

        var online = channel.Locations.Values
            .Where(l => context.FindLocation(l) is { FulfillsOnline: true })
            .Distinct().Order(ByValue).ToArray();
        foreach (var restock in line.Restocks)
        {
            // Units go back on the level they were taken from, most often: taken off another one, they would be missing there.
            if (restock is { Kind: RestockKind.Cancel, ExternalLocation: { } back } && channel.PlaceOf(back) is { } putBack
                && online.Contains(putBack))
            {
                return (putBack, true);
            }
        }

        var isClosed = channel.DefaultLocation is { } usual && channel.ClosedPlaces.ContainsValue(usual);
        LocationId? fallback = online.Length > 0 && (channel.DefaultLocation is null || isClosed) ? online[0] : channel.DefaultLocation;
        foreach (var location in online)
        {
            if (location != fallback && sku.FindLevel(channel.Connection, listing.Listing, location)?.Id is { } known
                && before.Applied.Any(row => row.Level == known && row.Committed + row.Taken > 0))
            {
                return (location, true);
            }
        }

        foreach (var location in online)
        {
            if (sku.FindLevel(channel.Connection, listing.Listing, location) is { } level
                && level.Suspense >= line.Quantity)
            {
                return (location, true);
            }
        }

        return (fallback, true);
    }

    /// <summary>
    /// Whether the listing has a level at a location that is closed, as far as we know: it may be open again, and the order
    /// from there.
    /// </summary>
    private static bool MayHaveOpened(ChannelSettings channel, SkuState sku, ListingInfo listing)
    {
        foreach (var level in sku.Levels)
        {
            if (level.Connection == channel.Connection && level.Listing == listing.Listing
                && level.Status is LevelStatus.Closing or LevelStatus.Closed)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The only mapped location that fulfils online; null where there is none or more than one. Asked for every line.</summary>
    private static LocationId? OnlyOnline(ChannelSettings channel, EngineContext context)
    {
        LocationId? only = null;
        foreach (var (_, location) in channel.Locations)
        {
            if (context.FindLocation(location) is { FulfillsOnline: true } && location != only)
            {
                if (only is not null)
                {
                    return null;
                }

                only = location;
            }
        }

        return only;
    }

    /// <summary>
    /// Whether every unit this channel sells is booked at one location whatever its orders say: it has one mapped, and
    /// that one fulfils online. Not while another one is closed, as far as we know: it may be open again.
    /// </summary>
    public static bool HasOnePlace(ChannelSettings channel, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(context);
        var mapped = channel.Locations.Values.Distinct().Take(2).ToArray();
        return mapped.Length == 1 && channel.ClosedPlaces.IsEmpty && context.FindLocation(mapped[0]) is { FulfillsOnline: true };
    }

    /// <summary>
    /// Completes a snapshot that does not say where its lines ship from with what an earlier one said. The first
    /// assignment of a line is its home and is kept when nothing is open there any more. Units beyond what was said are at home;
    /// units that were put back or shipped since are no more to ship from where they were, and of others that are not open any
    /// more the last places have fewer.
    /// </summary>
    public static OrderSnapshot Complete(OrderSnapshot order, OrderSnapshot? before)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (before is null || order.Lines.All(l => l.Assignments.Length > 0))
        {
            return order;
        }

        var known = before.Lines.Where(l => l.Assignments.Length > 0).ToDictionary(l => l.LineRef);
        return known.Count == 0
            ? order
            : order with { Lines = [.. order.Lines.Select(l => CompleteLine(l, known))] };
    }

    /// <summary>
    /// Whether completing a changed snapshot was a guess: units of it are open still, and it does not say where. Some may have
    /// come to another place than the first ones or left one of several, and the message of a move may be lost. So it is of an
    /// order that is first heard of when some of it has shipped: the rest may be elsewhere.
    /// </summary>
    public static bool IsGuess(OrderSnapshot order, OrderSnapshot? before, ChannelSettings channel, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(order);
        return order is { Origin: SnapshotOrigin.Webhook, Test: false }
            && order.Lines.Any(l => l is { Open: > 0, VariantRef: not null, Assignments.Length: 0 } && (before is not null || l.Shipments.Length > 0))
            && !HasOnePlace(channel, context);
    }

    private static OrderLine CompleteLine(OrderLine line, Dictionary<string, OrderLine> known)
    {
        if (line.Assignments.Length > 0 || !known.TryGetValue(line.LineRef, out var before))
        {
            return line;
        }

        var left = line.Open;
        var gone = new Dictionary<string, int>(StringComparer.Ordinal);
        var assignments = ImmutableArray.CreateBuilder<Assignment>(before.Assignments.Length);
        foreach (var (place, assigned) in before.Assignments)
        {
            if (!gone.TryGetValue(place, out var went))
            {
                went = Math.Max(0, GoneFrom(line, place) - GoneFrom(before, place));
            }

            var units = Math.Min(left, Math.Max(0, assigned - went));
            gone[place] = Math.Max(0, went - assigned);
            assignments.Add(new Assignment(place, units));
            left -= units;
        }

        return line with { Assignments = assignments.ToImmutable() };
    }

    /// <summary>Units of a line that are said to have been shipped from a place, or to be back there unshipped.</summary>
    private static int GoneFrom(OrderLine line, string place)
    {
        var units = 0;
        foreach (var shipment in line.Shipments)
        {
            units += shipment.ExternalLocation == place ? shipment.Units : 0;
        }

        foreach (var restock in line.Restocks)
        {
            units += restock.Kind == RestockKind.Cancel && restock.ExternalLocation == place ? restock.Units : 0;
        }

        return units;
    }

    private static readonly IComparer<LocationId> ByValue =
        Comparer<LocationId>.Create((a, b) => a.Value.CompareTo(b.Value));
}
