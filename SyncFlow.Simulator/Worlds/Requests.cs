namespace SyncFlow.Simulator.Worlds;

/// <summary>How an order treats the shop's inventory; the names of Shopify's orderCreate.</summary>
public enum InventoryBehaviour
{
    /// <summary>Claims units; refused when a DENY item's total is short.</summary>
    DecrementObeyingPolicy,

    /// <summary>Claims units, below zero if need be.</summary>
    DecrementIgnoringPolicy,

    /// <summary>Touches no level.</summary>
    Bypass,
}

/// <summary>A line to order: by variant id, or by SKU (the first variant of that SKU). Quantity in units.</summary>
public sealed record LineRequest(int Quantity, long? VariantId = null, string? Sku = null);

/// <summary>A cart attribute.</summary>
public sealed record OrderAttribute(string Key, string Value);

/// <summary>An order to place.</summary>
public sealed record OrderRequest(IReadOnlyList<LineRequest> Lines)
{
    public string SourceName { get; init; } = "web";

    /// <summary>Cart attributes, which the order carries from then on.</summary>
    public IReadOnlyList<OrderAttribute> Attributes { get; init; } = [];

    /// <summary>For POS orders: the shop's own location id.</summary>
    public long? LocationId { get; init; }

    public bool Test { get; init; }

    public string? Name { get; init; }

    public InventoryBehaviour Inventory { get; init; } = InventoryBehaviour.DecrementObeyingPolicy;
}

/// <summary>A line to refund. Location null: where the units were to ship from.</summary>
public sealed record RefundRequest(long LineId, int Quantity, string RestockType, long? LocationId = null);

/// <summary>
/// One step of an order edit: a new current quantity for a line, or a new line. <see cref="Restock"/> false drops removed
/// units from on-hand too.
/// </summary>
public sealed record EditStep(long? LineId = null, LineRequest? NewLine = null, int Quantity = 0, bool Restock = true);

/// <summary>Why a shop refused to change an order, in order of precedence.</summary>
public enum OrderRefusal
{
    UnknownOrder,
    EmptyOrder,
    UnknownVariant,
    UnknownLine,
    UnknownLocation,
    UnknownFulfillmentOrder,
    InvalidQuantity,
    InvalidRestockType,
    AlreadyCancelled,
    HasFulfillments,
    NothingToDo,
    NotStockedAtLocation,
    OutOfStock,
}

/// <summary>What came of an order operation: the order after it, or the refusal that left everything as it was.</summary>
public sealed record OrderOutcome(Order? Order, OrderRefusal? Refusal, string? Detail = null)
{
    public bool Accepted => Refusal is null;

    internal static OrderOutcome Done(Order order) => new(order, null);

    internal static OrderOutcome Refused(OrderRefusal refusal, string detail) => new(null, refusal, detail);
}
