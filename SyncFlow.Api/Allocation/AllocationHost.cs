using SyncFlow.Api.Buffers;
using SyncFlow.Api.Http;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Buffers;

namespace SyncFlow.Api.Allocation;

/// <summary>Composes who gets how much: policies, buffers, groups, launches, kits.</summary>
internal static class AllocationHost
{
    public static IServiceCollection AddAllocation(this IServiceCollection services) => services
        .AddSingleton<PolicyDesk>().AddSingleton<RuleDesk>().AddScoped<RuleWork>().AddSingleton<GroupDesk>().AddSingleton<LaunchDesk>()
        .AddSingleton<KitDesk>().AddScoped<ScopeNames>().AddScoped<SetPolicy.Work>()
        .AddSingleton<BufferDesk>().AddScoped<BufferEndpoints.Work>();

    public static IEndpointRouteBuilder AddAllocation(this IEndpointRouteBuilder api) => api
        .Add<ReadPolicies>().Add<SetPolicy>().Add<BufferEndpoints>()
        .Add<ReadGroups>().Add<ChangeGroup>()
        .Add<ReadLaunches>().Add<ChangeLaunch>()
        .Add<ReadKits>().Add<SetKit>();
}
