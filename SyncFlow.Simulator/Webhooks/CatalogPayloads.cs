using System.Text.Json;
using SyncFlow.Simulator.Shopify;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Webhooks;

/// <summary>Products, inventory items and locations in webhook bodies.</summary>
internal static class CatalogPayloads
{
    internal static void Product(Utf8JsonWriter json, Shop shop, Product product, string topic)
    {
        json.WriteNumber("id", product.Id);
        if (topic == "products/delete")
        {
            return;
        }

        json.WriteString("admin_graphql_api_id", Gids.Of("Product", product.Id));
        json.WriteString("title", product.Title);
        json.WriteString("handle", $"product-{product.Id}");
        json.WriteString("status", "active");
        json.WriteString("created_at", RestPayloads.Time(product.CreatedAt));
        json.WriteString("updated_at", RestPayloads.Time(product.UpdatedAt));
        json.WriteStartArray("variants");
        foreach (var variant in product.Variants)
        {
            json.WriteStartObject();
            json.WriteNumber("id", variant.Id);
            json.WriteString("admin_graphql_api_id", Gids.Of("ProductVariant", variant.Id));
            json.WriteNumber("product_id", product.Id);
            json.WriteString("title", variant.Title);
            json.WriteString("sku", variant.Sku);
            json.WriteNumber("position", variant.Position);
            json.WriteString("inventory_policy", variant.ContinueSelling ? "continue" : "deny");
            json.WriteNumber("inventory_item_id", variant.ItemId);
            json.WriteNumber("inventory_quantity", shop.SellableOnline(variant));
            json.WriteString("created_at", RestPayloads.Time(variant.CreatedAt));
            json.WriteString("updated_at", RestPayloads.Time(variant.UpdatedAt));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    internal static void Item(Utf8JsonWriter json, Variant item, string topic)
    {
        json.WriteNumber("id", item.ItemId);
        if (topic == "inventory_items/delete")
        {
            return;
        }

        json.WriteString("admin_graphql_api_id", Gids.Of("InventoryItem", item.ItemId));
        json.WriteString("sku", item.Sku);
        json.WriteBoolean("tracked", item.Tracked);
        json.WriteBoolean("requires_shipping", true);
        json.WriteString("created_at", RestPayloads.Time(item.CreatedAt));
        json.WriteString("updated_at", RestPayloads.Time(item.UpdatedAt));
    }

    internal static void Location(Utf8JsonWriter json, ShopLocation location)
    {
        json.WriteNumber("id", location.Id);
        json.WriteString("admin_graphql_api_id", Gids.Of("Location", location.Id));
        json.WriteString("name", location.Name);
        json.WriteBoolean("active", location.IsActive);
        json.WriteBoolean("legacy", false);
        json.WriteString("created_at", RestPayloads.Time(location.CreatedAt));
        json.WriteString("updated_at", RestPayloads.Time(location.UpdatedAt));
    }
}
