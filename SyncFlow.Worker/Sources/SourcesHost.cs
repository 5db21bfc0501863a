using SyncFlow.Channels.Http;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Pulling;
using SyncFlow.Worker.Sources.Pulling;

namespace SyncFlow.Worker.Sources;

/// <summary>Composes what asks sources.</summary>
internal static class SourcesHost
{
    public static IServiceCollection AddSourcePulls(this IServiceCollection services)
    {
        services.AddHttpClient(PullJobs.HttpClientName)
            .ConfigurePrimaryHttpMessageHandler(provider => OutboundGuard.CreateHandler(allowInside: provider.GetRequiredService<WorkerOptions>().CallsStandIn));
        return services.AddSingleton<PullStore>().AddSingleton<SourceFileDesk>().AddSingleton<MovementPull>().AddSingleton<PositionPull>()
            .AddSingleton<PickTaskPull>().AddSingleton<PullJobs>().AddHostedService(provider => provider.GetRequiredService<PullJobs>());
    }
}
