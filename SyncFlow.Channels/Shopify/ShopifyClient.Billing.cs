using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>A subscription to offer to a merchant.</summary>
/// <param name="Plan">What it is for; its name is the subscription's.</param>
/// <param name="Currency">Of the prices.</param>
/// <param name="ReturnUrl">Where the merchant comes back to.</param>
/// <param name="TrialDays">Free days; 0 for none.</param>
/// <param name="Cap">The most to charge for use beyond the plan; null for no usage line.</param>
/// <param name="Test">Whether nobody is to be charged.</param>
public sealed record SubscriptionOffer(BillingPlan Plan, string Currency, Uri ReturnUrl, int TrialDays, decimal? Cap, bool Test);

/// <summary>An offered subscription.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ConfirmationUrl">Where the merchant approves or declines it, within two days.</param>
public sealed record OfferedSubscription(string Id, Uri ConfirmationUrl);

// Shopify's Billing API.
public sealed partial class ShopifyClient
{
    /// <summary>Subscriptions that are read, the newest first; older ones have ended long ago.</summary>
    private const int MostSubscriptions = 20;

    /// <summary>The app's subscriptions, the newest first. A plan is known by the subscription's name.</summary>
    /// <param name="terms">The plans.</param>
    /// <param name="seenAt">Our clock: when a status is first seen.</param>
    public Task<ChannelResult<ImmutableArray<Subscription>>> ReadSubscriptionsAsync(
        BillingTerms terms, DateTimeOffset seenAt, CancellationToken cancel) => AskAsync<ImmutableArray<Subscription>>(
        ShopifyOperation.Named("AppSubscriptions"), new { first = MostSubscriptions }, 20, BudgetUse.Publish,
        data => data.GetProperty("currentAppInstallation").GetProperty("allSubscriptions").GetProperty("nodes").EnumerateArray()
            .Select(node => Read(node, terms, seenAt)).ToImmutableArray(),
        cancel);

    /// <summary>Offers a subscription; nothing is charged before the merchant approves. The one before ends then.</summary>
    public Task<ChannelResult<OfferedSubscription>> OfferSubscriptionAsync(SubscriptionOffer offer, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(offer);
        object Money(decimal amount) => new { amount = amount.ToString(CultureInfo.InvariantCulture), currencyCode = offer.Currency };
        List<object> lines = [new { plan = new { appRecurringPricingDetails = new { price = Money(offer.Plan.MonthlyPrice), interval = "EVERY_30_DAYS" } } }];
        if (offer is { Cap: { } cap, Plan.Overage: { } more })
        {
            var terms = string.Create(
                CultureInfo.InvariantCulture, $"{more.BlockPrice} {offer.Currency} for every {more.BlockSyncs} syncs beyond {offer.Plan.SyncsPerMonth} a month");
            lines.Add(new { plan = new { appUsagePricingDetails = new { cappedAmount = Money(cap), terms } } });
        }

        return AskAsync(
            ShopifyOperation.Named("AppSubscriptionCreate"),
            new
            {
                name = offer.Plan.Name,
                lineItems = lines,
                returnUrl = offer.ReturnUrl.AbsoluteUri,
                trialDays = offer.TrialDays,
                test = offer.Test,
                replacementBehavior = "STANDARD",
            },
            MutationCost, BudgetUse.Publish,
            data => Offered(data.GetProperty("appSubscriptionCreate")), cancel);
    }

    /// <summary>Ends a subscription.</summary>
    public Task<ChannelResult<string>> CancelSubscriptionAsync(string id, CancellationToken cancel) => AskAsync<string>(
        ShopifyOperation.Named("AppSubscriptionCancel"), new { id }, MutationCost, BudgetUse.Publish,
        data => ShopifyFaults.OfUserErrors(data.GetProperty("appSubscriptionCancel"), "CANCEL_REFUSED") is { } refused ? refused : id,
        cancel);

    /// <summary>Charges use to a subscription's usage line. A repeat under the same key charges nothing and answers the same.</summary>
    /// <returns>The record's id; a fault of kind rejected where the cap is reached.</returns>
    public Task<ChannelResult<string>> ChargeUsageAsync(
        string usageLine, decimal price, string currency, string description, string key, CancellationToken cancel) => AskAsync<string>(
        ShopifyOperation.Named("AppUsageRecordCreate"),
        new
        {
            subscriptionLineItemId = usageLine,
            price = new { amount = price.ToString(CultureInfo.InvariantCulture), currencyCode = currency },
            description,
            idempotencyKey = key,
        },
        MutationCost, BudgetUse.Publish,
        data => ShopifyFaults.OfUserErrors(data.GetProperty("appUsageRecordCreate"), "USAGE_REFUSED") is { } refused
            ? refused
            : Text(data.GetProperty("appUsageRecordCreate").GetProperty("appUsageRecord"), "id"),
        cancel);

    private static ChannelResult<OfferedSubscription> Offered(JsonElement payload) =>
        ShopifyFaults.OfUserErrors(payload, "SUBSCRIPTION_REFUSED") is { } refused
            ? refused
            : new OfferedSubscription(Text(payload.GetProperty("appSubscription"), "id"), new Uri(Text(payload, "confirmationUrl")));

    private static Subscription Read(JsonElement node, BillingTerms terms, DateTimeOffset seenAt)
    {
        var name = Text(node, "name");
        var usage = node.GetProperty("lineItems").EnumerateArray()
            .Select(line => (Id: Text(line, "id"), Details: line.GetProperty("plan").GetProperty("pricingDetails")))
            .FirstOrDefault(line => Text(line.Details, "__typename") == "AppUsagePricing");
        var (createdAt, trialDays) = (node.GetProperty("createdAt").GetDateTimeOffset(), node.GetProperty("trialDays").GetInt32());
        return new Subscription(
            Text(node, "id"), terms.Plans.FirstOrDefault(plan => plan.Name == name)?.Id ?? name, Status(Text(node, "status")), seenAt,
            trialDays > 0 ? createdAt.AddDays(trialDays) : null,
            Maybe(node, "currentPeriodEnd")?.GetDateTimeOffset(), node.GetProperty("test").GetBoolean(), usage.Id,
            usage.Id is null ? null : decimal.Parse(Text(usage.Details.GetProperty("cappedAmount"), "amount"), CultureInfo.InvariantCulture));
    }

    private static SubscriptionStatus Status(string word) => word switch
    {
        "PENDING" => SubscriptionStatus.Pending,
        "ACTIVE" or "ACCEPTED" => SubscriptionStatus.Active,
        "DECLINED" => SubscriptionStatus.Declined,
        "EXPIRED" => SubscriptionStatus.Expired,
        "FROZEN" => SubscriptionStatus.Frozen,
        "CANCELLED" => SubscriptionStatus.Cancelled,
        _ => throw new FormatException("an unknown subscription status"),
    };
}
