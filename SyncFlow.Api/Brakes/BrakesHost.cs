using SyncFlow.Api.Http;
using SyncFlow.Storage.Brakes;

namespace SyncFlow.Api.Brakes;

/// <summary>Composes the merchant's brakes.</summary>
internal static class BrakesHost
{
    public static IServiceCollection AddBrakes(this IServiceCollection services) => services
        .AddHttpContextAccessor()
        .AddSingleton<PlanPreview>().AddSingleton<ClosingPreview>().AddSingleton<BrakeDesk>().AddSingleton<ChangeDesk>().AddSingleton<UndoDesk>()
        .AddScoped<SetBrake.Work>().AddScoped<ProposeChange.Work>().AddScoped<DecideChange.Work>();

    public static IEndpointRouteBuilder AddBrakes(this IEndpointRouteBuilder api) => api
        .Add<ListBrakes>().Add<SetBrake>()
        .Add<ProposeChange>().Add<ReadChanges>().Add<DecideChange>();
}
