using SyncFlow.Channels.Http;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Compliance;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Shopify;

/// <summary>Composes what the embedded app needs.</summary>
internal static class ShopifyAppHost
{
    public static IServiceCollection AddShopifyApp(this IServiceCollection services)
    {
        services.AddHttpClient(OpenApp.Work.HttpClientName)
            .ConfigurePrimaryHttpMessageHandler(provider => OutboundGuard.CreateHandler(
                allowInside: provider.GetRequiredService<ShopifyAppSettings>().CallsStandIn));
        return services.AddSingleton<ShopifyAppSettings>().AddSingleton<ShopifySessions>().AddSingleton<InstallDesk>().AddSingleton<BillingDesk>().AddSingleton<ComplianceDesk>().AddSingleton<OpenApp.Work>();
    }
}
