using SyncFlow.Storage.Sources.Capture;

namespace SyncFlow.Worker.Sources.Capture;

/// <summary>Composes change data capture.</summary>
internal static class CaptureHost
{
    public static IServiceCollection AddSourceCaptures(this IServiceCollection services) => services
        .AddSingleton<CaptureStore>().AddSingleton(provider => DatabaseHosts.Read(provider.GetRequiredService<IConfiguration>()))
        .AddSingleton<CaptureReader>().AddHostedService<CaptureSupervisor>();
}
