namespace SyncFlow.Simulator.Worlds;

// What a merchant does in the admin.
public sealed partial class Shop
{
    /// <summary>Most adjustment groups a shop remembers; Shopify keeps them 180 days.</summary>
    private const int MaxGroups = 2_000;

    private readonly Queue<long> _groupAges = new();

    /// <summary>Adds a product with one variant, stocked at every active location.</summary>
    public Product AddProduct(
        string title, string sku, bool tracked, bool continueSelling, int available, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var product = WorldBuilder.NewProduct(this, title, now);
        var variant = WorldBuilder.NewVariant(this, product, sku, "Default Title", 1, now);
        (variant.Tracked, variant.ContinueSelling) = (tracked, continueSelling);
        product.Variants.Add(variant);
        Put(product);
        changes.Touch(product);
        changes.Tell("products/create", product);
        changes.Tell("inventory_items/create", variant);
        var units = available;
        foreach (var location in _locations.Where(l => l.IsActive))
        {
            var level = new Level { ItemId = variant.ItemId, LocationId = location.Id, CreatedAt = now, UpdatedAt = now };
            level.Add(StockState.Available, units, now);
            units = 0;
            Put(level);
            changes.Touch(level);
            changes.Tell("inventory_levels/connect", level);
        }

        return product;
    }

    /// <summary>Deletes a product with its items and levels; false when there is none.</summary>
    public bool DeleteProduct(long id, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (ProductById(id) is not { } product)
        {
            return false;
        }

        RemoveProduct(id);
        changes.DeletedProducts.Add(id);
        changes.Tell("products/delete", product);
        foreach (var variant in product.Variants)
        {
            changes.Tell("inventory_items/delete", variant);
        }

        return true;
    }

    /// <summary>Changes an item's SKU, tracking or inventory policy.</summary>
    public void ChangeItem(
        Variant variant, string? sku, bool? tracked, bool? continueSelling, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(variant);
        ArgumentNullException.ThrowIfNull(changes);
        var product = ProductById(variant.ProductId)!;
        RemoveProduct(product.Id, keepLevels: true);
        variant.Sku = sku ?? variant.Sku;
        variant.Tracked = tracked ?? variant.Tracked;
        variant.ContinueSelling = continueSelling ?? variant.ContinueSelling;
        variant.UpdatedAt = now;
        product.UpdatedAt = now;
        Put(product);
        changes.Touch(product);
        changes.Tell("products/update", product);
        changes.Tell("inventory_items/update", variant);
    }

    public ShopLocation AddLocation(string name, bool fulfillsOnline, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var location = new ShopLocation
        {
            Id = Ids.Next(IdKind.Location),
            Name = name,
            FulfillsOnlineOrders = fulfillsOnline,
            CreatedAt = now,
            UpdatedAt = now,
        };
        Put(location);
        changes.Touch(location);
        changes.Tell("locations/create", location);
        return location;
    }

    /// <summary>Activates or deactivates a location; its levels stay, but an inactive location sells nothing online.</summary>
    public void Switch(ShopLocation location, bool active, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(changes);
        location.IsActive = active;
        location.UpdatedAt = now;
        location.DeactivatedAt = active ? null : now;
        changes.Touch(location);
        changes.Tell(active ? "locations/activate" : "locations/deactivate", location);
        changes.Tell("locations/update", location);
    }

    private void Keep(AdjustmentGroup group)
    {
        if (_groups.TryAdd(group.Id, group))
        {
            _groupAges.Enqueue(group.Id);
        }

        if (_groupAges.Count > MaxGroups)
        {
            _groups.Remove(_groupAges.Dequeue());
        }
    }
}
