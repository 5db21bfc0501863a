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

    /// <summary>Reads the headers, whatever the case of their names. A missing or overlong one is named in <paramref name="problem"/>.</summary>
    /// <param name="headers">Name and value; of repeated names the first counts.</param>
    public static ShopifyWebhookHeaders? Read(IEnumerable<KeyValuePair<string, string?>> headers, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(headers);
        string? topic = null, shop = null, webhook = null, @event = null, hmac = null, version = null, triggered = null;
        foreach (var (name, value) in headers)
        {
            switch (name)
            {
                case var _ when Is(name, "X-Shopify-Topic"): topic ??= value; break;
                case var _ when Is(name, "X-Shopify-Shop-Domain"): shop ??= value; break;
                case var _ when Is(name, "X-Shopify-Webhook-Id"): webhook ??= value; break;
                case var _ when Is(name, "X-Shopify-Event-Id"): @event ??= value; break;
                case var _ when Is(name, "X-Shopify-Hmac-Sha256"): hmac ??= value; break;
                case var _ when Is(name, "X-Shopify-API-Version"): version ??= value; break;
                case var _ when Is(name, "X-Shopify-Triggered-At"): triggered ??= value; break;
                default: break;
            }
        }

        problem = Problem("X-Shopify-Topic", topic) ?? Problem("X-Shopify-Shop-Domain", shop) ?? Problem("X-Shopify-Webhook-Id", webhook);
        if (problem is not null)
        {
            return null;
        }

#pragma warning disable CA1308 // Domains are compared in lower case everywhere.
        return new ShopifyWebhookHeaders(
            topic!, shop!.ToLowerInvariant(), webhook!, Short(@event), hmac, Short(version), Moment(triggered));
#pragma warning restore CA1308
    }

    private static bool Is(string name, string wanted) => name.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    private static string? Problem(string name, string? value) => string.IsNullOrEmpty(value)
        ? $"{name} is missing"
        : value.Length > LongestValue ? $"{name} is longer than {LongestValue} characters" : null;

    private static string? Short(string? value) => value is { Length: > 0 and <= LongestValue } ? value : null;

    private static DateTimeOffset? Moment(string? value) => DateTimeOffset.TryParse(
        value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
