using System.Text.Json.Serialization;

namespace SyncFlow.Simulator.Worlds;

/// <summary>A place of a shop that holds stock.</summary>
public sealed class ShopLocation
{
    public long Id { get; init; }

    public required string Name { get; set; }

    public bool IsActive { get; set; } = true;

    public bool FulfillsOnlineOrders { get; set; } = true;

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? DeactivatedAt { get; set; }
}

/// <summary>A product with its variants, as one shop lists it.</summary>
public sealed class Product
{
    public long Id { get; init; }

    public required string Title { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    public List<Variant> Variants { get; init; } = [];
}

/// <summary>A product variant and its inventory item (one item per variant in this sandbox).</summary>
public sealed class Variant
{
    public long Id { get; init; }

    public long ItemId { get; init; }

    public long ProductId { get; init; }

    public required string Title { get; set; }

    /// <summary>The merchant's text; may be blank, and may repeat within a shop.</summary>
    public required string Sku { get; set; }

    public int Position { get; init; } = 1;

    /// <summary>False: Shopify keeps no stock for it and sells without limit.</summary>
    public bool Tracked { get; set; } = true;

    /// <summary>True: Shopify goes on selling below zero (inventory policy CONTINUE).</summary>
    public bool ContinueSelling { get; set; }

    /// <summary>A bundle parent: its quantities follow from its parts and refuse to be set.</summary>
    public bool IsBundleParent { get; set; }

    /// <summary>Errors for this item name the field without its index, so that a caller must bisect.</summary>
    public bool HideErrorIndex { get; set; }

    /// <summary>A fulfilment service holds the item: it cannot be stocked at the merchant's locations.</summary>
    public bool HeldByService { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Levels of the item by location; filled by the shop.</summary>
    [JsonIgnore]
    internal List<Level> Levels { get; } = [];
}
