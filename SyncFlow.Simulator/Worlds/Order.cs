using System.Text.Json.Serialization;

namespace SyncFlow.Simulator.Worlds;

/// <summary>An order of one shop. Quantities are units; times carry the world's full precision.</summary>
public sealed class Order
{
    public long Id { get; init; }

    public required string Name { get; init; }

    /// <summary><c>web</c>, <c>pos</c>, or the name an importing app gave.</summary>
    public required string SourceName { get; init; }

    /// <summary>What the storefront noted on the cart.</summary>
    public IReadOnlyList<OrderAttribute> Attributes { get; init; } = [];

    /// <summary>The POS location; null for other orders.</summary>
    public long? PosLocationId { get; init; }

    public bool Test { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? CancelledAt { get; set; }

    public DateTimeOffset? ClosedAt { get; set; }

    public bool Edited { get; set; }

    /// <summary>Counts changes; finer than the one-second updated_at that the API shows.</summary>
    public long Version { get; set; }

    public List<OrderLine> Lines { get; init; } = [];

    public List<FulfillmentOrder> FulfillmentOrders { get; init; } = [];

    public List<Fulfillment> Fulfillments { get; init; } = [];

    public List<Refund> Refunds { get; init; } = [];

    /// <summary>The updated_at under which the search index holds the order; null while it is not in it.</summary>
    [JsonIgnore]
    internal DateTimeOffset? IndexedUpdatedAt { get; set; }

    /// <summary>Units still to be fulfilled over all lines.</summary>
    [JsonIgnore]
    public int Fulfillable => Lines.Sum(l => l.FulfillableQuantity);

    /// <summary>REST fulfillment_status: null, <c>partial</c>, <c>fulfilled</c> or <c>restocked</c>.</summary>
    [JsonIgnore]
    public string? FulfillmentStatus =>
        Fulfillable == 0
            ? Fulfillments.Count > 0 ? "fulfilled" : CancelledAt is not null ? "restocked" : null
            : Fulfillments.Count > 0 ? "partial" : null;

    /// <summary>REST financial_status; the sandbox takes every order as paid.</summary>
    [JsonIgnore]
    public string FinancialStatus =>
        Lines.All(l => l.RefundedQuantity == 0) ? "paid" : Lines.All(l => l.RefundedQuantity >= l.Quantity) ? "refunded" : "partially_refunded";
}

/// <summary>A line of an order.</summary>
public sealed class OrderLine
{
    public long Id { get; init; }

    public long VariantId { get; init; }

    public long ItemId { get; init; }

    public long ProductId { get; init; }

    public required string Sku { get; init; }

    public required string Title { get; init; }

    /// <summary>Units ordered, edits upward included.</summary>
    public int Quantity { get; set; }

    /// <summary>Units ordered less what edits, cancels and refunds took off.</summary>
    public int CurrentQuantity { get; set; }

    /// <summary>Units still to be fulfilled.</summary>
    public int FulfillableQuantity { get; set; }

    public int RefundedQuantity { get; set; }

    /// <summary>All shops of the sandbox sell in it.</summary>
    internal const string Currency = "EUR";

    /// <summary>What one unit costs: by its variant, so that nobody has to keep it.</summary>
    [JsonIgnore]
    public decimal UnitPrice => 5 + (VariantId % 200 / 4m);

    /// <summary>True when the line took its units from a level; false for untracked items and for bypassing orders.</summary>
    public bool Claimed { get; init; }

    /// <summary>True when the line's units come from the world's physical stock (not for test orders, untracked items).</summary>
    public bool Physical { get; init; }
}

/// <summary>What one location has to ship of an order.</summary>
public sealed class FulfillmentOrder
{
    public long Id { get; init; }

    public long LocationId { get; set; }

    public required string Status { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    public List<FulfillmentOrderLine> Lines { get; init; } = [];

    [JsonIgnore]
    internal bool IsOpen => Status is "OPEN" or "IN_PROGRESS";
}

/// <summary>A line of a fulfilment order.</summary>
public sealed class FulfillmentOrderLine
{
    public long Id { get; init; }

    public long LineId { get; init; }

    public int Total { get; set; }

    public int Remaining { get; set; }
}

/// <summary>Units that left a location for the customer.</summary>
public sealed class Fulfillment
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public long LocationId { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public List<LineQuantity> Lines { get; init; } = [];
}

/// <summary>Units of one order line, with an id of its own.</summary>
public sealed record LineQuantity(long Id, long LineId, int Quantity);

/// <summary>A refund; its lines say what became of the units.</summary>
public sealed class Refund
{
    public long Id { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public string? Note { get; init; }

    public List<RefundLine> Lines { get; init; } = [];
}

/// <summary>A refunded line. Restock types: <c>no_restock</c>, <c>cancel</c>, <c>return</c>.</summary>
public sealed record RefundLine(long Id, long LineId, int Quantity, string RestockType, long? LocationId);
