namespace SyncFlow.Simulator.Worlds;

// The checks and steps of refunds and edits.
public sealed partial class Shop
{
    private OrderOutcome? CheckRefund(Order order, RefundRequest request, IReadOnlyList<RefundRequest> all)
    {
        if (order.Lines.Find(l => l.Id == request.LineId) is not { } line)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownLine, $"{request.LineId}");
        }

        if (request.RestockType is not ("no_restock" or "cancel" or "return"))
        {
            return OrderOutcome.Refused(OrderRefusal.InvalidRestockType, request.RestockType);
        }

        if (request.LocationId is { } locationId && LocationById(locationId) is null)
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownLocation, $"{locationId}");
        }

        var sameLine = all.Where(r => r.LineId == line.Id).ToList();
        var cancelled = sameLine.Where(r => r.RestockType == "cancel").Sum(r => r.Quantity);
        var fulfilled = order.Fulfillments.SelectMany(f => f.Lines).Where(l => l.LineId == line.Id).Sum(l => l.Quantity);
        var returned = order.Refunds.SelectMany(r => r.Lines)
            .Where(l => l.LineId == line.Id && l.RestockType == "return").Sum(l => l.Quantity);
        var returning = sameLine.Where(r => r.RestockType == "return").Sum(r => r.Quantity);
        if (request.Quantity <= 0
            || sameLine.Sum(r => r.Quantity) > line.CurrentQuantity
            || cancelled > line.FulfillableQuantity
            || returning > fulfilled - returned)
        {
            return OrderOutcome.Refused(OrderRefusal.InvalidQuantity, $"line {line.Id}: {request.Quantity}");
        }

        var target = request.LocationId ?? order.FulfillmentOrders[0].LocationId;
        return request.RestockType == "return" && line.Claimed && Level(line.ItemId, target) is null
            ? OrderOutcome.Refused(OrderRefusal.NotStockedAtLocation, $"{target}")
            : null;
    }

    private RefundLine ApplyRefund(
        Order order, OrderLine line, RefundRequest request, DateTimeOffset now, ShopChanges changes)
    {
        line.CurrentQuantity -= request.Quantity;
        line.RefundedQuantity += request.Quantity;
        long? location = null;
        if (request.RestockType == "cancel")
        {
            location = Withdraw(order, line, request.Quantity, restock: true, now, changes);
        }
        else if (request.RestockType == "return")
        {
            location = request.LocationId ?? order.FulfillmentOrders[0].LocationId;
            Take(order, line, -request.Quantity, changes);
            if (line.Claimed && Level(line.ItemId, location.Value) is { } level)
            {
                level.Add(StockState.Available, request.Quantity, now);
                changes.TellAvailable(level);
            }
        }

        return new RefundLine(Ids.Next(IdKind.Line), line.Id, request.Quantity, request.RestockType, location);
    }

    private OrderOutcome? CheckEdit(Order order, IReadOnlyList<EditStep> steps, bool obeyPolicy)
    {
        if (steps.Count == 0)
        {
            return OrderOutcome.Refused(OrderRefusal.NothingToDo, "no steps");
        }

        var more = new List<(Variant Variant, int Quantity)>();
        foreach (var step in steps)
        {
            if (step.NewLine is { } added)
            {
                if (Resolve([added], more) is { } refusal)
                {
                    return refusal;
                }

                continue;
            }

            if (order.Lines.Find(l => l.Id == step.LineId) is not { } line)
            {
                return OrderOutcome.Refused(OrderRefusal.UnknownLine, $"{step.LineId}");
            }

            var delta = step.Quantity - line.CurrentQuantity;
            if (step.Quantity < 0 || delta == 0 || -delta > line.FulfillableQuantity)
            {
                return OrderOutcome.Refused(OrderRefusal.InvalidQuantity, $"line {line.Id}: {step.Quantity}");
            }

            if (delta > 0 && line.Claimed && VariantById(line.VariantId) is { } variant)
            {
                more.Add((variant, delta));
            }
        }

        return obeyPolicy && Short(more) is { } missing
            ? OrderOutcome.Refused(OrderRefusal.OutOfStock, missing.Sku)
            : null;
    }

    /// <returns>What is listed of units that were taken off; null when none were.</returns>
    private RefundLine? ApplyStep(
        Order order, EditStep step, List<(long LineId, int Delta)> additions, List<(long LineId, int Delta)> removals,
        DateTimeOffset now, ShopChanges changes)
    {
        if (step.NewLine is { } added)
        {
            var wanted = new List<(Variant Variant, int Quantity)>();
            Resolve([added], wanted);
            var line = AddLine(
                order, OpenFulfillmentOrder(order, now), wanted[0].Variant, wanted[0].Quantity, claims: true, now, changes);
            additions.Add((line.Id, line.Quantity));
            return null;
        }

        var edited = order.Lines.Single(l => l.Id == step.LineId);
        var delta = step.Quantity - edited.CurrentQuantity;
        edited.CurrentQuantity = step.Quantity;
        if (delta < 0)
        {
            var location = Withdraw(order, edited, -delta, step.Restock, now, changes);
            removals.Add((edited.Id, -delta));
            return new RefundLine(
                Ids.Next(IdKind.Line), edited.Id, -delta, step.Restock ? "cancel" : "no_restock", step.Restock ? location : null);
        }

        edited.Quantity += delta;
        edited.FulfillableQuantity += delta;
        Take(order, edited, delta, changes);
        additions.Add((edited.Id, delta));
        var fulfillmentOrder = OpenFulfillmentOrder(order, now);
        var part = fulfillmentOrder.Lines.Find(l => l.LineId == edited.Id);
        if (part is null)
        {
            part = new FulfillmentOrderLine { Id = Ids.Next(IdKind.Line), LineId = edited.Id };
            fulfillmentOrder.Lines.Add(part);
        }

        part.Total += delta;
        part.Remaining += delta;
        if (edited.Claimed && Level(edited.ItemId, fulfillmentOrder.LocationId) is { } level)
        {
            Commit(level, delta, now, changes);
        }

        return null;
    }

    private FulfillmentOrder OpenFulfillmentOrder(Order order, DateTimeOffset now)
    {
        if (order.FulfillmentOrders.Find(f => f.IsOpen) is { } open)
        {
            return open;
        }

        var created = new FulfillmentOrder
        {
            Id = Ids.Next(IdKind.FulfillmentOrder),
            LocationId = order.FulfillmentOrders[^1].LocationId,
            Status = "OPEN",
            CreatedAt = now,
            UpdatedAt = now,
        };
        order.FulfillmentOrders.Add(created);
        return created;
    }
}
