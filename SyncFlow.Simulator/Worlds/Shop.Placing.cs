namespace SyncFlow.Simulator.Worlds;

// How a shop takes an order.
public sealed partial class Shop
{
    /// <summary>
    /// Places an order. An online order is checked against the total available of each DENY item over the shop's
    /// locations, then claimed whole from one location, whose levels may go negative. A POS order claims from its own
    /// location without a check and is handed over at once. Test orders claim like others but take no physical units.
    /// </summary>
    public OrderOutcome Place(OrderRequest request, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(changes);
        var wanted = new List<(Variant Variant, int Quantity)>(request.Lines.Count);
        if (Resolve(request.Lines, wanted) is { } refusal)
        {
            return refusal;
        }

        var isPos = request.SourceName == "pos";
        if (isPos && (request.LocationId is not { } posId || LocationById(posId) is not { IsActive: true }))
        {
            return OrderOutcome.Refused(OrderRefusal.UnknownLocation, "a POS order needs an active location of the shop");
        }

        if (!isPos && request.Inventory == InventoryBehaviour.DecrementObeyingPolicy && Short(wanted) is { } missing)
        {
            return OrderOutcome.Refused(OrderRefusal.OutOfStock, missing.Sku);
        }

        var locationId = isPos ? request.LocationId!.Value : Route(wanted);
        var order = NewOrder(request, now);
        var fulfillmentOrder = new FulfillmentOrder
        {
            Id = Ids.Next(IdKind.FulfillmentOrder),
            LocationId = locationId,
            Status = "OPEN",
            CreatedAt = now,
            UpdatedAt = now,
        };
        order.FulfillmentOrders.Add(fulfillmentOrder);
        foreach (var (variant, quantity) in wanted)
        {
            AddLine(order, fulfillmentOrder, variant, quantity, request.Inventory != InventoryBehaviour.Bypass, now, changes);
        }

        _orders.Add(order.Id, order);
        changes.Tell("orders/create", order);
        changes.Tell("fulfillment_orders/order_routing_complete", fulfillmentOrder);
        if (isPos)
        {
            HandOver(order, fulfillmentOrder, fulfillmentOrder.Lines.Select(l => (l, l.Remaining)).ToList(), now, changes);
        }

        Save(order, now, changes);
        return OrderOutcome.Done(order);
    }

    private Order NewOrder(OrderRequest request, DateTimeOffset now)
    {
        var id = Ids.Next(IdKind.Order);
        return new Order
        {
            Id = id,
            Name = request.Name ?? $"#{1000 + _orders.Count + 1}",
            SourceName = request.SourceName,
            Attributes = request.Attributes,
            PosLocationId = request.SourceName == "pos" ? request.LocationId : null,
            Test = request.Test,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private OrderOutcome? Resolve(IReadOnlyList<LineRequest> lines, List<(Variant Variant, int Quantity)> wanted)
    {
        if (lines.Count == 0)
        {
            return OrderOutcome.Refused(OrderRefusal.EmptyOrder, "an order needs a line");
        }

        foreach (var line in lines)
        {
            var variant = line.VariantId is { } id ? VariantById(id) : line.Sku is { } sku ? VariantBySku(sku) : null;
            if (variant is null)
            {
                return OrderOutcome.Refused(OrderRefusal.UnknownVariant, line.Sku ?? $"{line.VariantId}");
            }

            if (line.Quantity <= 0)
            {
                return OrderOutcome.Refused(OrderRefusal.InvalidQuantity, $"{line.Quantity}");
            }

            wanted.Add((variant, line.Quantity));
        }

        return null;
    }

    /// <summary>The first tracked DENY item of which the shop shows less than is wanted, over all lines together.</summary>
    private Variant? Short(List<(Variant Variant, int Quantity)> wanted)
    {
        foreach (var (variant, _) in wanted)
        {
            if (!variant.Tracked || variant.ContinueSelling)
            {
                continue;
            }

            var total = 0;
            foreach (var (other, quantity) in wanted)
            {
                total += other.ItemId == variant.ItemId ? quantity : 0;
            }

            if (SellableOnline(variant) < total)
            {
                return variant;
            }
        }

        return null;
    }

    /// <summary>
    /// The one location that gets the order: the one that can ship most of its lines in full, then the one that stocks
    /// most of them, then the shop's own order of locations.
    /// </summary>
    private long Route(List<(Variant Variant, int Quantity)> wanted)
    {
        ShopLocation? best = null;
        var bestScore = -1;
        foreach (var location in _locations)
        {
            if (!location.IsActive || !location.FulfillsOnlineOrders)
            {
                continue;
            }

            var score = 0;
            foreach (var (variant, quantity) in wanted)
            {
                if (Level(variant.ItemId, location.Id) is { IsActive: true } level)
                {
                    score += level[StockState.Available] >= quantity ? 1_000 : 1;
                }
            }

            if (score > bestScore)
            {
                (best, bestScore) = (location, score);
            }
        }

        return (best ?? _locations[0]).Id;
    }

    private OrderLine AddLine(
        Order order, FulfillmentOrder fulfillmentOrder, Variant variant, int quantity, bool claims, DateTimeOffset now,
        ShopChanges changes)
    {
        var level = claims && variant.Tracked ? Level(variant.ItemId, fulfillmentOrder.LocationId) : null;
        var line = new OrderLine
        {
            Id = Ids.Next(IdKind.Line),
            VariantId = variant.Id,
            ItemId = variant.ItemId,
            ProductId = variant.ProductId,
            Sku = variant.Sku,
            Title = variant.Title,
            Quantity = quantity,
            CurrentQuantity = quantity,
            FulfillableQuantity = quantity,
            Claimed = level is not null,
            Physical = !order.Test && variant.Tracked && !string.IsNullOrWhiteSpace(variant.Sku),
        };
        order.Lines.Add(line);
        fulfillmentOrder.Lines.Add(
            new FulfillmentOrderLine { Id = Ids.Next(IdKind.Line), LineId = line.Id, Total = quantity, Remaining = quantity });
        Take(order, line, quantity, changes);
        if (level is not null)
        {
            Commit(level, quantity, now, changes);
        }

        return line;
    }

    private static void Commit(Level level, int units, DateTimeOffset now, ShopChanges changes)
    {
        level.Add(StockState.Available, -units, now);
        level.Add(StockState.Committed, units, now);
        changes.TellAvailable(level);
    }

    private static void Take(Order order, OrderLine line, int units, ShopChanges changes)
    {
        if (line.Physical)
        {
            changes.Moves.Add(new PhysicalMove(line.Sku, units, order.Id));
        }
    }

    /// <summary>Ends an operation: the order has a new version, is journalled, and becomes searchable after the lag.</summary>
    private void Save(Order order, DateTimeOffset now, ShopChanges changes)
    {
        order.UpdatedAt = now;
        order.Version++;
        changes.Touch(order);
        var lag = Random.Next(Faults.OrderSearchLagMinMs, Faults.OrderSearchLagMaxMs + 1);
        Search.Changed(order, now.AddMilliseconds(lag));
    }
}
