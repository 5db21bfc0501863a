using System.Collections.Immutable;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Channels.Shopify;

public sealed partial class ShopifyClient
{
    /// <summary>The variables of a set, key included, as text to be stored before sending.</summary>
    public static string PrepareSetBody(Push push) => throw new NotImplementedException();

    /// <summary>Sends a prepared set; the answers stand in the order of the push's elements.</summary>
    public Task<ChannelResult<ImmutableArray<ElementAnswer>>> SendSetAsync(
        Guid key, string preparedBody, Push push, CancellationToken cancel) => throw new NotImplementedException();

    /// <summary>Prepares and sends in one step, for callers that keep no intent.</summary>
    public Task<ChannelResult<ImmutableArray<ElementAnswer>>> SetQuantitiesAsync(
        string key, IReadOnlyList<PushElement> elements, string referenceUri, CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <summary>Stocks an item at a location, with this many available units.</summary>
    public Task<ChannelResult<LevelAnswer>> ActivateAsync(
        Guid key, LevelRef level, int available, CancellationToken cancel) => throw new NotImplementedException();

    /// <summary>Finds out whether the shop keeps idempotency keys, by a set that changes nothing.</summary>
    public Task<ChannelResult<IdempotencyProof>> ProbeIdempotencyAsync(
        Guid key, LevelRef level, int value, CancellationToken cancel) => throw new NotImplementedException();

    public Task<ChannelResult<ShopInfo>> ReadShopAsync(CancellationToken cancel) => throw new NotImplementedException();

    public Task<ChannelResult<ImmutableArray<ShopLocationInfo>>> ReadLocationsAsync(CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <summary>All variants in pages; a fault ends the reading. Over 2,000 variants by bulk operation.</summary>
    public IAsyncEnumerable<ChannelResult<ImmutableArray<CatalogItem>>> ReadCatalogAsync(CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <summary>The variants of one product or of one stock item; empty when the shop has it no longer.</summary>
    public Task<ChannelResult<ImmutableArray<CatalogItem>>> ReadProductAsync(string productRef, CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <inheritdoc cref="ReadProductAsync"/>
    public Task<ChannelResult<ImmutableArray<CatalogItem>>> ReadItemAsync(string itemRef, CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <summary>Orders changed since a moment, oldest change first, in pages; a fault ends the reading.</summary>
    public IAsyncEnumerable<ChannelResult<OrderPage>> ReadOrdersUpdatedSinceAsync(
        DateTimeOffset since, CancellationToken cancel) => throw new NotImplementedException();

    /// <summary>All open orders in pages; a fault ends the reading.</summary>
    public IAsyncEnumerable<ChannelResult<OrderPage>> ReadOpenOrdersAsync(CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <summary>One order; a page without orders when the shop has it no longer. Takes <c>fulfillment_order:id</c> too.</summary>
    public Task<ChannelResult<OrderPage>> ReadOrderAsync(string orderRef, CancellationToken cancel) =>
        throw new NotImplementedException();

    /// <summary>Levels with all states, one answer per pair, in the order asked.</summary>
    public Task<ChannelResult<ImmutableArray<LevelAnswer>>> ReadLevelsAsync(
        IReadOnlyList<LevelRef> levels, CancellationToken cancel) => throw new NotImplementedException();

    /// <summary>Makes the shop's subscriptions of this app exactly the ones wanted.</summary>
    public Task<ChannelResult<ImmutableArray<WebhookChange>>> EnsureWebhooksAsync(
        Uri callback, IReadOnlyList<string> topics, CancellationToken cancel) => throw new NotImplementedException();
}

internal static class ShopifyWebhooks
{
    internal static NormaliseResult Normalise(InboundEvent e) => throw new NotImplementedException(e.Topic);
}

internal static class ShopifyOrders
{
    internal static NormaliseResult Normalise(InboundEvent e) => throw new NotImplementedException(e.Topic);
}
