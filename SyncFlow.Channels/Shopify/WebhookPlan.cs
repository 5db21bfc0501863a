namespace SyncFlow.Channels.Shopify;

/// <summary>Decides what to do so that exactly the wanted subscriptions exist.</summary>
internal static class WebhookPlan
{
    /// <param name="Topic">GraphQL's name, for example <c>ORDERS_CREATE</c>.</param>
    internal sealed record Subscription(string Ref, string Topic, string Uri, string? Filter);

    /// <param name="Ref">The subscription to act on; null for one to create.</param>
    internal sealed record Step(WebhookAction Action, string Topic, string? Ref);

    internal static List<Step> Of(IReadOnlyList<Subscription> existing, string uri, IReadOnlyList<string> topics)
    {
        var steps = new List<Step>();
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var topic in topics.Select(GraphTopic).Distinct())
        {
            var candidates = existing.Where(s => s.Topic == topic).ToList();
            var right = candidates.Find(s => IsRight(s, uri));
            var chosen = right ?? candidates.FirstOrDefault();
            steps.Add(new Step(
                right is not null ? WebhookAction.Kept : chosen is not null ? WebhookAction.Repaired : WebhookAction.Created,
                topic, chosen?.Ref));
            if (chosen is not null)
            {
                kept.Add(chosen.Ref);
            }
        }

        steps.AddRange(existing.Where(s => !kept.Contains(s.Ref)).Select(s => new Step(WebhookAction.Deleted, s.Topic, s.Ref)));
        return steps;
    }

    /// <summary><c>orders/create</c> → <c>ORDERS_CREATE</c>.</summary>
    internal static string GraphTopic(string header) => header.Replace('/', '_').ToUpperInvariant();

    /// <summary>
    /// <c>ORDERS_CREATE</c> → <c>orders/create</c>. The slash stands after the resource, whose own name may have an
    /// underscore, so the resources with one that we use are named here.
    /// </summary>
    internal static string HeaderTopic(string topic)
    {
#pragma warning disable CA1308 // Webhook headers write topics in lower case.
        var text = topic.ToLowerInvariant();
#pragma warning restore CA1308
        var resource = Array.Find(LongResources, r => text.StartsWith(r + "_", StringComparison.Ordinal));
        var end = resource?.Length ?? text.IndexOf('_', StringComparison.Ordinal);
        return end < 0 ? text : $"{text[..end]}/{text[(end + 1)..]}";
    }

    private static readonly string[] LongResources =
    [
        "inventory_levels", "inventory_items", "inventory_shipments", "inventory_transfers", "fulfillment_orders",
        "fulfillment_events", "fulfillment_holds", "bulk_operations", "order_transactions", "app_subscriptions",
        "app_purchases", "draft_orders", "product_listings", "collection_listings", "product_feeds",
    ];

    private static bool IsRight(Subscription subscription, string uri) =>
        subscription.Uri == uri && string.IsNullOrEmpty(subscription.Filter);
}
