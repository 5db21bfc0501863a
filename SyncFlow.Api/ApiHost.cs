using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using SyncFlow.Api.Allocation;
using SyncFlow.Api.Brakes;
using SyncFlow.Api.Compliance;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Shopify;
using SyncFlow.Api.Sources;
using SyncFlow.Api.StockOperations;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Health;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.ServiceDefaults.Secrets;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Oversells;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api;

/// <summary>Composes the Api. Tests build the same application in their own process.</summary>
public static class ApiHost
{
    /// <summary>Largest body of a request, webhooks included; they have a smaller limit of their own.</summary>
    private const long MostBodyBytes = 6 << 20;

    private const string Root = "/api/v1";

    /// <summary>The application, ready to run.</summary>
    /// <param name="args">Command line; configuration by <c>--Name=value</c>.</param>
    /// <param name="configure">Changes the composition before the application is built; null for none.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ApplicationName = "SyncFlow.Api" });
        builder.AddServiceDefaults();
        builder.AddSyncFlowPostgres(PostgresRole.Api);
        builder.AddSyncFlowPostgres(PostgresRole.Ingest);
        builder.AddSyncFlowRedis();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostBodyBytes;
        });
        AddStorage(builder.Services);
        AddHttp(builder.Services);
        builder.Services.AddStockOperations().AddSources();
        configure?.Invoke(builder);
        var app = builder.Build();
        Compose(app);
        return app;
    }

    private static void AddStorage(IServiceCollection services)
    {
        services.AddSingleton<IdempotencyStore>().AddSingleton<ConnectionDesk>().AddSingleton<ParkingDesk>().AddSingleton<BoundedGuardDesk>().AddSingleton<LocationDesk>()
            .AddSingleton<SkuDesk>().AddSingleton<ListingDesk>().AddSingleton<AutoMapper>().AddSingleton<StockDesk>()
            .AddSingleton<LedgerDesk>().AddSingleton<Ledger.LedgerOf>().AddSingleton<OperationsDesk>().AddSingleton<RunDesk>()
            .AddSingleton<DeadLetterStore>()
            .AddSingleton<ItemMapper>().AddSingleton<AuthorityDesk>().AddSingleton<SuggestionDesk>().AddSingleton<Storage.Channels.StrandedStock>();
        services.AddSingleton<Storage.Explaining.ExplainStore>().AddSingleton<Storage.Explaining.PushProofStore>();
        services.AddSingleton<Storage.Availability.AvailabilityStore>().AddSingleton<Availability.AvailabilityReader>();
        services.AddSingleton<ReservationDesk>().AddSingleton<ReservationStore>();
        services.AddSingleton<Storage.Preorders.PreorderDesk>().AddSingleton<Storage.Stock.SetAsideDesk>()
            .AddSingleton<Storage.Stock.ReleaseDesk>();
        services.AddSingleton<OversellDesk>().AddSingleton<OversellStore>();
        services.AddSingleton(provider => Vault(provider.GetRequiredService<IConfiguration>())).AddSingleton<WebhookSecretStore>();

        // What serves webhooks acts as the ingest role, which may store events and read little else.
        services.AddSingleton(provider => new ConnectionStore(Ingest(provider)));
        services.AddSingleton(provider => new InboxStore(Ingest(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<InboxAppender>();
        services.AddRefreshed<TenantWeights>("weights of tenants", TenantWeights.ReadEvery, (weights, ct) => weights.RefreshAsync(ct));
        services.AddSingleton(provider => Inbox(provider.GetRequiredService<InboxAppender>(), provider.GetRequiredService<TenantWeights>()));
        services.AddSingleton(provider => new ReadingRoom(ReadingLimits.Default, provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService(provider => provider.GetRequiredService<GroupCommitInbox<InboxEvent>>());
    }

    /// <summary>Merchants take turns in its statements, by their weights.</summary>
    private static GroupCommitInbox<InboxEvent> Inbox(InboxAppender appender, TenantWeights weights) => new(
        appender.AppendAsync, stored => stored.Body.Length, GroupCommitLimits.Default, stored => stored.Tenant.Value,
        tenant => weights.Of(new TenantId(tenant)));

    private static void AddHttp(IServiceCollection services)
    {
        services.AddSingleton<ShopCache>().AddSingleton<ShopifySecrets>().AddScoped<Operations.Runs>()
            .AddScoped<Connections.ChangeConnectionStatus.Work>().AddScoped<Connections.ResumeConnection.Work>().AddScoped<Listings.DecideSuggestion.Work>()
            .AddScoped<Operations.SettleDeadLetters.Work>().AddSingleton<ReceiveShopifyWebhook.Work>();
        services.AddScoped<Reservations.Answering>();
        services.AddBrakes().AddAllocation();
        services.AddShopifyApp();
        services.AddSecurity();
        services.ConfigureHttpJsonOptions(options => Json.Configure(options.SerializerOptions));
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddExceptionHandler<Boundary>();
        services.AddProblemDetails();
        services.AddSyncFlowOpenApi();
        services.TryAddSingleton(TimeProvider.System);
    }

    private static void Compose(WebApplication app)
    {
        app.UseTrustedProxies(); // First: whoever asks for the address later is told the caller's.
        app.UseMiddleware<WebhookShortcut>();
        app.UseMiddleware<SecurityHeaders>();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // Refusals are not worth a stack trace; Boundary logs what is.
            SuppressDiagnosticsCallback = _ => true,
        });
        app.UseStatusCodePages(context => ProblemMapping.OfStatus(context.HttpContext.Response.StatusCode) is { } problem
            ? ProblemMapping.WriteAsync(context.HttpContext, problem)
            : Task.CompletedTask);
        app.UseRouting(); // Before the guard, which asks the route what it needs.
        app.UseWhen(context => context.Request.Path.StartsWithSegments(Root), guarded =>
        {
            guarded.UseMiddleware<CallerGuard>();
            guarded.UseMiddleware<IdempotencyKeys>();
        });
        app.MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapDocsPage();
        app.Add<ReceiveShopifyWebhook>().Add<OpenApp>().Add<ReceiveComplianceRequest>();
        app.MapGroup(Root).RefuseWhatCannotBeKept().AddAll();
    }

    /// <summary>The vault with the master keys of this process.</summary>
    internal static CredentialVault Vault(IConfiguration configuration)
    {
        var keys = configuration.ReadMasterKeys();
        return new CredentialVault(keys.Keys, keys.Current);
    }

    private static NpgsqlDataSource Ingest(IServiceProvider provider) =>
        provider.GetRequiredKeyedService<NpgsqlDataSource>(PostgresRole.Ingest);
}
