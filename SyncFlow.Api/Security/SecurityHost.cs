using SyncFlow.Api.Tenancy;
using SyncFlow.Storage.Identity;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Security;

/// <summary>What knowing callers takes.</summary>
internal static class SecurityHost
{
    public static void AddSecurity(this IServiceCollection services)
    {
        services.AddScoped<Caller>();
        services.AddSingleton<CallerStore>().AddSingleton<ApiKeyDesk>().AddSingleton<BootstrapStore>();
        services.AddSingleton<TenantDesk>().AddSingleton<TenantExport>().AddSingleton<StoreGroupDesk>().AddSingleton<StoreJoinDesk>().AddSingleton<TenantErasure>();
        services.AddScoped<QuotaCheck>().AddScoped<OwnLocations>().AddScoped<Skus.SkuAt>().AddScoped<StoreGroupEndpoints.Work>().AddScoped<SyncPermissionEndpoints.Work>();
        services.AddHostedService(provider => provider.GetRequiredService<TenantErasure>());
        services.AddSingleton<MemberDesk>().AddSingleton<SignInStore>().AddSingleton<Storage.Auditing.AuditStore>().AddSingleton<Storage.Configuration.TenantStore>();
        services.AddSingleton<People.Mailer>().AddSingleton<People.Links>().AddScoped<People.ManageUsers.Work>();
        services.AddSingleton<People.LinkQueue>().AddHostedService(provider => provider.GetRequiredService<People.LinkQueue>());
        services.AddSingleton<CallerLimits>().AddSingleton<Callers>().AddSingleton<CallerCache>().AddSingleton<KeyUses>();
        services.AddHostedService<BootstrapKey>().AddHostedService<CallerChanges>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyUses>());
    }
}
