using System.Globalization;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Billing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Billing;

/// <summary>Bills through the store's own Admin API: subscriptions with a usage line and a cap.</summary>
internal sealed class BillingApiProvider(ChannelLinks links, SubscriptionStore subscriptions, BillingOptions options, TimeProvider time) : IBillingProvider
{
    private static readonly ChannelFault NoAccess = new(ChannelFaultKind.Transient, "NO_ACCESS", "the store may not be called now");

    public async Task<ChannelResult<IReadOnlyList<Subscription>>> ReadAsync(BillingShop shop, CancellationToken ct)
    {
        if (await links.OpenAsync(shop.Tenant, shop.Connection, ct).ConfigureAwait(false) is not { } link)
        {
            return NoAccess;
        }

        var told = await link.Client.ReadSubscriptionsAsync(options.Terms, time.GetUtcNow(), ct).ConfigureAwait(false);
        return told.Succeeded ? told.Value : told.Fault;
    }

    /// <summary>A merchant who had a subscription before gets no second trial.</summary>
    public async Task<ChannelResult<Uri>> OfferAsync(BillingShop shop, BillingPlan plan, decimal? cap, CancellationToken ct)
    {
        if (await links.OpenAsync(shop.Tenant, shop.Connection, ct).ConfigureAwait(false) is not { } link)
        {
            return NoAccess;
        }

        var trialLeft = await subscriptions.HadOneAsync(shop.Tenant, ct).ConfigureAwait(false)
            ? 0
            : (int)Math.Ceiling((shop.TenantSince.AddDays(options.Terms.TrialDays) - time.GetUtcNow()).TotalDays);
        var offer = new SubscriptionOffer(plan, options.Terms.Currency, options.ReturnUrl, Math.Max(0, trialLeft), cap, options.Test);
        var offered = await link.Client.OfferSubscriptionAsync(offer, ct).ConfigureAwait(false);
        return offered.Succeeded ? offered.Value.ConfirmationUrl : offered.Fault;
    }

    public async Task<ChannelResult<string>> CancelAsync(BillingShop shop, Subscription subscription, CancellationToken ct) =>
        await links.OpenAsync(shop.Tenant, shop.Connection, ct).ConfigureAwait(false) is { } link
            ? await link.Client.CancelSubscriptionAsync(subscription.ExternalId, ct).ConfigureAwait(false)
            : NoAccess;

    public async Task<ChannelResult<string>> ChargeAsync(BillingShop shop, UsageCharge charge, CancellationToken ct)
    {
        var description = string.Create(CultureInfo.InvariantCulture, $"{charge.Units} syncs beyond the plan, {charge.Period.Start:yyyy-MM-dd} to {charge.Period.End:yyyy-MM-dd}, block {charge.Block}");
        return await links.OpenAsync(shop.Tenant, shop.Connection, ct).ConfigureAwait(false) is { } link
            ? await link.Client.ChargeUsageAsync(charge.UsageLine, charge.Price, options.Terms.Currency, description, charge.Key, ct).ConfigureAwait(false)
            : NoAccess;
    }
}
