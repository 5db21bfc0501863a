using SyncFlow.Channels.Shopify;

namespace SyncFlow.Channels;

/// <summary>Turns what channels say into facts. Pure: no clock, no calls, no exceptions for bad input.</summary>
public static class Normalisers
{
    /// <summary>The facts of an event, in the order they are to be applied.</summary>
    public static NormaliseResult Normalise(InboundEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e.Content switch
        {
            ContentKinds.ShopifyWebhook => ShopifyWebhooks.Normalise(e),
            ContentKinds.ShopifyOrder => ShopifyOrders.Normalise(e),
            _ => NormaliseResult.Ignored($"no adapter for content '{e.Content}'"),
        };
    }
}
