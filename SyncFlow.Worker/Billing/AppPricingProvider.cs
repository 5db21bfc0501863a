using SyncFlow.Channels.Shopify.Billing;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Billing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Billing;

/// <summary>Bills through Shopify App Pricing: Shopify shows the plans and charges what the meter is told.</summary>
internal sealed class AppPricingProvider(ChannelLinks links, IHttpClientFactory clients, BillingOptions options, TimeProvider time) : IBillingProvider
{
    public async Task<ChannelResult<IReadOnlyList<Subscription>>> ReadAsync(BillingShop shop, CancellationToken ct)
    {
        var id = await ShopIdAsync(shop, ct).ConfigureAwait(false);
        return id.Succeeded ? await Pricing().ReadAsync(id.Value, options.Terms, time.GetUtcNow(), ct).ConfigureAwait(false) : id.Fault;
    }

    /// <summary>Shopify's own page of the app's plans; plan and cap are chosen there.</summary>
    public Task<ChannelResult<Uri>> OfferAsync(BillingShop shop, BillingPlan plan, decimal? cap, CancellationToken ct) => Task.FromResult<ChannelResult<Uri>>(
        new Uri($"https://admin.shopify.com/store/{shop.Shop.Split('.')[0]}/charges/{options.AppHandle}/pricing_plans"));

    public Task<ChannelResult<string>> CancelAsync(BillingShop shop, Subscription subscription, CancellationToken ct) => Task.FromResult<ChannelResult<string>>(
        new ChannelFault(ChannelFaultKind.Rejected, "ON_SHOPIFY", "plans are ended on Shopify's page of the app's plans"));

    public async Task<ChannelResult<string>> ChargeAsync(BillingShop shop, UsageCharge charge, CancellationToken ct)
    {
        var id = await ShopIdAsync(shop, ct).ConfigureAwait(false);
        return id.Succeeded
            ? await Pricing().TellUsageAsync(id.Value, charge.Units, charge.Key, time.GetUtcNow(), ct).ConfigureAwait(false)
            : id.Fault;
    }

    private AppPricing Pricing() => new(clients.CreateClient(ChannelLinks.HttpClientName), options.AppPricing!);

    private async Task<ChannelResult<string>> ShopIdAsync(BillingShop shop, CancellationToken ct)
    {
        if (await links.OpenAsync(shop.Tenant, shop.Connection, ct).ConfigureAwait(false) is not { } link)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "NO_ACCESS", "the store may not be called now");
        }

        var told = await link.Client.ReadShopAsync(ct).ConfigureAwait(false);
        return told.Succeeded ? $"gid://shopify/Shop/{told.Value.ShopRef}" : told.Fault;
    }
}
