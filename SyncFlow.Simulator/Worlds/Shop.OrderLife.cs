namespace SyncFlow.Simulator.Worlds;

// What happens to an order after it was taken.
public sealed partial class Shop
{
    /// <summary>
    /// Cancels an order without fulfilments. With restock its units go back to available, else they leave on-hand.
    /// </summary>
    public OrderOutcome Cancel(long orderId, bool restock, DateTimeOffset now, ShopChanges changes)
    {
        if (OrderById(orderId) is not { } order)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownOrder, $"{orderId}");
        }

        if (order.CancelledAt is not null)
        {
            return OrderOutcome.Refused(OrderRefusal.AlreadyCancelled, order.Name);
        }

        if (order.Fulfillments.Count > 0)
        {
            return OrderOutcome.Refused(OrderRefusal.HasFulfillments, order.Name);
        }

        var refund = new Refund { Id = Ids.Next(IdKind.Refund), CreatedAt = now, Note = "cancelled" };
        foreach (var line in order.Lines)
        {
            var units = line.FulfillableQuantity;
            if (units > 0)
            {
                var location = Withdraw(order, line, units, restock, now, changes);
                line.CurrentQuantity -= units;
                line.RefundedQuantity += units;
                refund.Lines.Add(new RefundLine(
                    Ids.Next(IdKind.Line), line.Id, units, restock ? "cancel" : "no_restock", restock ? location : null));
            }
        }

        if (refund.Lines.Count > 0)
        {
            order.Refunds.Add(refund);
            changes.Tell("refunds/create", new RefundNotice(order, refund));
        }

        foreach (var open in order.FulfillmentOrders.Where(f => f.IsOpen))
        {
            open.Status = "CANCELLED";
            open.UpdatedAt = now;
        }

        order.CancelledAt = now;
        order.ClosedAt = now;
        changes.Tell("orders/cancelled", order);
        changes.Tell("orders/updated", order);
        Save(order, now, changes);
        return OrderOutcome.Done(order);
    }

    /// <summary>
    /// Refunds units. <c>cancel</c> takes unfulfilled units back to available; <c>return</c> puts fulfilled units back on
    /// a location's shelf; <c>no_restock</c> moves money only: neither levels nor fulfillable units change.
    /// </summary>
    public OrderOutcome Refund(
        long orderId, IReadOnlyList<RefundRequest> requests, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (OrderById(orderId) is not { } order)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownOrder, $"{orderId}");
        }

        if (requests.Count == 0)
        {
            return OrderOutcome.Refused(OrderRefusal.NothingToDo, "no lines to refund");
        }

        foreach (var request in requests)
        {
            if (CheckRefund(order, request, requests) is { } refusal)
            {
                return refusal;
            }
        }

        var refund = new Refund { Id = Ids.Next(IdKind.Refund), CreatedAt = now };
        foreach (var request in requests)
        {
            refund.Lines.Add(ApplyRefund(order, order.Lines.Single(l => l.Id == request.LineId), request, now, changes));
        }

        order.Refunds.Add(refund);
        changes.Tell("refunds/create", new RefundNotice(order, refund));
        changes.Tell("orders/updated", order);
        Save(order, now, changes);
        return OrderOutcome.Done(order);
    }

    /// <summary>
    /// Changes quantities of unfulfilled lines and adds lines; upward steps obey DENY unless told otherwise. Units that
    /// are taken off a line are listed as a refund without money (<c>cancel</c> or <c>no_restock</c>), as real shops list
    /// them: what integrations read there is that a removed line is found among the order's refunds.
    /// </summary>
    public OrderOutcome Edit(
        long orderId, IReadOnlyList<EditStep> steps, bool obeyPolicy, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(steps);
        if (OrderById(orderId) is not { } order)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownOrder, $"{orderId}");
        }

        if (order.CancelledAt is not null)
        {
            return OrderOutcome.Refused(OrderRefusal.AlreadyCancelled, order.Name);
        }

        if (CheckEdit(order, steps, obeyPolicy) is { } refusal)
        {
            return refusal;
        }

        var additions = new List<(long, int)>();
        var removals = new List<(long, int)>();
        var taken = new Refund { Id = Ids.Next(IdKind.Refund), CreatedAt = now, Note = "edited" };
        foreach (var step in steps)
        {
            if (ApplyStep(order, step, additions, removals, now, changes) is { } line)
            {
                taken.Lines.Add(line);
            }
        }

        if (taken.Lines.Count > 0)
        {
            order.Refunds.Add(taken);
        }

        order.Edited = true;
        changes.Tell("orders/edited", new EditNotice(order, Ids.Next(IdKind.Refund), now, additions, removals));
        changes.Tell("orders/updated", order);
        Save(order, now, changes);
        return OrderOutcome.Done(order);
    }

    /// <summary>Takes unfulfilled units off a line and its fulfilment orders; returns the location they were to ship from.</summary>
    private long Withdraw(Order order, OrderLine line, int units, bool restock, DateTimeOffset now, ShopChanges changes)
    {
        line.FulfillableQuantity -= units;
        var left = units;
        var location = order.FulfillmentOrders[0].LocationId;
        foreach (var fulfillmentOrder in order.FulfillmentOrders.Where(f => f.IsOpen))
        {
            foreach (var part in fulfillmentOrder.Lines.Where(p => p.LineId == line.Id && p.Remaining > 0))
            {
                var here = Math.Min(left, part.Remaining);
                if (here == 0)
                {
                    continue;
                }

                part.Remaining -= here;
                part.Total -= here;
                left -= here;
                location = fulfillmentOrder.LocationId;
                Uncommit(line, location, here, restock, now, changes);
            }

            Close(fulfillmentOrder, now);
        }

        if (restock)
        {
            Take(order, line, -units, changes);
        }

        return location;
    }

    private void Uncommit(OrderLine line, long locationId, int units, bool restock, DateTimeOffset now, ShopChanges changes)
    {
        if (!line.Claimed || Level(line.ItemId, locationId) is not { } level)
        {
            return;
        }

        level.Add(StockState.Committed, -units, now);
        changes.Touch(level);
        if (restock)
        {
            level.Add(StockState.Available, units, now);
            changes.TellAvailable(level);
        }
    }

    private static void Close(FulfillmentOrder fulfillmentOrder, DateTimeOffset now)
    {
        if (fulfillmentOrder.IsOpen && fulfillmentOrder.Lines.All(l => l.Remaining == 0))
        {
            fulfillmentOrder.Status = "CLOSED";
            fulfillmentOrder.UpdatedAt = now;
        }
    }
}
