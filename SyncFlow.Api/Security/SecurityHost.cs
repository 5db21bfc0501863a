using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>What knowing callers takes.</summary>
internal static class SecurityHost
{
    public static void AddSecurity(this IServiceCollection services)
    {
        services.AddScoped<Caller>();
        services.AddSingleton<CallerStore>().AddSingleton<ApiKeyDesk>().AddSingleton<BootstrapStore>();
        services.AddSingleton<CallerCache>().AddSingleton<KeyUses>();
        services.AddHostedService<BootstrapKey>().AddHostedService<CallerChanges>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyUses>());
    }
}
