using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>The query root.</summary>
internal static class QueryResolvers
{
    internal static void Bind(Schema schema)
    {
        new Binder<TypeDef>(schema, "QueryRoot")
            .Field("shop", (_, c, _) => c.Shop)
            .Field("inventoryProperties", (_, c, _) => c.Shop)
            .Field("publicApiVersions", _ => ApiVersions.Handles.Select(h => new VersionView(h, ApiVersions.IsStable(h))))
            .Field("location", (_, c, call) => Location(c, call))
            .Field("locations", (_, c, call) => Locations(c, call))
            .Field("inventoryItem", (_, c, call) => Node(c, call.Argument<string>("id")!, "InventoryItem"))
            .Field("inventoryItems", (_, c, call) => Items(c, call))
            .Field("inventoryLevel", (_, c, call) => Node(c, call.Argument<string>("id")!, "InventoryLevel"))
            .Field("product", (_, c, call) => Node(c, call.Argument<string>("id")!, "Product"))
            .Field("products", (_, c, call) => Products(c, call))
            .Field("productVariant", (_, c, call) => Node(c, call.Argument<string>("id")!, "ProductVariant"))
            .Field("productVariants", (_, c, call) => Variants(c, call))
            .Field("order", (_, c, call) => Node(c, call.Argument<string>("id")!, "Order"))
            .Field("orders", (_, c, call) => OrderQuery.Run(c, call))
            .Field("node", (_, c, call) => Node(c, call.Argument<string>("id")!, null))
            .Field("nodes", (_, c, call) => Nodes(c, call))
            .Field("webhookSubscription", (_, c, call) => Node(c, call.Argument<string>("id")!, "WebhookSubscription"))
            .Field("webhookSubscriptions", (_, c, call) => WebhookResolvers.List(c, call))
            .Field("bulkOperation", (_, c, call) => Node(c, call.Argument<string>("id")!, "BulkOperation"))
            .Field("bulkOperations", (_, c, call) => BulkResolvers.List(c, call))
            .Field("currentBulkOperation", (_, c, _) => c.Shop.BulkOperations.Values.LastOrDefault());
        BindPages(schema);
    }

    /// <summary>The GraphQL type of an object that stands behind an interface or union.</summary>
    internal static string TypeName(object value) => value switch
    {
        ItemView => "InventoryItem",
        Level => "InventoryLevel",
        Order => "Order",
        ShopLocation => "Location",
        Variant => "ProductVariant",
        Product => "Product",
        AdjustmentGroup => "InventoryAdjustmentGroup",
        WebhookSubscription => "WebhookSubscription",
        BulkOperation => "BulkOperation",
        FulfillmentOrderView => "FulfillmentOrder",
        FulfillmentView => "Fulfillment",
        RefundView => "Refund",
        Uri => "WebhookHttpEndpoint",
        InstallationView => "AppInstallation",
        UsagePricingView => "AppUsagePricing",
        RecurringPricingView => "AppRecurringPricing",
        AppSubscription => "AppSubscription",
        AppUsageRecord => "AppUsageRecord",
        _ => throw new InvalidOperationException($"no GraphQL type for {value.GetType().Name}"),
    };

    private static object? Location(RequestContext context, FieldCall call) =>
        call.Argument<string>("id") is { } id ? Node(context, id, "Location") : context.Shop.Locations is [var first, ..] ? first : null;

    private static List<object?> Nodes(RequestContext context, FieldCall call)
    {
        var ids = call.Argument<List<object?>>("ids")!;
        if (ids.Count > InventoryRules.MaxElements)
        {
            throw GraphQlException.Coded(
                "MAX_INPUT_SIZE_EXCEEDED", $"The input array size of {ids.Count} is greater than the maximum allowed of 250.");
        }

        return ids.ConvertAll(id => Node(context, (string)id!, null));
    }

    private static object? Node(RequestContext context, string gid, string? wanted)
    {
        var type = Gids.TypeOf(gid);
        if (type is null || (wanted is not null && type != wanted))
        {
            throw GraphQlException.Coded("RESOURCE_NOT_FOUND", $"Invalid global id '{gid}'");
        }

        var shop = context.Shop;
        if (type == "InventoryLevel")
        {
            return Gids.Level(gid) is var (item, location) ? shop.Level(item, location) : null;
        }

        if (Gids.Number(gid, type) is not { } id)
        {
            throw GraphQlException.Coded("RESOURCE_NOT_FOUND", $"Invalid global id '{gid}'");
        }

        return type switch
        {
            "InventoryItem" => shop.VariantByItem(id) is { } variant ? new ItemView(variant) : null,
            "ProductVariant" => shop.VariantById(id),
            "Product" => shop.ProductById(id),
            "Location" => shop.LocationById(id),
            "Order" => shop.OrderById(id),
            "InventoryAdjustmentGroup" => shop.GroupById(id),
            "WebhookSubscription" => shop.Subscriptions.GetValueOrDefault(id),
            "BulkOperation" => shop.BulkOperations.GetValueOrDefault(id),
            "FulfillmentOrder" => shop.Orders.SelectMany(o => o.FulfillmentOrders, (o, f) => new FulfillmentOrderView(o, f))
                .FirstOrDefault(f => f.Value.Id == id),
            "Fulfillment" => shop.Orders.SelectMany(o => o.Fulfillments, (o, f) => new FulfillmentView(o, f))
                .FirstOrDefault(f => f.Value.Id == id),
            "Refund" => shop.Orders.SelectMany(o => o.Refunds, (o, r) => new RefundView(o, r))
                .FirstOrDefault(r => r.Value.Id == id),
            _ => null,
        };
    }

    private static Page Locations(RequestContext context, FieldCall call)
    {
        var inactiveToo = call.Argument<bool>("includeInactive");
        var filter = SearchQuery.Compile<ShopLocation>(
            call.Argument<string>("query"),
            term => term.Field switch
            {
                "id" or "location_id" when SearchQuery.Id(term) is { } id => l => id(l.Id),
                "active" => l => SearchQuery.Text(term)(l.IsActive ? "true" : "false"),
                "name" => l => SearchQuery.Text(term)(l.Name),
                "created_at" when SearchQuery.Moment(term) is { } at => l => at(l.CreatedAt),
                _ => null,
            },
            context.SearchWarnings);
        return Connections.Cut(
            context.Shop.Locations.Where(l => (l.IsActive || inactiveToo) && filter(l)).OrderBy(l => l.Id),
            l => Connections.Key(l.Id), call);
    }

    private static Page Items(RequestContext context, FieldCall call)
    {
        var filter = SearchQuery.Compile<Variant>(
            call.Argument<string>("query"),
            term => term.Field switch
            {
                "id" when SearchQuery.Id(term) is { } id => v => id(v.ItemId),
                "sku" => v => SearchQuery.Text(term)(v.Sku),
                "created_at" when SearchQuery.Moment(term) is { } at => v => at(v.CreatedAt),
                "updated_at" when SearchQuery.Moment(term) is { } at => v => at(v.UpdatedAt),
                _ => null,
            },
            context.SearchWarnings);
        return Connections.Cut(
            context.Shop.Variants.Where(filter).Select(v => new ItemView(v)), i => Connections.Key(i.Variant.ItemId), call);
    }

    private static Page Variants(RequestContext context, FieldCall call)
    {
        var filter = SearchQuery.Compile<Variant>(
            call.Argument<string>("query"),
            term => term.Field switch
            {
                "id" when SearchQuery.Id(term) is { } id => v => id(v.Id),
                "product_id" when SearchQuery.Id(term) is { } id => v => id(v.ProductId),
                "sku" => v => SearchQuery.Text(term)(v.Sku),
                "updated_at" when SearchQuery.Moment(term) is { } at => v => at(v.UpdatedAt),
                _ => null,
            },
            context.SearchWarnings);
        return Connections.Cut(context.Shop.Variants.Where(filter).OrderBy(v => v.Id), CatalogResolvers.Key, call);
    }

    private static Page Products(RequestContext context, FieldCall call)
    {
        var filter = SearchQuery.Compile<Product>(
            call.Argument<string>("query"),
            term => term.Field switch
            {
                "id" when SearchQuery.Id(term) is { } id => p => id(p.Id),
                "title" => p => SearchQuery.Text(term)(p.Title),
                "sku" => p => p.Variants.Exists(v => SearchQuery.Text(term)(v.Sku)),
                "created_at" when SearchQuery.Moment(term) is { } at => p => at(p.CreatedAt),
                "updated_at" when SearchQuery.Moment(term) is { } at => p => at(p.UpdatedAt),
                _ => null,
            },
            context.SearchWarnings);
        return Connections.Cut(context.Shop.Products.Where(filter), p => Connections.Key(p.Id), call);
    }

    private static void BindPages(Schema schema)
    {
        foreach (var type in schema.Types.Values.Where(t => t.Kind == TypeKind.Object))
        {
            if (type.Name.EndsWith("Connection", StringComparison.Ordinal))
            {
                new Binder<Page>(schema, type.Name)
                    .Field("nodes", p => p.Nodes)
                    .Field("edges", p => p.Nodes.Zip(p.Cursors, (n, c) => new Edge(n, c)))
                    .Field("pageInfo", p => p);
            }
            else if (type.Name.EndsWith("Edge", StringComparison.Ordinal))
            {
                new Binder<Edge>(schema, type.Name).Field("cursor", e => e.Cursor).Field("node", e => e.Node);
            }
        }

        new Binder<Page>(schema, "PageInfo")
            .Field("endCursor", p => p.Cursors.Count == 0 ? null : p.Cursors[^1])
            .Field("hasNextPage", p => p.HasNext)
            .Field("hasPreviousPage", p => p.HasPrevious)
            .Field("startCursor", p => p.Cursors.Count == 0 ? null : p.Cursors[0]);
    }
}
