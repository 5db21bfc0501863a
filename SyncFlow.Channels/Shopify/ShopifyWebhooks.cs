using System.Globalization;
using System.Text.Json;
using SyncFlow.Core.Facts;

namespace SyncFlow.Channels.Shopify;

/// <summary>Turns Shopify's webhooks into facts.</summary>
internal static class ShopifyWebhooks
{
    /// <summary>Source name of orders taken at a till.</summary>
    internal const string Till = "pos";

    private static readonly JsonNames Nothing = new();
    private static readonly JsonNames ById = new("id");
    private static readonly JsonNames ByOrder = new("order_id");
    private static readonly JsonNames Edit = new("order_edit");
    private static readonly JsonNames MovedOrders = new("original_fulfillment_order", "moved_fulfillment_order");
    private static readonly JsonNames RoutedOrder = new("fulfillment_order");
    private static readonly JsonNames FulfillmentOrder = new("order_id", "id");
    private static readonly JsonNames LevelOnly = new("inventory_item_id", "location_id");
    private static readonly JsonNames LevelNames = new("inventory_item_id", "location_id", "available", "updated_at");

    internal static NormaliseResult Normalise(InboundEvent e) => e.Topic switch
    {
        "orders/create" or "orders/updated" or "orders/cancelled" or "orders/fulfilled" or "orders/partially_fulfilled"
            or "orders/paid" => ShopifyPayload.Read(e, ShopifyOrderWebhooks.Read),
        "orders/delete" => ShopifyPayload.Read(e, Deleted),
        "orders/edited" => ShopifyPayload.Read(e, Edited),
        "refunds/create" => ShopifyPayload.Read(e, Refunded),
        "fulfillment_orders/moved" => ShopifyPayload.Read(e, Moved),
        "fulfillment_orders/order_routing_complete" or "fulfillment_orders/split" => ShopifyPayload.Read(e, Routed),
        "inventory_levels/update" => ShopifyPayload.Read(e, Level),
        "inventory_levels/connect" => Changed(e, ChannelChange.LevelConnected, LevelOnly),
        "inventory_levels/disconnect" => Changed(e, ChannelChange.LevelDisconnected, LevelOnly),
        "inventory_items/create" or "inventory_items/update" => Changed(e, ChannelChange.ItemChanged, ById),
        "inventory_items/delete" => Changed(e, ChannelChange.ItemDeleted, ById),
        "products/create" or "products/update" => Changed(e, ChannelChange.ProductChanged, ById),
        "products/delete" => Changed(e, ChannelChange.ProductDeleted, ById),
        "locations/create" or "locations/update" => Changed(e, ChannelChange.LocationChanged, ById),
        "locations/activate" => Changed(e, ChannelChange.LocationActivated, ById),
        "locations/deactivate" => Changed(e, ChannelChange.LocationDeactivated, ById),
        "locations/delete" => Changed(e, ChannelChange.LocationDeleted, ById),
        "app/uninstalled" => Changed(e, ChannelChange.Uninstalled, Nothing),
        "app_subscriptions/update" or "app_subscriptions/approaching_capped_amount" =>
            Changed(e, ChannelChange.SubscriptionChanged, Nothing),
        "app/scopes_update" => Changed(e, ChannelChange.ScopesChanged, Nothing),
        _ => NormaliseResult.Ignored($"topic '{e.Topic}' is not used"),
    };

    /// <summary>An order's key in ledger entries: the same however a snapshot of it came.</summary>
    internal static string OrderKey(InboundEvent e, string orderRef) =>
        string.Create(CultureInfo.InvariantCulture, $"order:{e.Connection.Value}:{orderRef}");

    private static NormaliseResult Deleted(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        var order = new JsonMembers(ById, stackalloc JsonValue[ById.Count]);
        StrictJson.Whole(ref body, order);
        return Touched(e, ref json, json.OptionalId(order, 0), "id");
    }

    private static NormaliseResult Refunded(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        var refund = new JsonMembers(ByOrder, stackalloc JsonValue[ByOrder.Count]);
        StrictJson.Whole(ref body, refund);
        return Touched(e, ref json, json.OptionalId(refund, 0), "order_id");
    }

    private static NormaliseResult Edited(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        var root = new JsonMembers(Edit, stackalloc JsonValue[Edit.Count]);
        var edit = new JsonMembers(ByOrder, stackalloc JsonValue[ByOrder.Count]);
        StrictJson.Whole(ref body, root);
        string? order = null;
        if (json.Object(root, 0, required: true, edit))
        {
            json.Enter(root, 0);
            order = json.OptionalId(edit, 0);
            json.Leave();
        }

        return Touched(e, ref json, order, "order_edit.order_id");
    }

    private static NormaliseResult Moved(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        var root = new JsonMembers(MovedOrders, stackalloc JsonValue[MovedOrders.Count]);
        StrictJson.Whole(ref body, root);
        return Touched(e, ref json, FirstOf(ref json, root), "original_fulfillment_order", placeOnly: true);
    }

    private static NormaliseResult Routed(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        var root = new JsonMembers(RoutedOrder, stackalloc JsonValue[RoutedOrder.Count]);
        StrictJson.Whole(ref body, root);
        return Touched(e, ref json, FirstOf(ref json, root), "fulfillment_order", placeOnly: true);
    }

    /// <summary>
    /// The order of the first fulfilment order among these members. Most such payloads carry only the fulfilment order's
    /// own id; then the reference says so, and whoever fetches asks Shopify for its order.
    /// </summary>
    private static string? FirstOf(ref StrictJson json, scoped JsonMembers root)
    {
        var one = new JsonMembers(FulfillmentOrder, stackalloc JsonValue[FulfillmentOrder.Count]);
        for (var member = 0; member < root.Names.Count; member++)
        {
            if (!json.Object(root, member, required: false, one))
            {
                continue;
            }

            json.Enter(root, member);
            var found = json.OptionalId(one, 0)
                ?? (json.OptionalId(one, 1) is { } id ? ShopifyIds.FulfillmentOrderPrefix + id : null);
            json.Leave();
            if (found is not null)
            {
                return found;
            }
        }

        return null;
    }

    private static NormaliseResult Touched(InboundEvent e, ref StrictJson json, string? order, string field, bool placeOnly = false)
    {
        if (order is not null)
        {
            return NormaliseResult.Of(new OrderTouched(
                OrderKey(e, order), e.Connection, e.InboxEvent, e.TriggeredAt, order, placeOnly));
        }

        json.Fail(field, "is missing");
        return NormaliseResult.Of();
    }

    private static NormaliseResult Level(InboundEvent e, ref Utf8JsonReader body, ref StrictJson json)
    {
        const int Item = 0, Location = 1, Available = 2, UpdatedAt = 3;
        var level = new JsonMembers(LevelNames, stackalloc JsonValue[LevelNames.Count]);
        StrictJson.Whole(ref body, level);
        var item = json.Id(level, Item);
        var location = json.Id(level, Location);
        var available = json.WholeNumber(level, Available);

        // The shop's update time has whole seconds and is missing in some payloads; the trigger time is finer.
        var version = json.OptionalMoment(level, UpdatedAt) is null ? 0 : e.TriggeredAt.UtcTicks;
        return NormaliseResult.Of(new LevelAnnounced(
            string.Create(CultureInfo.InvariantCulture, $"level:{e.Connection.Value}:{item}:{location}"), e.Connection,
            e.InboxEvent, e.TriggeredAt, item, location, available, version));
    }

    /// <param name="names">What changed, and where, as far as the body says it.</param>
    private static NormaliseResult Changed(InboundEvent e, ChannelChange kind, JsonNames names) =>
        ShopifyPayload.Read(e, (InboundEvent e, ref Utf8JsonReader body, ref StrictJson json) =>
        {
            var root = new JsonMembers(names, stackalloc JsonValue[names.Count]);
            StrictJson.Whole(ref body, root);
            return NormaliseResult.Of(new ChannelChanged(
                string.Create(CultureInfo.InvariantCulture, $"channel:{e.Connection.Value}:{e.EventRef}"), e.Connection,
                e.InboxEvent, e.TriggeredAt, kind, names.Count > 0 ? json.Id(root, 0) : "", names.Count > 1 ? json.Id(root, 1) : null));
        });
}
