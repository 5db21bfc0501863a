using System.Globalization;

namespace SyncFlow.Channels.Shopify;

/// <summary>The headers of a webhook that we use.</summary>
/// <param name="Topic">For example <c>orders/create</c>.</param>
/// <param name="Shop">The shop's permanent domain, lower case.</param>
/// <param name="WebhookId">The same over all retries of a delivery.</param>
/// <param name="EventId">The same over all deliveries of one action; null when not sent.</param>
/// <param name="TriggeredAt">When the shop says it happened; null when not sent or not readable.</param>
public sealed record ShopifyWebhookHeaders(
    string Topic, string Shop, string WebhookId, string? EventId, string? Hmac, string? ApiVersion,
    DateTimeOffset? TriggeredAt)
{
    /// <summary>Longest id, topic or domain taken from a header.</summary>
    public const int LongestValue = 255;

    /// <summary>Reads the headers. A missing or overlong one is named in <paramref name="problem"/>.</summary>
    /// <param name="headers">Where they are.</param>
    /// <param name="find">A header's first value by its name, whatever the case of the name; null where there is none.</param>
    public static ShopifyWebhookHeaders? Read<THeaders>(THeaders headers, Func<THeaders, string, string?> find, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(find);
        var (topic, shop, webhook) = (find(headers, "X-Shopify-Topic"), find(headers, "X-Shopify-Shop-Domain"), find(headers, "X-Shopify-Webhook-Id"));
        problem = Problem("X-Shopify-Topic", topic) ?? Problem("X-Shopify-Shop-Domain", shop) ?? Problem("X-Shopify-Webhook-Id", webhook);
        if (problem is not null)
        {
            return null;
        }

#pragma warning disable CA1308 // Domains are compared in lower case everywhere.
        return new ShopifyWebhookHeaders(
            topic!, shop!.ToLowerInvariant(), webhook!, Short(find(headers, "X-Shopify-Event-Id")), find(headers, "X-Shopify-Hmac-Sha256"),
            Short(find(headers, "X-Shopify-API-Version")), Moment(find(headers, "X-Shopify-Triggered-At")));
#pragma warning restore CA1308
    }

    private static string? Problem(string name, string? value) => string.IsNullOrEmpty(value)
        ? $"{name} is missing"
        : value.Length > LongestValue ? $"{name} is longer than {LongestValue} characters" : null;

    private static string? Short(string? value) => value is { Length: > 0 and <= LongestValue } ? value : null;

    private static DateTimeOffset? Moment(string? value) => DateTimeOffset.TryParse(
        value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
