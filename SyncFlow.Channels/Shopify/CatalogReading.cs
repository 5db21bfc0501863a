using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <summary>Reads variants and products out of answers and bulk lines.</summary>
internal static class CatalogReading
{
    /// <summary>What a variant needs to know of its product.</summary>
    internal sealed record ProductInfo(string Ref, string Title, bool Archived);

    internal static ProductInfo Product(JsonElement product) => new(
        Ref(product), ShopifyText.Kept(product.GetProperty("title")) ?? "", product.GetProperty("status").GetString() == "ARCHIVED");

    internal static CatalogItem Item(JsonElement variant, ProductInfo product)
    {
        var item = variant.GetProperty("inventoryItem");
        var title = ShopifyText.Kept(variant.GetProperty("title"));
        return new CatalogItem(
            Ref(variant), Ref(item), product.Ref, ShopifyText.Kept(variant.GetProperty("sku")),
            title is null or "" or DefaultTitle ? product.Title : $"{product.Title} - {title}",
            item.GetProperty("tracked").GetBoolean(), variant.GetProperty("inventoryPolicy").GetString() == "CONTINUE",
            variant.GetProperty("requiresComponents").GetBoolean(), product.Archived);
    }

    /// <summary>What Shopify calls the only variant of a product without options.</summary>
    private const string DefaultTitle = "Default Title";

    internal static string Ref(JsonElement node) => ShopifyIds.Numeric(node.GetProperty("id").GetString())
        ?? throw new FormatException("an id is not numeric");
}
