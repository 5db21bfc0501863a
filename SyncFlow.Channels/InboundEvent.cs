using SyncFlow.Core;

namespace SyncFlow.Channels;

/// <summary>An inbox event as the normalisers see it.</summary>
/// <param name="Content">What the body is, one of <see cref="ContentKinds"/>.</param>
/// <param name="Topic">The channel's own topic, or how we came by the body (<c>fetch</c>, <c>import</c>).</param>
/// <param name="Connection">From whom.</param>
/// <param name="InboxEvent">The event's number in the inbox; stands in ledger entries.</param>
/// <param name="EventRef">Names this event among others of the connection, for example the webhook id.</param>
/// <param name="TriggeredAt">When the channel says it happened, or when we asked.</param>
/// <param name="Body">UTF-8 JSON as received.</param>
public sealed record InboundEvent(
    string Content, string Topic, ConnectionId Connection, long InboxEvent, string EventRef, DateTimeOffset TriggeredAt,
    ReadOnlyMemory<byte> Body);

/// <summary>Kinds of inbox content that a channel's adapter understands. The texts are stored.</summary>
public static class ContentKinds
{
    /// <summary>The body of a Shopify webhook; the topic is Shopify's.</summary>
    public const string ShopifyWebhook = "shopify.webhook";

    /// <summary>One order as our own GraphQL query selects it; the topic is <c>fetch</c> or <c>import</c>.</summary>
    public const string ShopifyOrder = "shopify.order";
}
