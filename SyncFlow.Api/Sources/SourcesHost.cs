using SyncFlow.Api.Http;
using SyncFlow.Api.Sources.Capture;
using SyncFlow.Api.Sources.Folders;
using SyncFlow.Api.Sources.Mappings;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Capture;
using SyncFlow.Storage.Sources.Folders;
using SyncFlow.Storage.Sources.Mappings;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Api.Sources;

/// <summary>Composes sources and the Source API.</summary>
internal static class SourcesHost
{
    public static IServiceCollection AddSources(this IServiceCollection services) =>
        services.AddSingleton<SourceDesk>().AddSingleton<SourceMapDesk>().AddSingleton<SourceIntake>()
            .AddSingleton<SourceFileDesk>().AddScoped<SourceFileIntake>()
            .AddSingleton<SourceFileReceiver>().AddSingleton<PullDesk>().AddSingleton<CaptureDesk>().AddSingleton<SourceMappingDesk>()
           .AddSingleton<MappingBook>().AddSingleton<PullPages>().AddSingleton<FolderDesk>();

    public static IEndpointRouteBuilder AddSources(this IEndpointRouteBuilder api) => api
        .Add<ListSources>().Add<CreateSource>().Add<ChangeSource>().Add<PushEvents>().Add<UnmappedEvents>().Add<LocationMapFiles>()
        .Add<SourceFileEndpoints>().Add<SourcePulls>().Add<CaptureEndpoints>().Add<MappingEndpoints>().Add<PushDocuments>().Add<FolderEndpoints>();
}
