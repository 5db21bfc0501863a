namespace SyncFlow.Simulator.Worlds;

/// <summary>A webhook subscription made through the API.</summary>
public sealed class WebhookSubscription
{
    public long Id { get; init; }

    /// <summary>The API's enum value, for example <c>ORDERS_CREATE</c>.</summary>
    public required string Topic { get; init; }

    public required string Uri { get; set; }

    public string? Name { get; set; }

    public string? Filter { get; set; }

    public List<string> IncludeFields { get; set; } = [];

    public List<string> MetafieldNamespaces { get; set; } = [];

    public required string ApiVersion { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>The topic as headers spell it, for example <c>orders/create</c>.</summary>
    public static string HeaderTopic(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        foreach (var prefix in Resources)
        {
            if (topic.StartsWith(prefix + "_", StringComparison.Ordinal))
            {
#pragma warning disable CA1308 // Shopify spells topics in lower case.
                return $"{prefix.ToLowerInvariant()}/{topic[(prefix.Length + 1)..].ToLowerInvariant()}";
#pragma warning restore CA1308
            }
        }

        return topic;
    }

    private static readonly string[] Resources =
    [
        "FULFILLMENT_ORDERS", "INVENTORY_LEVELS", "INVENTORY_ITEMS", "BULK_OPERATIONS", "ORDERS", "REFUNDS", "PRODUCTS",
        "LOCATIONS", "APP_SUBSCRIPTIONS", "APP", "SHOP",
    ];
}

/// <summary>A webhook that its receiver has not taken yet.</summary>
internal sealed record UndeliveredWebhook(
    Guid WebhookId, long SubscriptionId, string Topic, byte[] Body, Guid EventId, DateTimeOffset TriggeredAt);

/// <summary>A bulk query and its result file.</summary>
public sealed class BulkOperation
{
    public long Id { get; init; }

    public required string Query { get; init; }

    public bool GroupObjects { get; init; }

    /// <summary>CREATED, RUNNING, COMPLETED, FAILED or CANCELED.</summary>
    public string Status { get; set; } = "CREATED";

    public string? ErrorCode { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; set; }

    public long ObjectCount { get; set; }

    public long RootObjectCount { get; set; }

    /// <summary>The result, JSON lines; null until completed or when it came to nothing.</summary>
    public ReadOnlyMemory<byte>? Result { get; set; }

    /// <summary>Address of the result file.</summary>
    public required string Url { get; init; }
}
