using System.Globalization;
using System.Text.Json;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Facts;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>Turns Shopify's webhooks into facts.</summary>
internal static class ShopifyWebhooks
{
    /// <summary>Source name of orders taken at a till.</summary>
    internal const string Till = "pos";

    private delegate string? OrderIdReader(in JsonElement root, StrictJson json);

    internal static NormaliseResult Normalise(InboundEvent e) => e.Topic switch
    {
        "orders/create" or "orders/updated" or "orders/cancelled" or "orders/fulfilled" or "orders/partially_fulfilled"
            or "orders/paid" => ShopifyPayload.Read(
                e, (in JsonElement order, StrictJson json) => ShopifyOrderWebhooks.Read(e, order, json)),
        "orders/delete" => Touched(e, (in JsonElement root, StrictJson json) => json.OptionalId(root, "", "id"), "id"),
        "orders/edited" => Touched(
            e,
            (in JsonElement root, StrictJson json) => json.Object(root, "", "order_edit", required: true, out var edit)
                ? json.OptionalId(edit, "order_edit.", "order_id")
                : null,
            "order_edit.order_id"),
        "refunds/create" => Touched(
            e, (in JsonElement root, StrictJson json) => json.OptionalId(root, "", "order_id"), "order_id"),
        "fulfillment_orders/moved" => Touched(
            e, Of("original_fulfillment_order", "moved_fulfillment_order"), "original_fulfillment_order", placeOnly: true),
        "fulfillment_orders/order_routing_complete" or "fulfillment_orders/split" => Touched(
            e, Of("fulfillment_order"), "fulfillment_order", placeOnly: true),
        "inventory_levels/update" => ShopifyPayload.Read(e, (in JsonElement root, StrictJson json) => Level(e, root, json)),
        "inventory_levels/connect" => Changed(e, ChannelChange.LevelConnected, "inventory_item_id", "location_id"),
        "inventory_levels/disconnect" => Changed(e, ChannelChange.LevelDisconnected, "inventory_item_id", "location_id"),
        "inventory_items/create" or "inventory_items/update" => Changed(e, ChannelChange.ItemChanged, "id", null),
        "inventory_items/delete" => Changed(e, ChannelChange.ItemDeleted, "id", null),
        "products/create" or "products/update" => Changed(e, ChannelChange.ProductChanged, "id", null),
        "products/delete" => Changed(e, ChannelChange.ProductDeleted, "id", null),
        "locations/create" or "locations/update" => Changed(e, ChannelChange.LocationChanged, "id", null),
        "locations/activate" => Changed(e, ChannelChange.LocationActivated, "id", null),
        "locations/deactivate" => Changed(e, ChannelChange.LocationDeactivated, "id", null),
        "locations/delete" => Changed(e, ChannelChange.LocationDeleted, "id", null),
        "app/uninstalled" => ShopifyPayload.Read(e, (in JsonElement _, StrictJson _) => NormaliseResult.Of(
            Change(e, ChannelChange.Uninstalled, "", null))),
        "app_subscriptions/update" or "app_subscriptions/approaching_capped_amount" => ShopifyPayload.Read(
            e, (in JsonElement _, StrictJson _) => NormaliseResult.Of(Change(e, ChannelChange.SubscriptionChanged, "", null))),
        "app/scopes_update" => ShopifyPayload.Read(e, (in JsonElement _, StrictJson _) => NormaliseResult.Of(
            Change(e, ChannelChange.ScopesChanged, "", null))),
        _ => NormaliseResult.Ignored($"topic '{e.Topic}' is not used"),
    };

    /// <summary>An order's key in ledger entries: the same however a snapshot of it came.</summary>
    internal static string OrderKey(InboundEvent e, string orderRef) => $"order:{Number(e.Connection.Value)}:{orderRef}";

    private static NormaliseResult Touched(InboundEvent e, OrderIdReader read, string field, bool placeOnly = false) => ShopifyPayload.Read(
        e,
        (in JsonElement root, StrictJson json) =>
        {
            if (read(root, json) is { } order)
            {
                return NormaliseResult.Of(new OrderTouched(
                    OrderKey(e, order), e.Connection, e.InboxEvent, e.TriggeredAt, order, placeOnly));
            }

            json.Fail(field, "is missing");
            return NormaliseResult.Of();
        });

    /// <summary>
    /// The order of the first fulfilment order among these members. Most such payloads carry only the fulfilment order's
    /// own id; then the reference says so, and whoever fetches asks Shopify for its order.
    /// </summary>
    private static OrderIdReader Of(params string[] members) => (in JsonElement root, StrictJson json) =>
    {
        foreach (var member in members)
        {
            if (!json.Object(root, "", member, required: false, out var value))
            {
                continue;
            }

            if (json.OptionalId(value, member + ".", "order_id") is { } order)
            {
                return order;
            }

            if (json.OptionalId(value, member + ".", "id") is { } id)
            {
                return ShopifyIds.FulfillmentOrderPrefix + id;
            }
        }

        return null;
    };

    private static NormaliseResult Level(InboundEvent e, in JsonElement root, StrictJson json)
    {
        var item = json.Id(root, "", "inventory_item_id");
        var location = json.Id(root, "", "location_id");
        var available = json.WholeNumber(root, "", "available");

        // The shop's update time has whole seconds and is missing in some payloads; the trigger time is finer.
        var version = json.OptionalMoment(root, "", "updated_at") is null ? 0 : e.TriggeredAt.UtcTicks;
        return NormaliseResult.Of(new LevelAnnounced(
            $"level:{Number(e.Connection.Value)}:{item}:{location}", e.Connection, e.InboxEvent, e.TriggeredAt, item,
            location, available, version));
    }

    private static NormaliseResult Changed(InboundEvent e, ChannelChange kind, string field, string? locationField) =>
        ShopifyPayload.Read(e, (in JsonElement root, StrictJson json) => NormaliseResult.Of(Change(
            e, kind, json.Id(root, "", field), locationField is null ? null : json.Id(root, "", locationField))));

    private static ChannelChanged Change(InboundEvent e, ChannelChange kind, string reference, string? location) => new(
        $"channel:{Number(e.Connection.Value)}:{e.EventRef}", e.Connection, e.InboxEvent, e.TriggeredAt, kind, reference,
        location);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
