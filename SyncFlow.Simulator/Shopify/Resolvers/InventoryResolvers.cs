using System.Globalization;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>Inventory items, levels, quantities and adjustment groups.</summary>
internal static class InventoryResolvers
{
    internal static void Bind(Schema schema)
    {
        Items(schema);
        new Binder<Level>(schema, "InventoryLevel")
            .Field("canDeactivate", (l, c, _) => l[StockState.Committed] == 0 && c.Shop.VariantByItem(l.ItemId)?.Levels.Count > 1)
            .Field("createdAt", l => Gids.Time(l.CreatedAt))
            .Field("id", l => Gids.Of(l))
            .Field("isActive", l => l.IsActive)
            .Field("item", (l, c, _) => c.Shop.VariantByItem(l.ItemId) is { } v ? new ItemView(v) : null)
            .Field("location", (l, c, _) => c.Shop.LocationById(l.LocationId))
            .Field("quantities", (l, _, call) => Quantities(l, call))
            .Field("updatedAt", l => Gids.Time(l.UpdatedAt));
        new Binder<QuantityView>(schema, "InventoryQuantity")
            .Field("id", q => $"gid://shopify/InventoryQuantity/{q.Level.LocationId}?inventory_item_id={q.Level.ItemId}&name={q.Name}")
            .Field("name", q => q.Name)
            .Field("quantity", q => q.Level[q.State])
            .Field("updatedAt", q => Gids.Time(q.Level.LastChange(q.State)));
        new Binder<Shop>(schema, "InventoryProperties").Field("quantityNames", _ => StockStates.All.Select(s => s.Name));
        new Binder<string>(schema, "InventoryQuantityName")
            .Field("belongsTo", n => n is "incoming" or "on_hand" ? Array.Empty<string>() : ["on_hand"])
            .Field("comprises", n => n == "on_hand"
                ? ["available", "committed", "damaged", "quality_control", "reserved", "safety_stock"]
                : Array.Empty<string>())
            .Field("displayName", n => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(n.Replace('_', ' ')))
            .Field("isInUse", _ => true)
            .Field("name", n => n);
        Groups(schema);
    }

    /// <summary>A level, unless it is inactive and the caller did not ask for those.</summary>
    internal static Level? One(Level? level, FieldCall call) =>
        level is not null && (level.IsActive || call.Argument<bool>("includeInactive")) ? level : null;

    internal static Page Many(IEnumerable<Level> levels, Func<Level, long> key, RequestContext context, FieldCall call)
    {
        var inactiveToo = call.Argument<bool>("includeInactive");
        var filter = SearchQuery.Compile<Level>(call.Argument<string>("query"), LevelTerm, context.SearchWarnings);
        return Connections.Cut(
            levels.Where(l => (l.IsActive || inactiveToo) && filter(l)), l => Connections.Key(key(l)), call);
    }

    private static Func<Level, bool>? LevelTerm(SearchQuery.Term term) => term.Field switch
    {
        "updated_at" when SearchQuery.Moment(term) is { } at => l => at(l.UpdatedAt),
        "created_at" when SearchQuery.Moment(term) is { } at => l => at(l.CreatedAt),
        "inventory_item_id" when SearchQuery.Id(term) is { } id => l => id(l.ItemId),
        _ => null,
    };

    private static void Items(Schema schema) => new Binder<ItemView>(schema, "InventoryItem")
        .Field("createdAt", i => Gids.Time(i.Variant.CreatedAt))
        .Field("duplicateSkuCount", (i, c, _) => string.IsNullOrEmpty(i.Variant.Sku)
            ? 0
            : c.Shop.Variants.Count(v => v.Sku == i.Variant.Sku) - 1)
        .Field("id", i => Gids.Of("InventoryItem", i.Variant.ItemId))
        .Field("inventoryLevel", (i, c, call) => One(
            c.Shop.Level(i.Variant.ItemId, Gids.Number(call.Argument<string>("locationId"), "Location") ?? 0), call))
        .Field("inventoryLevels", (i, c, call) =>
            Many(i.Variant.Levels.OrderBy(l => l.LocationId), l => l.LocationId, c, call))
        .Field("legacyResourceId", i => i.Variant.ItemId.ToString(CultureInfo.InvariantCulture))
        .Field("locationsCount", i => new CountView(i.Variant.Levels.Count(l => l.IsActive)))
        .Field("requiresShipping", _ => true)
        .Field("sku", i => i.Variant.Sku)
        .Field("tracked", i => i.Variant.Tracked)
        .Field("updatedAt", i => Gids.Time(i.Variant.UpdatedAt))
        .Field("variant", i => i.Variant)
        .Field("variants", (i, _, call) => Connections.Cut([i.Variant], CatalogResolvers.Key, call));

    private static void Groups(Schema schema)
    {
        new Binder<AdjustmentGroup>(schema, "InventoryAdjustmentGroup")
            .Field("changes", (g, _, call) => Changes(g, call))
            .Field("createdAt", g => Gids.Time(g.CreatedAt))
            .Field("id", g => Gids.Of("InventoryAdjustmentGroup", g.Id))
            .Field("reason", g => g.Reason)
            .Field("referenceDocumentUri", g => g.ReferenceDocumentUri);
        new Binder<QuantityChange>(schema, "InventoryChange")
            .Field("delta", c => c.Delta)
            .Field("item", (q, c, _) => c.Shop.VariantByItem(q.ItemId) is { } v ? new ItemView(v) : null)
            .Field("ledgerDocumentUri", c => c.LedgerDocumentUri)
            .Field("location", (q, c, _) => c.Shop.LocationById(q.LocationId))
            .Field("name", c => c.Name)
            .Field("quantityAfterChange", c => c.QuantityAfterChange);
    }

    private static IEnumerable<QuantityChange> Changes(AdjustmentGroup group, FieldCall call)
    {
        var names = Texts(call, "quantityNames");
        var items = Texts(call, "inventoryItemIds")?.Select(i => Gids.Number(i, "InventoryItem")).ToHashSet();
        var locations = Texts(call, "locationIds")?.Select(i => Gids.Number(i, "Location")).ToHashSet();
        return group.Changes.Where(c =>
            (names is null || names.Contains(c.Name))
            && (items is null || items.Contains(c.ItemId))
            && (locations is null || locations.Contains(c.LocationId)));
    }

    private static List<string>? Texts(FieldCall call, string name) =>
        call.Argument<List<object?>>(name)?.OfType<string>().ToList();

    private static List<QuantityView> Quantities(Level level, FieldCall call)
    {
        var views = new List<QuantityView>();
        foreach (var name in call.Argument<List<object?>>("names")!.OfType<string>())
        {
            if (StockStates.Parse(name) is not { } state)
            {
                throw GraphQlException.Coded("INVALID_FIELD_ARGUMENTS", $"The quantity name '{name}' is invalid.");
            }

            views.Add(new QuantityView(level, name, state));
        }

        return views;
    }
}
