using SyncFlow.Storage.Billing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Billing;

/// <summary>Composes billing.</summary>
internal static class BillingHost
{
    public static IServiceCollection AddBilling(this IServiceCollection services) => services
        .AddSingleton(provider => BillingOptions.Read(provider.GetRequiredService<IConfiguration>()))
        .AddSingleton<UsageStore>().AddSingleton<SubscriptionStore>().AddSingleton<StandingStore>()
        .AddSingleton(Cycle)
        .AddSingleton(provider => new BillingRuns(
            Provider(provider), provider.GetRequiredService<SubscriptionStore>(), provider.GetRequiredService<BillingCycle>(),
            provider.GetRequiredService<BillingOptions>()))
        .AddHostedService<BillingJobs>();

    private static BillingCycle Cycle(IServiceProvider provider) => new(
        provider.GetRequiredService<UsageStore>(), provider.GetRequiredService<SubscriptionStore>(), provider.GetRequiredService<StandingStore>(),
        Provider(provider), provider.GetRequiredService<BillingOptions>(), provider.GetRequiredService<ILogger<BillingCycle>>());

    /// <summary>Who bills; null where nobody does.</summary>
    private static IBillingProvider? Provider(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<BillingOptions>();
        var time = provider.GetRequiredService<TimeProvider>();
        return options.Provider switch
        {
            BillingProvider.None => null,
            BillingProvider.BillingApi => new BillingApiProvider(
                provider.GetRequiredService<ChannelLinks>(), provider.GetRequiredService<SubscriptionStore>(), options, time),
            BillingProvider.AppPricing => new AppPricingProvider(
                provider.GetRequiredService<ChannelLinks>(), provider.GetRequiredService<IHttpClientFactory>(), options, time),
        };
    }
}
