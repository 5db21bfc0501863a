namespace SyncFlow.Simulator.Worlds;

// Fulfilling and moving.
public sealed partial class Shop
{
    /// <summary>
    /// Ships units: all that is left (no parts given), or the given units per line. Committed and on-hand fall, available
    /// stays.
    /// </summary>
    public OrderOutcome Fulfill(
        long orderId, IReadOnlyDictionary<long, int>? parts, DateTimeOffset now, ShopChanges changes)
    {
        if (OrderById(orderId) is not { } order)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownOrder, $"{orderId}");
        }

        if (order.CancelledAt is not null)
        {
            return OrderOutcome.Refused(OrderRefusal.AlreadyCancelled, order.Name);
        }

        foreach (var (lineId, quantity) in parts ?? new Dictionary<long, int>())
        {
            if (order.Lines.Find(l => l.Id == lineId) is not { } line)
            {
                return OrderOutcome.Refused(OrderRefusal.UnknownLine, $"{lineId}");
            }

            if (quantity <= 0 || quantity > line.FulfillableQuantity)
            {
                return OrderOutcome.Refused(OrderRefusal.InvalidQuantity, $"line {lineId}: {quantity}");
            }
        }

        if (order.Fulfillable == 0 || parts is { Count: 0 })
        {
            return OrderOutcome.Refused(OrderRefusal.NothingToDo, order.Name);
        }

        var left = parts?.ToDictionary();
        foreach (var fulfillmentOrder in order.FulfillmentOrders.Where(f => f.IsOpen).ToList())
        {
            var taken = fulfillmentOrder.Lines
                .Select(l => (Line: l, Units: left is null ? l.Remaining : Math.Min(l.Remaining, left.GetValueOrDefault(l.LineId))))
                .Where(t => t.Units > 0).ToList();
            foreach (var (line, units) in taken)
            {
                if (left is not null)
                {
                    left[line.LineId] -= units;
                }
            }

            HandOver(order, fulfillmentOrder, taken, now, changes);
        }

        changes.Tell(order.Fulfillable == 0 ? "orders/fulfilled" : "orders/partially_fulfilled", order);
        changes.Tell("orders/updated", order);
        Save(order, now, changes);
        return OrderOutcome.Done(order);
    }

    /// <summary>
    /// Moves what is left of a fulfilment order to another location: its units return to available here and are claimed
    /// there. A partly shipped one is closed and its rest moves into a new one.
    /// </summary>
    public OrderOutcome Move(
        long orderId, long? fulfillmentOrderId, long locationId, DateTimeOffset now, ShopChanges changes)
    {
        if (OrderById(orderId) is not { } order)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownOrder, $"{orderId}");
        }

        if (LocationById(locationId) is not { IsActive: true })
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownLocation, $"{locationId}");
        }

        var original = order.FulfillmentOrders.Find(f => f.IsOpen && (fulfillmentOrderId is null || f.Id == fulfillmentOrderId));
        if (original is null)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownFulfillmentOrder, $"{fulfillmentOrderId}");
        }

        if (original.LocationId == locationId)
        {
            return OrderOutcome.Refused(OrderRefusal.NothingToDo, $"{locationId}");
        }

        var open = original.Lines.Where(l => l.Remaining > 0).ToList();
        foreach (var part in open)
        {
            var line = order.Lines.Single(l => l.Id == part.LineId);
            if (line.Claimed && Level(line.ItemId, locationId) is not { IsActive: true })
            {
                return OrderOutcome.Refused(OrderRefusal.NotStockedAtLocation, $"{line.Sku} at {locationId}");
            }
        }

        foreach (var part in open)
        {
            var line = order.Lines.Single(l => l.Id == part.LineId);
            Uncommit(line, original.LocationId, part.Remaining, restock: true, now, changes);
            if (line.Claimed)
            {
                Commit(Level(line.ItemId, locationId)!, part.Remaining, now, changes);
            }
        }

        var moved = Reassign(order, original, locationId, now);
        changes.Tell("fulfillment_orders/moved", new MoveNotice(order, original, moved));
        changes.Tell("orders/updated", order);
        Save(order, now, changes);
        return OrderOutcome.Done(order);
    }

    private FulfillmentOrder Reassign(Order order, FulfillmentOrder original, long locationId, DateTimeOffset now)
    {
        original.UpdatedAt = now;
        if (original.Lines.All(l => l.Remaining == l.Total))
        {
            original.LocationId = locationId;
            return original;
        }

        var moved = new FulfillmentOrder
        {
            Id = Ids.Next(IdKind.FulfillmentOrder),
            LocationId = locationId,
            Status = "OPEN",
            CreatedAt = now,
            UpdatedAt = now,
        };
        foreach (var part in original.Lines.Where(l => l.Remaining > 0))
        {
            moved.Lines.Add(new FulfillmentOrderLine
            {
                Id = Ids.Next(IdKind.Line),
                LineId = part.LineId,
                Total = part.Remaining,
                Remaining = part.Remaining,
            });
            part.Total -= part.Remaining;
            part.Remaining = 0;
        }

        original.Status = "CLOSED";
        order.FulfillmentOrders.Add(moved);
        return moved;
    }

    private void HandOver(
        Order order, FulfillmentOrder fulfillmentOrder, List<(FulfillmentOrderLine Line, int Units)> taken,
        DateTimeOffset now, ShopChanges changes)
    {
        if (taken.Count == 0)
        {
            return;
        }

        var fulfillment = new Fulfillment
        {
            Id = Ids.Next(IdKind.Fulfillment),
            Name = $"{order.Name}.{order.Fulfillments.Count + 1}",
            LocationId = fulfillmentOrder.LocationId,
            CreatedAt = now,
        };
        foreach (var (part, units) in taken)
        {
            var line = order.Lines.Single(l => l.Id == part.LineId);
            part.Remaining -= units;
            line.FulfillableQuantity -= units;
            fulfillment.Lines.Add(new LineQuantity(Ids.Next(IdKind.Line), line.Id, units));
            if (line.Claimed && Level(line.ItemId, fulfillmentOrder.LocationId) is { } level)
            {
                level.Add(StockState.Committed, -units, now);
                changes.Touch(level);
            }
        }

        order.Fulfillments.Add(fulfillment);
        fulfillmentOrder.Status = "IN_PROGRESS";
        fulfillmentOrder.UpdatedAt = now;
        Close(fulfillmentOrder, now);
    }
}
