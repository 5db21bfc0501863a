using SyncFlow.Channels.Shopify;

namespace SyncFlow.Api.Shopify;

/// <summary>The installed Shopify app, as configured; without a client id there is none, and stores come by custom apps only.</summary>
internal sealed class ShopifyAppSettings(IConfiguration configuration)
{
    private const string DefaultBaseUrl = "https://{shop}";

    /// <summary>The app; null where none is configured.</summary>
    public ShopifyApp? App { get; } =
        configuration["Channels:Shopify:ClientId"] is { Length: > 0 } id && configuration["Channels:Shopify:ClientSecret"] is { Length: > 0 } secret
            ? new ShopifyApp(configuration["Channels:Shopify:BaseUrl"] is { Length: > 0 } url ? url : DefaultBaseUrl, id, secret)
            : null;

    /// <summary>Whether another server stands in for Shopify: only then is the own network called.</summary>
    public bool CallsStandIn { get; } = configuration["Channels:Shopify:BaseUrl"] is { Length: > 0 } url && url != DefaultBaseUrl;
}
