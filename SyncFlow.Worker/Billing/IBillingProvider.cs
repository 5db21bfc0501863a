using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Billing;

namespace SyncFlow.Worker.Billing;

/// <summary>Who bills merchants. Two ways, one meaning: subscriptions are read, use is charged under a key that counts once.</summary>
internal interface IBillingProvider
{
    /// <summary>All subscriptions of a merchant that the provider still knows.</summary>
    Task<ChannelResult<IReadOnlyList<Subscription>>> ReadAsync(BillingShop shop, CancellationToken ct);

    /// <summary>Where a merchant chooses or approves a plan.</summary>
    Task<ChannelResult<Uri>> OfferAsync(BillingShop shop, BillingPlan plan, decimal? cap, CancellationToken ct);

    /// <summary>Ends a subscription.</summary>
    Task<ChannelResult<string>> CancelAsync(BillingShop shop, Subscription subscription, CancellationToken ct);

    /// <summary>Charges a block of use; the same charge again charges nothing.</summary>
    /// <returns>The provider's id of it; a fault of kind rejected where it will never be taken, as beyond the cap.</returns>
    Task<ChannelResult<string>> ChargeAsync(BillingShop shop, UsageCharge charge, CancellationToken ct);
}
