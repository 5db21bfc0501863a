using System.Text.Json;
using SyncFlow.Simulator.Shopify;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Webhooks;

/// <summary>Orders, refunds, edits and fulfilment orders in webhook bodies.</summary>
internal static class OrderPayloads
{
    internal static void Order(Utf8JsonWriter json, Order order)
    {
        json.WriteNumber("id", order.Id);
        json.WriteString("admin_graphql_api_id", Gids.Of("Order", order.Id));
        json.WriteString("name", order.Name);
        json.WriteString("created_at", RestPayloads.Time(order.CreatedAt));
        json.WriteString("processed_at", RestPayloads.Time(order.CreatedAt));
        json.WriteString("updated_at", RestPayloads.Time(order.UpdatedAt));
        Time(json, "cancelled_at", order.CancelledAt);
        Time(json, "closed_at", order.ClosedAt);
        json.WriteString("financial_status", order.FinancialStatus);
        json.WriteString("fulfillment_status", order.FulfillmentStatus);
        json.WriteString("source_name", order.SourceName);
        json.WriteString("currency", OrderLine.Currency);
        Number(json, "location_id", order.PosLocationId);
        json.WriteBoolean("test", order.Test);
        json.WriteStartArray("note_attributes");
        foreach (var attribute in order.Attributes)
        {
            json.WriteStartObject();
            json.WriteString("name", attribute.Key);
            json.WriteString("value", attribute.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("line_items");
        foreach (var line in order.Lines)
        {
            Line(json, line, null);
        }

        json.WriteEndArray();
        json.WriteStartArray("fulfillments");
        foreach (var fulfillment in order.Fulfillments)
        {
            Fulfillment(json, order, fulfillment);
        }

        json.WriteEndArray();
        json.WriteStartArray("refunds");
        foreach (var refund in order.Refunds)
        {
            json.WriteStartObject();
            Refund(json, order, refund);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    internal static void Refund(Utf8JsonWriter json, Order order, Refund refund)
    {
        json.WriteNumber("id", refund.Id);
        json.WriteString("admin_graphql_api_id", Gids.Of("Refund", refund.Id));
        json.WriteNumber("order_id", order.Id);
        json.WriteString("created_at", RestPayloads.Time(refund.CreatedAt));
        json.WriteString("processed_at", RestPayloads.Time(refund.CreatedAt));
        json.WriteString("note", refund.Note);
        json.WriteBoolean("restock", refund.Lines.Exists(l => l.RestockType != "no_restock"));
        json.WriteStartArray("refund_line_items");
        foreach (var line in refund.Lines)
        {
            json.WriteStartObject();
            json.WriteNumber("id", line.Id);
            json.WriteNumber("line_item_id", line.LineId);
            json.WriteNumber("quantity", line.Quantity);
            json.WriteString("restock_type", line.RestockType);
            Number(json, "location_id", line.LocationId);
            json.WritePropertyName("line_item");
            Line(json, order.Lines.Single(l => l.Id == line.LineId), null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    internal static void Edit(Utf8JsonWriter json, EditNotice edit)
    {
        json.WriteStartObject("order_edit");
        json.WriteNumber("id", edit.EditId);
        json.WriteNumber("order_id", edit.Order.Id);
        json.WriteString("created_at", RestPayloads.Time(edit.At));
        json.WriteBoolean("notify_customer", false);
        json.WriteStartObject("line_items");
        Deltas(json, "additions", edit.Additions);
        Deltas(json, "removals", edit.Removals);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static void Moved(Utf8JsonWriter json, MoveNotice move)
    {
        FulfillmentOrder(json, "original_fulfillment_order", move.Original);
        FulfillmentOrder(json, "moved_fulfillment_order", move.Moved);
        json.WriteString("destination_location_id", Gids.Of("Location", move.Moved.LocationId));
        json.WriteStartArray("fulfillment_order_line_items_requested");
        foreach (var line in move.Moved.Lines)
        {
            json.WriteStartObject();
            json.WriteString("id", Gids.Of("FulfillmentOrderLineItem", line.Id));
            json.WriteNumber("quantity", line.Remaining);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void FulfillmentOrder(Utf8JsonWriter json, string name, FulfillmentOrder value)
    {
        json.WriteStartObject(name);
        json.WriteString("id", Gids.Of("FulfillmentOrder", value.Id));
#pragma warning disable CA1308 // Shopify writes the status in lower case here.
        json.WriteString("status", value.Status.ToLowerInvariant());
#pragma warning restore CA1308
        json.WriteString("assigned_location_id", Gids.Of("Location", value.LocationId));
        json.WriteEndObject();
    }

    private static void Deltas(Utf8JsonWriter json, string name, IReadOnlyList<(long LineId, int Delta)> deltas)
    {
        json.WriteStartArray(name);
        foreach (var (lineId, delta) in deltas)
        {
            json.WriteStartObject();
            json.WriteNumber("id", lineId);
            json.WriteNumber("delta", delta);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Line(Utf8JsonWriter json, OrderLine line, int? fulfilled)
    {
        json.WriteStartObject();
        json.WriteNumber("id", line.Id);
        json.WriteString("admin_graphql_api_id", Gids.Of("LineItem", line.Id));
        json.WriteNumber("variant_id", line.VariantId);
        json.WriteNumber("product_id", line.ProductId);
        json.WriteString("sku", line.Sku);
        json.WriteString("title", line.Title);
        json.WriteString("price", line.UnitPrice.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture));
        json.WriteNumber("quantity", fulfilled ?? line.Quantity);
        json.WriteNumber("current_quantity", line.CurrentQuantity);
        json.WriteNumber("fulfillable_quantity", line.FulfillableQuantity);
        json.WriteEndObject();
    }

    private static void Fulfillment(Utf8JsonWriter json, Order order, Fulfillment fulfillment)
    {
        json.WriteStartObject();
        json.WriteNumber("id", fulfillment.Id);
        json.WriteString("admin_graphql_api_id", Gids.Of("Fulfillment", fulfillment.Id));
        json.WriteNumber("order_id", order.Id);
        json.WriteString("name", fulfillment.Name);
        json.WriteString("status", "success");
        json.WriteNumber("location_id", fulfillment.LocationId);
        json.WriteString("created_at", RestPayloads.Time(fulfillment.CreatedAt));
        json.WriteString("updated_at", RestPayloads.Time(fulfillment.CreatedAt));
        json.WriteStartArray("line_items");
        foreach (var part in fulfillment.Lines)
        {
            Line(json, order.Lines.Single(l => l.Id == part.LineId), part.Quantity);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } moment)
        {
            json.WriteString(name, RestPayloads.Time(moment));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
