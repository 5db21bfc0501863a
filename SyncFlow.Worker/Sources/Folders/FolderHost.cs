using SyncFlow.ServiceDefaults.Clock;
using SyncFlow.Storage.Sources.Folders;

namespace SyncFlow.Worker.Sources.Folders;

/// <summary>Composes watched folders; without a root (<c>Sources:Files:Root</c>) none is watched.</summary>
internal static class FolderHost
{
    private const int UsualSettleSeconds = 10;

    public static IServiceCollection AddSourceFolders(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration["Sources:Files:Root"] is not { Length: > 0 } root)
        {
            return services;
        }

        var settle = TimeSpan.FromSeconds(configuration.GetValue("Sources:Files:SettleSeconds", UsualSettleSeconds));

        // How long a file has been quiet is asked of the clock that wrote its time, the host's.
        return services.AddSingleton(provider => new FolderFiles(
                Path.GetFullPath(root), settle, DatabaseClock.HostOf(provider.GetRequiredService<TimeProvider>())))
            .AddSingleton<FolderStore>().AddHostedService<FolderJobs>();
    }
}
