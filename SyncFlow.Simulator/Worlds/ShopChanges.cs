namespace SyncFlow.Simulator.Worlds;

/// <summary>Something a shop tells its subscribers: the webhook topic and the resource it speaks of.</summary>
public sealed record ShopNotice(string Topic, object Resource);

/// <summary>Units that physically left (positive) or came back (negative) for a SKU.</summary>
public sealed record PhysicalMove(string Sku, int Units, long OrderId);

/// <summary>A refund as its webhook needs it.</summary>
public sealed record RefundNotice(Order Order, Refund Refund);

/// <summary>An order edit as its webhook needs it: line id and units added or removed.</summary>
public sealed record EditNotice(
    Order Order, long EditId, DateTimeOffset At, IReadOnlyList<(long LineId, int Delta)> Additions,
    IReadOnlyList<(long LineId, int Delta)> Removals);

/// <summary>A moved fulfilment order as its webhook needs it.</summary>
public sealed record MoveNotice(Order Order, FulfillmentOrder Original, FulfillmentOrder Moved);

/// <summary>Everything one operation on a shop touched: what to journal, what to announce, what moved physically.</summary>
public sealed class ShopChanges
{
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);

    public List<Level> Levels { get; } = [];

    public List<Order> Orders { get; } = [];

    public List<Product> Products { get; } = [];

    public List<long> DeletedProducts { get; } = [];

    public List<ShopLocation> Locations { get; } = [];

    public List<AdjustmentGroup> Groups { get; } = [];

    public List<ShopNotice> Notices { get; } = [];

    public List<PhysicalMove> Moves { get; } = [];

    internal void Touch(Order order)
    {
        if (_seen.Add(order))
        {
            Orders.Add(order);
        }
    }

    internal void Touch(Level level)
    {
        if (_seen.Add(level))
        {
            Levels.Add(level);
        }
    }

    internal void Touch(Product product)
    {
        if (_seen.Add(product))
        {
            Products.Add(product);
        }
    }

    internal void Touch(ShopLocation location)
    {
        if (_seen.Add(location))
        {
            Locations.Add(location);
        }
    }

    internal void Tell(string topic, object resource) => Notices.Add(new ShopNotice(topic, resource));

    /// <summary>Announces a level once per operation, however often the operation touched it.</summary>
    internal void TellAvailable(Level level)
    {
        Touch(level);
        foreach (var notice in Notices)
        {
            if (notice.Topic == "inventory_levels/update" && ReferenceEquals(notice.Resource, level))
            {
                return;
            }
        }

        Tell("inventory_levels/update", level);
    }
}
