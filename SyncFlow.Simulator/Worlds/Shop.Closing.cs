namespace SyncFlow.Simulator.Worlds;

// Closing a location and naming where its stock and open orders go.
public sealed partial class Shop
{
    /// <summary>
    /// Deactivates a location with a destination, as locationDeactivate does: open orders are reassigned, and what is
    /// left in every state is there afterwards. False when the destination is closed or the same.
    /// </summary>
    public bool CloseInto(ShopLocation location, ShopLocation destination, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(destination);
        if (!destination.IsActive || destination.Id == location.Id)
        {
            return false;
        }

        foreach (var order in Orders.ToList())
        {
            foreach (var open in order.FulfillmentOrders.Where(f => f.IsOpen && f.LocationId == location.Id).ToList())
            {
                Move(order.Id, open.Id, destination.Id, now, changes);
            }
        }

        foreach (var variant in Variants.DistinctBy(v => v.ItemId).ToList())
        {
            if (Level(variant.ItemId, location.Id) is { } from)
            {
                Empty(from, destination, now, changes);
            }
        }

        Switch(location, active: false, now, changes);
        return true;
    }

    private void Empty(Level from, ShopLocation destination, DateTimeOffset now, ShopChanges changes)
    {
        var to = Level(from.ItemId, destination.Id);
        if (to is null)
        {
            to = new Level { ItemId = from.ItemId, LocationId = destination.Id, CreatedAt = now, UpdatedAt = now };
            Put(to);
        }

        foreach (var (_, state) in StockStates.All.Where(s => s.State != StockState.OnHand && from[s.State] != 0))
        {
            var units = from[state];
            from.Add(state, -units, now);
            to.Add(state, units, now);
        }

        foreach (var level in new[] { from, to })
        {
            changes.Touch(level);
            changes.TellAvailable(level);
        }
    }
}
