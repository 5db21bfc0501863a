using System.Globalization;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>One of a subscription's lines.</summary>
internal sealed record SubscriptionLineView(long Id, AppSubscription Subscription, bool IsUsage);

/// <summary>What a usage line charges, and has charged.</summary>
internal sealed record UsagePricingView(AppSubscription Subscription);

/// <summary>What a recurring line charges.</summary>
internal sealed record RecurringPricingView(AppSubscription Subscription);

/// <summary>An amount of money.</summary>
internal sealed record MoneyView(decimal Amount, string Currency);

/// <summary>A subscription's payload; it has a page to approve on.</summary>
internal sealed record OfferPayload(AppSubscription? Subscription, string? ConfirmationUrl, IReadOnlyList<ErrorView> Errors);

/// <summary>The Billing API: subscriptions with a usage line, charges under a key, a cap that holds.</summary>
internal static class BillingResolvers
{
    internal static void Bind(Schema schema)
    {
        new Binder<TypeDef>(schema, "Mutation")
            .Field("appSubscriptionCreate", (_, c, call) => Create(c, call))
            .Field("appSubscriptionCancel", (_, c, call) => Cancel(c, call))
            .Field("appUsageRecordCreate", (_, c, call) => Charge(c, call));
        new Binder<OfferPayload>(schema, "AppSubscriptionCreatePayload")
            .Field("appSubscription", p => p.Subscription).Field("confirmationUrl", p => p.ConfirmationUrl).Field("userErrors", p => p.Errors);
        new Binder<Payload>(schema, "AppSubscriptionCancelPayload").Field("appSubscription", p => p.Result).Field("userErrors", p => p.Errors);
        new Binder<Payload>(schema, "AppUsageRecordCreatePayload").Field("appUsageRecord", p => p.Result).Field("userErrors", p => p.Errors);
        new Binder<AppUsageRecord>(schema, "AppUsageRecord")
            .Field("id", r => Gids.Of("AppUsageRecord", r.Id)).Field("description", r => r.Description).Field("idempotencyKey", r => r.Key)
            .Field("createdAt", r => Gids.Time(r.At));
        BindSubscription(schema);
    }

    internal static List<AppSubscription> Known(InstallationView installation)
    {
        installation.Shop.Billing.Advance(installation.Now);
        return installation.Shop.Billing.Subscriptions;
    }

    private static void BindSubscription(Schema schema)
    {
        new Binder<AppSubscription>(schema, "AppSubscription")
            .Field("id", s => Gids.Of("AppSubscription", s.Id)).Field("name", s => s.Name).Field("status", s => s.Status)
            .Field("createdAt", s => Gids.Time(s.CreatedAt)).Field("currentPeriodEnd", s => s is { Status: "ACTIVE", PeriodEnd: { } end } ? Gids.Time(end) : null)
            .Field("returnUrl", s => s.ReturnUrl).Field("test", s => s.Test).Field("trialDays", s => s.TrialDays)
            .Field("lineItems", s => Lines(s).ToList());
        new Binder<SubscriptionLineView>(schema, "AppSubscriptionLineItem")
            .Field("id", l => Gids.Of("AppSubscriptionLineItem", l.Id)).Field("plan", l => l);
        new Binder<SubscriptionLineView>(schema, "AppPlanV2")
            .Field("pricingDetails", l => l.IsUsage ? new UsagePricingView(l.Subscription) : new RecurringPricingView(l.Subscription));
        new Binder<UsagePricingView>(schema, "AppUsagePricing")
            .Field("cappedAmount", u => new MoneyView(u.Subscription.Usage!.Value.Cap, u.Subscription.Currency))
            .Field("balanceUsed", (u, c, _) => new MoneyView(c.Shop.Billing.Used(c.Now), u.Subscription.Currency))
            .Field("terms", u => u.Subscription.Usage!.Value.Terms).Field("interval", _ => "EVERY_30_DAYS");
        new Binder<RecurringPricingView>(schema, "AppRecurringPricing")
            .Field("price", r => new MoneyView(r.Subscription.Recurring!.Value.Price, r.Subscription.Currency)).Field("interval", _ => "EVERY_30_DAYS");
        new Binder<MoneyView>(schema, "MoneyV2")
            .Field("amount", m => m.Amount.ToString(CultureInfo.InvariantCulture)).Field("currencyCode", m => m.Currency);
    }

    private static IEnumerable<SubscriptionLineView> Lines(AppSubscription subscription)
    {
        if (subscription.Recurring is { } recurring)
        {
            yield return new SubscriptionLineView(recurring.Id, subscription, IsUsage: false);
        }

        if (subscription.Usage is { } usage)
        {
            yield return new SubscriptionLineView(usage.Id, subscription, IsUsage: true);
        }
    }

    private static OfferPayload Create(RequestContext context, FieldCall call)
    {
        var plans = call.Argument<List<object?>>("lineItems")!
            .ConvertAll(line => (Dictionary<string, object?>)((Dictionary<string, object?>)line!)["plan"]!);
        var recurring = plans.Where(plan => plan.GetValueOrDefault("appRecurringPricingDetails") is not null).ToList();
        var usage = plans.Where(plan => plan.GetValueOrDefault("appUsagePricingDetails") is not null).ToList();
        if (plans.Count is 0 or > 2 || recurring.Count > 1 || usage.Count > 1 || recurring.Count + usage.Count != plans.Count)
        {
            return Refused("lineItems", "A subscription has one recurring line, one usage line, or one of each");
        }

        if (call.Argument<string>("name") is not { Length: > 0 } name)
        {
            return Refused("name", "Name can't be blank");
        }

        if (recurring.Select(Price).Concat(usage.Select(Cap)).Any(amount => amount.Amount <= 0))
        {
            return Refused("lineItems", "Price must be greater than 0");
        }

        long Id() => context.Shop.Ids.Next(IdKind.Subscription);
        var made = new AppSubscription
        {
            Id = Id(),
            Name = name,
            ReturnUrl = call.Argument<string>("returnUrl")!,
            CreatedAt = context.Now,
            TrialDays = call.Arguments.GetValueOrDefault("trialDays") is int days ? days : 0,
            Test = call.Arguments.GetValueOrDefault("test") is true,
            Currency = recurring.Select(Price).Concat(usage.Select(Cap)).First().Currency,
            Recurring = recurring.Count == 1 ? (Id(), Price(recurring[0]).Amount) : null,
            Usage = usage.Count == 1
                ? (Id(), Cap(usage[0]).Amount, (string)((Dictionary<string, object?>)usage[0]["appUsagePricingDetails"]!)["terms"]!)
                : null,
        };
        context.Shop.Billing.Subscriptions.Add(made);
        context.BillingChanged = true;
        return new OfferPayload(made, $"{context.PublicAddress}/sandbox/stores/{context.Shop.Domain}/subscriptions/{made.Id}/approve", []);
    }

    private static Payload Cancel(RequestContext context, FieldCall call)
    {
        var id = Gids.Number(call.Argument<string>("id"), "AppSubscription") ?? 0;
        context.Shop.Billing.Advance(context.Now);
        if (!context.Shop.Billing.Move(id, ["ACTIVE", "FROZEN", "PENDING"], "CANCELLED"))
        {
            return Payload.Refused("UserError", null, ["id"], "Cannot transition the subscription");
        }

        context.BillingChanged = true;
        context.Changes.Tell("app_subscriptions/update", context.Shop);
        return Payload.Of(context.Shop.Billing.Subscriptions.Find(s => s.Id == id));
    }

    private static Payload Charge(RequestContext context, FieldCall call)
    {
        var line = Gids.Number(call.Argument<string>("subscriptionLineItemId"), "AppSubscriptionLineItem") ?? 0;
        var price = Money(call.Argument<Dictionary<string, object?>>("price")!).Amount;
        var (record, refusal) = context.Shop.Billing.Charge(
            line, price, call.Argument<string>("description")!, call.Arguments.GetValueOrDefault("idempotencyKey") as string,
            () => context.Shop.Ids.Next(IdKind.Subscription), context.Now);
        context.BillingChanged = record is not null;
        return record is null ? Payload.Refused("UserError", null, ["price"], refusal) : Payload.Of(record);
    }

    private static (decimal Amount, string Currency) Price(Dictionary<string, object?> plan) =>
        Money((Dictionary<string, object?>)((Dictionary<string, object?>)plan["appRecurringPricingDetails"]!)["price"]!);

    private static (decimal Amount, string Currency) Cap(Dictionary<string, object?> plan) =>
        Money((Dictionary<string, object?>)((Dictionary<string, object?>)plan["appUsagePricingDetails"]!)["cappedAmount"]!);

    private static (decimal Amount, string Currency) Money(Dictionary<string, object?> money) =>
        (decimal.TryParse((string)money["amount"]!, NumberStyles.Number, CultureInfo.InvariantCulture, out var amount) ? amount : 0, (string)money["currencyCode"]!);

    private static OfferPayload Refused(string field, string message) => new(null, null, [new ErrorView("UserError", null, [field], message)]);
}
