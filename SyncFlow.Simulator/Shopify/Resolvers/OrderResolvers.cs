using System.Globalization;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>Orders and everything below them.</summary>
internal static class OrderResolvers
{
    internal static void Bind(Schema schema)
    {
        Orders(schema);
        new Binder<OrderAttribute>(schema, "Attribute").Field("key", a => a.Key).Field("value", a => a.Value);
        Lines(schema);
        Prices(schema);
        FulfillmentOrders(schema);
        Fulfillments(schema);
        Refunds(schema);
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static LineView Line(Order order, long id) => new(order, order.Lines.Single(l => l.Id == id));

    private static void Orders(Schema schema) => new Binder<Order>(schema, "Order")
        .Field("cancelledAt", o => Gids.Time(o.CancelledAt))
        .Field("currencyCode", _ => OrderLine.Currency)
        .Field("closed", o => o.ClosedAt is not null)
        .Field("closedAt", o => Gids.Time(o.ClosedAt))
        .Field("createdAt", o => Gids.Time(o.CreatedAt))
        .Field("currentSubtotalLineItemsQuantity", o => o.Lines.Sum(l => l.CurrentQuantity))
        .Field("customAttributes", o => o.Attributes.AsEnumerable())
        .Field("displayFinancialStatus", o => o.FinancialStatus.ToUpperInvariant())
        .Field("displayFulfillmentStatus", o => o.FulfillmentStatus switch
        {
            "fulfilled" => "FULFILLED",
            "partial" => "PARTIALLY_FULFILLED",
            _ => "UNFULFILLED",
        })
        .Field("edited", o => o.Edited)
        .Field("fulfillmentOrders", (o, _, call) => Connections.Cut(
            o.FulfillmentOrders.Select(f => new FulfillmentOrderView(o, f)), f => Connections.Key(f.Value.Id), call))
        .Field("fulfillments", (o, _, call) => Take(o.Fulfillments, call).Select(f => new FulfillmentView(o, f)))
        .Field("id", o => Gids.Of("Order", o.Id))
        .Field("legacyResourceId", o => Text(o.Id))
        .Field("lineItems", (o, _, call) => Connections.Cut(
            o.Lines.Select(l => new LineView(o, l)), l => Connections.Key(l.Line.Id), call))
        .Field("name", o => o.Name)
        .Field("processedAt", o => Gids.Time(o.CreatedAt))
        .Field("refunds", (o, _, call) => Take(o.Refunds, call).Select(r => new RefundView(o, r)))
        .Field("retailLocation", (o, c, _) => o.PosLocationId is { } id ? c.Shop.LocationById(id) : null)
        .Field("sourceName", o => o.SourceName)
        .Field("subtotalLineItemsQuantity", o => o.Lines.Sum(l => l.Quantity))
        .Field("test", o => o.Test)
        .Field("updatedAt", o => Gids.Time(o.UpdatedAt));

    private static IEnumerable<T> Take<T>(List<T> list, FieldCall call) =>
        call.Arguments.TryGetValue("first", out var first) && first is int size ? list.Take(size) : list;

    private static void Lines(Schema schema) => new Binder<LineView>(schema, "LineItem")
        .Field("currentQuantity", l => l.Line.CurrentQuantity)
        .Field("id", l => Gids.Of("LineItem", l.Line.Id))
        .Field("name", l => l.Line.Title)
        .Field("nonFulfillableQuantity", l => l.Line.Quantity - l.Line.FulfillableQuantity)
        .Field("originalUnitPriceSet", l => l)
        .Field("product", (l, c, _) => c.Shop.ProductById(l.Line.ProductId))
        .Field("quantity", l => l.Line.Quantity)
        .Field("refundableQuantity", l => l.Line.CurrentQuantity)
        .Field("requiresShipping", _ => true)
        .Field("restockable", l => l.Line.Claimed)
        .Field("sku", l => l.Line.Sku)
        .Field("title", l => l.Line.Title)
        .Field("unfulfilledQuantity", l => l.Line.FulfillableQuantity)
        .Field("variant", (l, c, _) => c.Shop.VariantById(l.Line.VariantId));

    private static void Prices(Schema schema) => new Binder<LineView>(schema, "MoneyBag")
        .Field("presentmentMoney", l => new MoneyView(l.Line.UnitPrice, OrderLine.Currency))
        .Field("shopMoney", l => new MoneyView(l.Line.UnitPrice, OrderLine.Currency));

    private static void FulfillmentOrders(Schema schema)
    {
        new Binder<FulfillmentOrderView>(schema, "FulfillmentOrder")
            .Field("assignedLocation", f => f)
            .Field("createdAt", f => Gids.Time(f.Value.CreatedAt))
            .Field("id", f => Gids.Of("FulfillmentOrder", f.Value.Id))
            .Field("lineItems", (f, _, call) => Connections.Cut(
                f.Value.Lines.Select(l => new FulfillmentOrderLineView(f.Order, l)), l => Connections.Key(l.Value.Id), call))
            .Field("order", f => f.Order)
            .Field("orderId", f => Gids.Of("Order", f.Order.Id))
            .Field("orderName", f => f.Order.Name)
            .Field("requestStatus", _ => "UNSUBMITTED")
            .Field("status", f => f.Value.Status)
            .Field("updatedAt", f => Gids.Time(f.Value.UpdatedAt));
        new Binder<FulfillmentOrderView>(schema, "FulfillmentOrderAssignedLocation")
            .Field("location", (f, c, _) => c.Shop.LocationById(f.Value.LocationId))
            .Field("name", (f, c, _) => c.Shop.LocationById(f.Value.LocationId)?.Name ?? "");
        new Binder<FulfillmentOrderLineView>(schema, "FulfillmentOrderLineItem")
            .Field("id", l => Gids.Of("FulfillmentOrderLineItem", l.Value.Id))
            .Field("inventoryItemId", l => Gids.Of("InventoryItem", Line(l.Order, l.Value.LineId).Line.ItemId))
            .Field("lineItem", l => Line(l.Order, l.Value.LineId))
            .Field("productTitle", l => Line(l.Order, l.Value.LineId).Line.Title)
            .Field("remainingQuantity", l => l.Value.Remaining)
            .Field("requiresShipping", _ => true)
            .Field("sku", l => Line(l.Order, l.Value.LineId).Line.Sku)
            .Field("totalQuantity", l => l.Value.Total)
            .Field("variant", (l, c, _) => c.Shop.VariantById(Line(l.Order, l.Value.LineId).Line.VariantId));
    }

    private static void Fulfillments(Schema schema)
    {
        new Binder<FulfillmentView>(schema, "Fulfillment")
            .Field("createdAt", f => Gids.Time(f.Value.CreatedAt))
            .Field("fulfillmentLineItems", (f, _, call) => Connections.Cut(
                f.Value.Lines.Select(l => new FulfillmentLineView(f.Order, l)), l => Connections.Key(l.Value.Id), call))
            .Field("id", f => Gids.Of("Fulfillment", f.Value.Id))
            .Field("legacyResourceId", f => Text(f.Value.Id))
            .Field("location", (f, c, _) => c.Shop.LocationById(f.Value.LocationId))
            .Field("name", f => f.Value.Name)
            .Field("order", f => f.Order)
            .Field("requiresShipping", _ => true)
            .Field("status", _ => "SUCCESS")
            .Field("totalQuantity", f => f.Value.Lines.Sum(l => l.Quantity))
            .Field("updatedAt", f => Gids.Time(f.Value.CreatedAt));
        new Binder<FulfillmentLineView>(schema, "FulfillmentLineItem")
            .Field("id", l => Gids.Of("FulfillmentLineItem", l.Value.Id))
            .Field("lineItem", l => Line(l.Order, l.Value.LineId))
            .Field("quantity", l => l.Value.Quantity);
    }

    private static void Refunds(Schema schema)
    {
        new Binder<RefundView>(schema, "Refund")
            .Field("createdAt", r => Gids.Time(r.Value.CreatedAt))
            .Field("id", r => Gids.Of("Refund", r.Value.Id))
            .Field("legacyResourceId", r => Text(r.Value.Id))
            .Field("note", r => r.Value.Note)
            .Field("order", r => r.Order)
            .Field("processedAt", r => Gids.Time(r.Value.CreatedAt))
            .Field("refundLineItems", (r, _, call) => Connections.Cut(
                r.Value.Lines.Select(l => new RefundLineView(r.Order, l)), l => Connections.Key(l.Value.Id), call))
            .Field("updatedAt", r => Gids.Time(r.Value.CreatedAt));
        new Binder<RefundLineView>(schema, "RefundLineItem")
            .Field("id", l => Gids.Of("RefundLineItem", l.Value.Id))
            .Field("lineItem", l => Line(l.Order, l.Value.LineId))
            .Field("location", (l, c, _) => l.Value.LocationId is { } id ? c.Shop.LocationById(id) : null)
            .Field("quantity", l => l.Value.Quantity)
            .Field("restockType", l => l.Value.RestockType.ToUpperInvariant())
            .Field("restocked", l => l.Value.RestockType != "no_restock");
    }
}
