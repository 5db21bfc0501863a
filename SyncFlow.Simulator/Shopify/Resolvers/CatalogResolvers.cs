using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>Products, variants, shop and locations.</summary>
internal static class CatalogResolvers
{
    internal static void Bind(Schema schema)
    {
        Products(schema);
        Variants(schema);
        Locations(schema);
        new Binder<Shop>(schema, "Shop")
            .Field("createdAt", s => Gids.Time(s.CreatedAt))
            .Field("currencyCode", _ => "EUR")
            .Field("ianaTimezone", _ => "Europe/Vienna")
            .Field("id", s => Gids.Of("Shop", s.Number))
            .Field("myshopifyDomain", s => s.Domain)
            .Field("name", s => s.Name)
            .Field("plan", s => s)
            .Field("updatedAt", s => Gids.Time(s.CreatedAt))
            .Field("url", s => $"https://{s.Domain}");
        new Binder<Shop>(schema, "ShopPlan")
            .Field("displayName", Plan)
            .Field("partnerDevelopment", _ => false)
            .Field("publicDisplayName", Plan)
            .Field("shopifyPlus", s => s.Plan == ShopPlan.Plus);
        new Binder<VersionView>(schema, "ApiVersion")
            .Field("displayName", v => v.Handle == "unstable" ? "unstable" : v.Supported ? v.Handle : v.Handle + " (Release candidate)")
            .Field("handle", v => v.Handle)
            .Field("supported", v => v.Supported);
        new Binder<CountView>(schema, "Count").Field("count", c => c.Value).Field("precision", _ => "EXACT");
    }

    internal static string Key(Variant variant) => Connections.Key(variant.Id);

    private static string Plan(Shop shop) => shop.Plan switch
    {
        ShopPlan.Standard => "Basic",
        ShopPlan.Advanced => "Advanced",
        ShopPlan.Plus => "Shopify Plus",
    };

    private static void Products(Schema schema) => new Binder<Product>(schema, "Product")
        .Field("createdAt", p => Gids.Time(p.CreatedAt))
        .Field("handle", p => $"product-{p.Id}")
        .Field("hasOutOfStockVariants", (p, c, _) => p.Variants.Exists(v => v.Tracked && c.Shop.SellableOnline(v) <= 0))
        .Field("id", p => Gids.Of("Product", p.Id))
        .Field("legacyResourceId", p => p.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))
        .Field("status", _ => "ACTIVE")
        .Field("title", p => p.Title)
        .Field("totalInventory", (p, c, _) => p.Variants.Sum(c.Shop.SellableOnline))
        .Field("tracksInventory", p => p.Variants.Exists(v => v.Tracked))
        .Field("updatedAt", p => Gids.Time(p.UpdatedAt))
        .Field("variants", (p, _, call) => Connections.Cut(p.Variants, Key, call))
        .Field("variantsCount", p => new CountView(p.Variants.Count));

    private static void Variants(Schema schema) => new Binder<Variant>(schema, "ProductVariant")
        .Field("availableForSale", (v, c, _) => !v.Tracked || v.ContinueSelling || c.Shop.SellableOnline(v) > 0)
        .Field("createdAt", v => Gids.Time(v.CreatedAt))
        .Field("displayName", (v, c, _) => $"{c.Shop.ProductById(v.ProductId)?.Title} - {v.Title}")
        .Field("id", v => Gids.Of("ProductVariant", v.Id))
        .Field("inventoryItem", v => new ItemView(v))
        .Field("inventoryPolicy", v => v.ContinueSelling ? "CONTINUE" : "DENY")
        .Field("inventoryQuantity", (v, c, _) => c.Shop.SellableOnline(v))
        .Field("legacyResourceId", v => v.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))
        .Field("position", v => v.Position)
        .Field("product", (v, c, _) => c.Shop.ProductById(v.ProductId))
        .Field("requiresComponents", v => v.IsBundleParent)
        .Field("sellableOnlineQuantity", (v, c, _) => c.Shop.SellableOnline(v))
        .Field("sku", v => v.Sku)
        .Field("title", v => v.Title)
        .Field("updatedAt", v => Gids.Time(v.UpdatedAt));

    private static void Locations(Schema schema) => new Binder<ShopLocation>(schema, "Location")
        .Field("createdAt", l => Gids.Time(l.CreatedAt))
        .Field("deactivatedAt", l => Gids.Time(l.DeactivatedAt))
        .Field("fulfillsOnlineOrders", l => l.FulfillsOnlineOrders)
        .Field("hasActiveInventory", (l, c, _) => c.Shop.Levels.Any(v => v.LocationId == l.Id && v.IsActive))
        .Field("hasUnfulfilledOrders", (l, c, _) => c.Shop.Orders.Any(
            o => o.FulfillmentOrders.Exists(f => f.IsOpen && f.LocationId == l.Id)))
        .Field("id", l => Gids.Of("Location", l.Id))
        .Field("inventoryLevel", (l, c, call) => InventoryResolvers.One(
            c.Shop.Level(Gids.Number(call.Argument<string>("inventoryItemId"), "InventoryItem") ?? 0, l.Id), call))
        .Field("inventoryLevels", (l, c, call) => InventoryResolvers.Many(
            c.Shop.Levels.Where(v => v.LocationId == l.Id).OrderBy(v => v.ItemId), v => v.ItemId, c, call))
        .Field("isActive", l => l.IsActive)
        .Field("isFulfillmentService", _ => false)
        .Field("legacyResourceId", l => l.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))
        .Field("name", l => l.Name)
        .Field("shipsInventory", l => l.FulfillsOnlineOrders)
        .Field("updatedAt", l => Gids.Time(l.UpdatedAt));
}
