using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>One API request: whose it is, when, and what it changes.</summary>
internal sealed class RequestContext(World world, Shop shop, string apiVersion, DateTimeOffset now)
{
    internal World World { get; } = world;

    internal Shop Shop { get; } = shop;

    internal string ApiVersion { get; } = apiVersion;

    internal DateTimeOffset Now { get; } = now;

    /// <summary>Address under which the caller reached the sandbox; result files are served below it.</summary>
    internal required string PublicAddress { get; init; }

    /// <summary>True while a bulk operation runs its query: connections are not paged.</summary>
    internal bool IsBulk { get; init; }

    /// <summary>Set when this request's inventory sets are to answer success and change nothing.</summary>
    internal bool DropSets { get; init; }

    internal ShopChanges Changes { get; } = new();

    /// <summary>Subscriptions made, changed or (value null) deleted.</summary>
    internal Dictionary<long, WebhookSubscription?> Subscriptions { get; } = [];

    /// <summary>Set when the app's subscriptions changed.</summary>
    internal bool BillingChanged { get; set; }

    /// <summary>Bulk operations to start once the request is answered.</summary>
    internal List<BulkOperation> Started { get; } = [];

    /// <summary>Keys this very request marked as running before it was delayed.</summary>
    internal HashSet<string> Claimed { get; init; } = [];

    /// <summary>Idempotency answers to journal.</summary>
    internal List<IdempotencyEntry> Remembered { get; } = [];

    /// <summary>Notes on search terms Shopify would not understand: field and message.</summary>
    internal List<(string Field, string Message)> SearchWarnings { get; } = [];
}
