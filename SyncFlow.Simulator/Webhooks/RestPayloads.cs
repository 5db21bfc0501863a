using System.Globalization;
using System.Text.Json;
using SyncFlow.Simulator.Shopify;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Webhooks;

/// <summary>
/// Webhook bodies in the shape of Shopify's REST resources: numeric ids, times with the shop's offset and whole seconds.
/// Nothing about customers is in them.
/// </summary>
internal static class RestPayloads
{
    internal static byte[] Render(Shop shop, ShopNotice notice, DateTimeOffset now)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            Write(json, shop, notice, now);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    internal static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss+00:00", CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter json, Shop shop, ShopNotice notice, DateTimeOffset now)
    {
        switch (notice.Resource)
        {
            case Order order:
                OrderPayloads.Order(json, order);
                break;
            case RefundNotice refund:
                OrderPayloads.Refund(json, refund.Order, refund.Refund);
                break;
            case EditNotice edit:
                OrderPayloads.Edit(json, edit);
                break;
            case FulfillmentOrder routed:
                json.WriteStartObject("fulfillment_order");
                json.WriteString("id", Gids.Of("FulfillmentOrder", routed.Id));
                json.WriteString("status", "open");
                json.WriteEndObject();
                break;
            case MoveNotice move:
                OrderPayloads.Moved(json, move);
                break;
            case Level level:
                Level(json, level, notice.Topic);
                break;
            case Product product:
                CatalogPayloads.Product(json, shop, product, notice.Topic);
                break;
            case Variant item:
                CatalogPayloads.Item(json, item, notice.Topic);
                break;
            case ShopLocation location:
                CatalogPayloads.Location(json, location);
                break;
            case BulkOperation bulk:
                Bulk(json, bulk);
                break;
            case Shop self:
                json.WriteNumber("id", 70_000_000_000);
                json.WriteString("name", self.Name);
                json.WriteString("domain", self.Domain);
                json.WriteString("myshopify_domain", self.Domain);
                json.WriteString("updated_at", Time(now));
                break;
            default:
                throw new InvalidOperationException($"no payload for {notice.Resource.GetType().Name}");
        }
    }

    private static void Level(Utf8JsonWriter json, Level level, string topic)
    {
        json.WriteNumber("inventory_item_id", level.ItemId);
        json.WriteNumber("location_id", level.LocationId);
        if (topic == "inventory_levels/disconnect")
        {
            return;
        }

        json.WriteNumber("available", level[StockState.Available]);
        json.WriteString("updated_at", Time(level.UpdatedAt));
        json.WriteString("admin_graphql_api_id", Gids.Of(level));
    }

    private static void Bulk(Utf8JsonWriter json, BulkOperation bulk)
    {
        json.WriteString("admin_graphql_api_id", Gids.Of("BulkOperation", bulk.Id));
        json.WriteString("completed_at", Time(bulk.CompletedAt ?? bulk.CreatedAt));
        json.WriteString("created_at", Time(bulk.CreatedAt));
        json.WriteString("error_code", bulk.ErrorCode);
#pragma warning disable CA1308 // Shopify writes the status in lower case here.
        json.WriteString("status", bulk.Status.ToLowerInvariant());
#pragma warning restore CA1308
        json.WriteString("type", "query");
    }
}
