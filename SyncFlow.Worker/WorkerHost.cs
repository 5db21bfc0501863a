using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SyncFlow.Channels.Http;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Health;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.ServiceDefaults.Secrets;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Compliance;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Oversells;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Apply;
using SyncFlow.Worker.Billing;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Publishing;
using SyncFlow.Worker.Runs;
using SyncFlow.Worker.Sources;
using SyncFlow.Worker.Sources.Capture;
using SyncFlow.Worker.Sources.Folders;
using SyncFlow.Worker.Upkeep;
using SyncFlow.Worker.Verifying;
using SyncFlow.Worker.Work;

namespace SyncFlow.Worker;

/// <summary>Composes the Worker. Tests build the same application in their own process.</summary>
public static class WorkerHost
{
    /// <summary>How long pushes on their way may take to be settled when the process is asked to stop.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(35);

    /// <summary>The application, ready to run.</summary>
    /// <param name="args">Command line; configuration by <c>--Name=value</c>.</param>
    /// <param name="configure">Changes the composition before the application is built; null for none.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ApplicationName = "SyncFlow.Worker" });
        builder.AddServiceDefaults();
        builder.AddSyncFlowPostgres(PostgresRole.Worker);
        builder.AddSyncFlowRedis();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = StopLimit);
        builder.Services.TryAddSingleton(services => WorkerOptions.Read(services.GetRequiredService<IConfiguration>()));
        AddStorage(builder.Services);
        AddChannels(builder.Services);
        AddJobs(builder.Services);
        AddRequests(builder.Services);
        builder.Services.AddBilling();
        builder.Services.AddSingleton<ComplianceStore>().AddHostedService<ComplianceJobs>();
        configure?.Invoke(builder);
        builder.Services.AddSourceFolders(builder.Configuration);
        var app = builder.Build();
        app.MapHealth();
        return app;
    }

    private static void AddStorage(IServiceCollection services)
    {
        services.AddSingleton<ChannelStore>().AddSingleton<ChannelCatalogStore>().AddSingleton<FetchStore>()
            .AddSingleton<LevelMarks>().AddSingleton<ConnectionStore>().AddSingleton<InboxStore>().AddSingleton<PushRetention>().AddSingleton<LeaseStore>().AddSingleton<LeaseSet>()
            .AddSingleton<RunStore>().AddSingleton<TokenStore>().AddSingleton<ReinstallStore>().AddSingleton<ItemDifferences>().AddSingleton<SuggestionStore>()
            .AddSingleton<StrandedStock>();
        services.AddSingleton(provider =>
        {
            var keys = provider.GetRequiredService<IConfiguration>().ReadMasterKeys();
            return new CredentialVault(keys.Keys, keys.Current);
        });
    }

    private static void AddChannels(IServiceCollection services)
    {
        services.AddHttpClient(ChannelLinks.HttpClientName)
            .ConfigurePrimaryHttpMessageHandler(provider => OutboundGuard.CreateHandler(
                allowInside: provider.GetRequiredService<WorkerOptions>().CallsStandIn));
        services.AddSingleton<TokenKeeper>().AddSingleton<AccessCare>().AddSingleton<ChannelLinks>().AddSingleton<Suspension>().AddSingleton<InboxFeed>().AddSingleton<LevelReader>()
            .AddSingleton<PushTransactions>().AddSingleton<Activations>().AddSingleton<PushSender>().AddSingleton<WorkItemCalls>().AddSingleton<CatalogLife>().AddSingleton<PlaceLife>().AddSingleton<Signals>();
    }

    private static void AddJobs(IServiceCollection services)
    {
        services.AddSingleton<ConnectionLoopFactory>().AddSingleton<ConnectionRunnerFactory>().AddSingleton<Replanning>()
            .AddSingleton<LevelSweep>().AddSingleton<BaselineRun>().AddSingleton<GoLivePreview>().AddSingleton<GoLiveRun>().AddSingleton<ResumeRun>()
            .AddSingleton<DisconnectRun>().AddSingleton<LevelComparison>().AddSingleton<ReconcileRun>()
            .AddSingleton<Storage.Brakes.RuleDesk>().AddSingleton<Storage.Brakes.ChangeDesk>().AddSingleton<Storage.Brakes.UndoDesk>().AddSingleton<RuleRuns>().AddSingleton<RunSteps>();
        services.AddSingleton<Storage.Availability.SettingChanges>().AddSingleton<Storage.Audit.DriftTrends>().AddSingleton<Storage.Buffers.BufferStore>().AddSingleton<CheckpointJob>().AddSingleton<LedgerReplay>().AddSingleton<Storage.Ledger.NightlyReplays>().AddSingleton<ReplayNights>().AddSingleton<NightlyReconciliation>().AddSingleton<Storage.Inbox.DeadLetterIncidents>().AddSingleton<Storage.Operations.OpenIncidents>().AddSingleton<Storage.Work.OpenWork>().AddSingleton<FaultCare>().AddSingleton<Storage.Operations.PurgeStore>().AddSingleton<Purge>().AddSingleton<ReplayRun>();
        services.AddRefreshed<TenantWeights>("weights of tenants", TenantWeights.ReadEvery, (weights, ct) => weights.RefreshAsync(ct));
        services.AddSingleton<ApplyPipeline>().AddSingleton<LevelSignals>().AddSingleton<ApplyService>();
        services.AddHostedService(provider => provider.GetRequiredService<ApplyService>());
        services.AddHostedService<CallNotes>().AddHostedService<TokenJobs>().AddHostedService<ConnectionSupervisor>().AddHostedService<RunExecutor>().AddHostedService<UpkeepJobs>();
    }

    private static void AddRequests(IServiceCollection services) =>
        services.AddSingleton<ReservationStore>().AddHostedService<RequestJobs>()
            .AddSingleton<OversellStore>().AddHostedService<SettlementJobs>()
            .AddSingleton<HeldRelease>().AddSingleton<SourceFileApplier>().AddSingleton<SourceFileClearing>().AddSingleton<HistoryBacklog>().AddSingleton<SourceHealthStore>().AddHostedService<SourceJobs>()
            .AddSourcePulls()
            .AddSourceCaptures();
}
