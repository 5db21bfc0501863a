using SyncFlow.Api.Http;
using SyncFlow.Storage.Allocation;

namespace SyncFlow.Api.Allocation;

/// <summary>Composes who gets how much: policies, groups, launches, kits.</summary>
internal static class AllocationHost
{
    public static IServiceCollection AddAllocation(this IServiceCollection services) => services
        .AddSingleton<PolicyDesk>().AddSingleton<PolicyPreview>().AddSingleton<GroupDesk>().AddSingleton<LaunchDesk>()
        .AddSingleton<KitDesk>().AddScoped<ScopeNames>().AddScoped<SetPolicy.Work>();

    public static IEndpointRouteBuilder AddAllocation(this IEndpointRouteBuilder api) => api
        .Add<ReadPolicies>().Add<SetPolicy>()
        .Add<ReadGroups>().Add<ChangeGroup>()
        .Add<ReadLaunches>().Add<ChangeLaunch>()
        .Add<ReadKits>().Add<SetKit>();
}
