using System.Collections.Immutable;
using SyncFlow.Channels.Shopify.Billing;
using SyncFlow.Core.Billing;

namespace SyncFlow.Worker.Billing;

/// <summary>Who bills.</summary>
public enum BillingProvider
{
    /// <summary>Nobody: everything is allowed.</summary>
    None,

    /// <summary>Shopify's Billing API: we offer subscriptions, the merchant approves them.</summary>
    BillingApi,

    /// <summary>Shopify App Pricing: Shopify shows the plans and counts what we tell it.</summary>
    AppPricing,
}

/// <summary>How the product is billed; the configuration section <c>Billing</c>.</summary>
/// <param name="Provider">Who bills.</param>
/// <param name="Terms">What is offered.</param>
/// <param name="Test">Whether nobody is charged.</param>
/// <param name="ReturnUrl">Where merchants come back to after approving.</param>
/// <param name="AppPricing">Access to App Pricing; null for the others.</param>
/// <param name="AppHandle">The app's handle in a shop's admin, where its plans are shown.</param>
public sealed record BillingOptions(
    BillingProvider Provider, BillingTerms Terms, bool Test, Uri ReturnUrl, AppPricingAccess? AppPricing, string AppHandle)
{
    /// <summary>Reads the section.</summary>
    /// <exception cref="InvalidOperationException">A setting makes no sense, or one is missing.</exception>
    public static BillingOptions Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var billing = configuration.GetSection("Billing");
        var provider = billing["Provider"] is not { Length: > 0 } word ? BillingProvider.None
            : Enum.TryParse<BillingProvider>(word.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var known) && Enum.IsDefined(known) ? known
            : throw new InvalidOperationException($"Billing:Provider is '{word}'. One of: none, billing-api, app-pricing.");
        var returnUrl = billing["ReturnUrl"] ?? configuration["SyncFlow:PublicUrl"];
        return new BillingOptions(
            provider, ReadTerms(billing), billing.GetValue<bool>("Test"),
            Uri.TryCreate(returnUrl, UriKind.Absolute, out var address) ? address : new Uri("https://admin.shopify.com"),
            provider == BillingProvider.AppPricing ? ReadAppPricing(configuration, billing) : null, billing["AppHandle"] ?? "syncflow");
    }

    private static BillingTerms ReadTerms(IConfigurationSection billing)
    {
        var standard = DefaultPlans.Terms;
        var plans = billing.GetSection("Plans").GetChildren().Select(Plan).ToImmutableArray();
        return new BillingTerms(
            plans.IsEmpty ? standard.Plans : plans, billing["Currency"] ?? standard.Currency,
            NotNegative(billing, "TrialDays", standard.TrialDays), NotNegative(billing, "GraceDays", standard.GraceDays));
    }

    private static BillingPlan Plan(IConfigurationSection plan)
    {
        string Needed(string name) => plan[name] is { Length: > 0 } text ? text : throw new InvalidOperationException($"{plan.Path}:{name} is missing.");
        T Positive<T>(string name)
            where T : struct, IComparable<T> => plan.GetValue<T?>(name) is { } value && value.CompareTo(default) > 0
                ? value
                : throw new InvalidOperationException($"{plan.Path}:{name} must be more than 0.");

        return new BillingPlan(
            Needed("Id"), Needed("Name"), Positive<int>("MaxStores"), Positive<long>("SyncsPerMonth"), Positive<decimal>("MonthlyPrice"),
            plan["BlockSyncs"] is null ? null : new Overage(Positive<int>("BlockSyncs"), Positive<decimal>("BlockPrice"), Positive<decimal>("Cap")))
        {
            Weight = plan.GetValue("Weight", 1) is var weight and >= 1 and <= BillingPlan.MostWeight
                ? weight
                : throw new InvalidOperationException($"{plan.Path}:Weight must be from 1 to {BillingPlan.MostWeight}."),
        };
    }

    private static AppPricingAccess ReadAppPricing(IConfiguration configuration, IConfigurationSection billing)
    {
        string Needed(string key) => configuration[key] is { Length: > 0 } text ? text : throw new InvalidOperationException($"{key} is missing.");
        return new AppPricingAccess(
            Needed("Channels:Shopify:ClientId"), Needed("Channels:Shopify:ClientSecret"),
            new Uri(billing["TokenUrl"] ?? "https://api.shopify.com/auth/access_token"),
            new Uri(billing["EventsUrl"] ?? "https://api.shopify.com/app/2026-10/events"),
            new Uri(Needed("Billing:PartnerUrl")), Needed("Billing:PartnerToken"), Needed("Billing:AppId"), billing["Meter"] ?? "syncs");
    }

    private static int NotNegative(IConfigurationSection section, string key, int fallback) => section.GetValue<int?>(key) switch
    {
        null => fallback,
        >= 0 and var days => days,
        var wrong => throw new InvalidOperationException($"Billing:{key} is {wrong}; it must not be negative."),
    };
}
