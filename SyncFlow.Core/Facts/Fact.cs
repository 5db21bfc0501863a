using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;

namespace SyncFlow.Core.Facts;

/// <summary>What an inbox event means. Snapshots carry a version; movements a unique key; so any may arrive twice or late.</summary>
/// <param name="Key">Names the fact in ledger entries, for example <c>order:7:5512</c>.</param>
/// <param name="Connection">Where it came from; null for facts made in SyncFlow (an adjustment through the API).</param>
/// <param name="InboxEvent">The inbox event that carried it.</param>
/// <param name="OccurredAt">When it happened, by the reporter's clock.</param>
public abstract record Fact(string Key, ConnectionId? Connection, long? InboxEvent, DateTimeOffset OccurredAt);

/// <summary>An order's state.</summary>
public sealed record OrderFact(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, OrderSnapshot Snapshot)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>An order changed in a way the event does not carry whole: read it.</summary>
/// <param name="OrderRef">The order, or whatever of it the channel named.</param>
/// <param name="PlaceOnly">Nothing changed but where its lines ship from.</param>
public sealed record OrderTouched(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, string OrderRef, bool PlaceOnly = false)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>A level as a channel announced it: available only, any age.</summary>
/// <param name="ItemRef">The channel's stock item.</param>
/// <param name="ExternalLocation">The channel's location.</param>
/// <param name="Available">Sellable units; null when the channel left it out.</param>
/// <param name="Version">The channel's time in ticks; 0 when it gave none: then it is a hint.</param>
public sealed record LevelAnnounced(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt,
    string ItemRef, string ExternalLocation, int? Available, long Version)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>A level that we read ourselves, with no push of ours on its way during the read.</summary>
/// <param name="Reading">What it showed, and the marks taken just before.</param>
public sealed record LevelRead(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, Reading Reading)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>A person gave a level free again whose writes were stopped (rules R5, R10).</summary>
/// <param name="By">Who.</param>
/// <param name="Reason">Why it may be written again, in that person's words.</param>
public sealed record LevelReleased(
    string Key, ConnectionId From, DateTimeOffset OccurredAt, LevelId Level, string By, string Reason)
    : Fact(Key, From, null, OccurredAt)
{
    /// <summary>How a level's history names it.</summary>
    public static string CauseOf(string by, string reason) => $"released by {by}: {reason}";
}

/// <summary>A unique movement of units, such as a receipt or an adjustment.</summary>
public sealed record StockMovement(
    string Key, ConnectionId? From, long? InboxEvent, DateTimeOffset OccurredAt,
    SkuId Sku, LocationId Location, Bucket Bucket, int Delta, EntryReason Reason)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>A stock item of a channel's catalog as read again.</summary>
/// <param name="ItemRef">The channel's stock item.</param>
/// <param name="Present">Whether any mapped variant of it is still in the catalog.</param>
/// <param name="Limit">What limits its sales, over all variants that share it: the loosest.</param>
public sealed record ItemRead(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, string ItemRef, bool Present, SellingLimit Limit)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>A channel's catalog or its own life changed.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Ref">The channel's id of what it happened to (item, variant, product or location); empty for the connection.</param>
/// <param name="ExternalLocation">The channel's location, for levels.</param>
public sealed record ChannelChanged(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt,
    ChannelChange Kind, string Ref, string? ExternalLocation)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>What changed on a channel besides orders and levels.</summary>
public enum ChannelChange : short
{
    LevelConnected = 1,
    LevelDisconnected = 2,
    ItemChanged = 3,
    ItemDeleted = 4,
    ProductChanged = 5,
    ProductDeleted = 6,
    LocationChanged = 7,
    LocationDeactivated = 8,
    LocationActivated = 9,
    LocationDeleted = 10,
    Uninstalled = 11,

    /// <summary>What the app was granted is another set of scopes now.</summary>
    ScopesChanged = 100,

    /// <summary>The app's subscription changed, or nears its cap.</summary>
    SubscriptionChanged = 101,
}
