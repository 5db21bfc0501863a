using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Orders;

/// <summary>
/// Units of an order that moved to another place and were cancelled there: they were taken there, and not at home. No snapshot
/// says so afterwards; what was booked does.
/// </summary>
internal sealed class MovedUnits(ChannelSettings channel, OrderSnapshot order, OrderState before)
{
    /// <summary>
    /// Of the units of a line that were cancelled and put back at a place, those taken there: units that the order took from the
    /// listing's level there, by what was booked, less those that are there as before.
    /// </summary>
    public int Of(ListingInfo listing, LocationId at, int cancelled)
    {
        var taken = 0;
        foreach (var row in before.Applied)
        {
            taken += row.Sku == listing.Sku && row.Location == at && row.Level is not null ? row.Taken + row.PutBack : 0;
        }

        return taken == 0 ? 0 : Math.Clamp(taken - Unmoved(listing.VariantRef, at), 0, cancelled);
    }

    /// <summary>Units of all lines of a variant that were at a place before and are there now.</summary>
    private int Unmoved(string variant, LocationId at)
    {
        var units = 0;
        foreach (var line in before.Snapshot?.Lines ?? [])
        {
            if (line.VariantRef == variant && order.Lines.FirstOrDefault(l => l.LineRef == line.LineRef) is { } now)
            {
                units += Math.Min(UnitsAt(line, at), UnitsAt(now, at));
            }
        }

        return units;
    }

    /// <summary>Units of a line that are open or shipped at a place, and at its home those that no place is known of.</summary>
    private int UnitsAt(OrderLine line, LocationId at)
    {
        var (units, placed) = (0, 0);
        foreach (var assignment in line.Assignments)
        {
            placed += assignment.Units;
            units += channel.PlaceOf(assignment.ExternalLocation) == at ? assignment.Units : 0;
        }

        foreach (var shipment in line.Shipments)
        {
            var place = shipment.ExternalLocation is { } external ? channel.PlaceOf(external) : null;
            placed += place is null ? 0 : shipment.Units;
            units += place == at ? shipment.Units : 0;
        }

        var isHome = line.Assignments.Length > 0 && channel.PlaceOf(line.Assignments[0].ExternalLocation) == at;
        return isHome ? units + Math.Max(0, line.Quantity - placed) : units;
    }
}
