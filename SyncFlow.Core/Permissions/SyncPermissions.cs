namespace SyncFlow.Core.Permissions;

/// <summary>In which direction a store may be kept in step. The numbers are stored, a bit each.</summary>
[Flags]
public enum SyncDirection : short
{
    None = 0,

    /// <summary>What the store tells is taken in.</summary>
    Read = 1,

    /// <summary>The store is written to.</summary>
    Push = 2,

    Both = Read | Push,
}

/// <summary>What may be told apart.</summary>
public enum SyncTopic
{
    /// <summary>Orders and what becomes of them.</summary>
    Orders,

    /// <summary>Levels: edits that the store tells of, and the numbers that are written to it.</summary>
    Levels,

    /// <summary>Products, items and locations.</summary>
    Catalog,
}

/// <summary>What a store may do, by topic. Where nothing is said, everything.</summary>
public sealed record SyncPermissions(SyncDirection Orders, SyncDirection Levels, SyncDirection Catalog)
{
    /// <summary>Nothing is forbidden.</summary>
    public static SyncPermissions All { get; } = new(SyncDirection.Both, SyncDirection.Both, SyncDirection.Both);

    /// <summary>Whether levels may be written.</summary>
    public bool MayPush => Levels.HasFlag(SyncDirection.Push);

    /// <summary>Whether what a channel tells under a topic of its own is taken in. What belongs to no topic always is.</summary>
    /// <param name="channelTopic">For example <c>orders/create</c>.</param>
    public bool MayRead(string channelTopic) => TopicOf(channelTopic) switch
    {
        SyncTopic.Orders => Orders.HasFlag(SyncDirection.Read),
        SyncTopic.Levels => Levels.HasFlag(SyncDirection.Read),
        SyncTopic.Catalog => Catalog.HasFlag(SyncDirection.Read),
        null => true,
    };

    /// <summary>The topic that a channel's own topic belongs to; null for the life of the connection itself.</summary>
    public static SyncTopic? TopicOf(string channelTopic)
    {
        var slash = channelTopic.IndexOf('/', StringComparison.Ordinal);
        return (slash < 0 ? channelTopic : channelTopic[..slash]) switch
        {
            // Orders that were asked for, one by one or when the store was imported, are orders like those it told of.
            "orders" or "refunds" or "fulfillment_orders" or "fetch" or "import" => SyncTopic.Orders,
            "inventory_levels" => SyncTopic.Levels,
            "products" or "inventory_items" or "locations" => SyncTopic.Catalog,
            _ => null,
        };
    }
}
