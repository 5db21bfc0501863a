using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SyncFlow.Simulator.BackOffice;
using SyncFlow.Simulator.Buyers;
using SyncFlow.Simulator.Control;
using SyncFlow.Simulator.Journaling;
using SyncFlow.Simulator.Shopify;
using SyncFlow.Simulator.Shopify.Pricing;
using SyncFlow.Simulator.Shopify.Tokens;
using SyncFlow.Simulator.Webhooks;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator;

/// <summary>A running sandbox: world, fake Shopify, webhooks, buyers and control API on one loopback address.</summary>
public sealed class SimulatorHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly WebhookSender _webhooks;

    private readonly WorldStore? _store;

    private SimulatorHost(WebApplication app, World world, WebhookSender webhooks, BuyerCrowd buyers, Office office, WorldStore? store)
    {
        _app = app;
        _store = store;
        World = world;
        _webhooks = webhooks;
        Buyers = buyers;
        BackOffice = office;
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal));
    }

    /// <summary>Where the sandbox listens, for example <c>http://127.0.0.1:41234/</c>.</summary>
    public Uri BaseAddress { get; }

    public World World { get; }

    public BuyerCrowd Buyers { get; }

    /// <summary>The retailer's ERP, WMS, tills and 3PL.</summary>
    public Office BackOffice { get; }

    /// <summary>Webhooks accepted and not yet delivered or given up.</summary>
    public long PendingWebhooks => _webhooks.Pending;

    /// <summary>What SyncFlow's base URL setting must be to reach the sandbox's shops.</summary>
    public string ShopifyBaseUrlTemplate => $"{BaseAddress.ToString().TrimEnd('/')}/shopify/{{shop}}";

    /// <summary>Builds or reloads the world and starts listening.</summary>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public static async Task<SimulatorHost> StartAsync(
        SimulatorOptions options, TimeProvider clock, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        options.Validate();
        var store = options.DataFolder is { } folder ? new WorldStore(folder, options.CompactAtBytes) : null;
        var world = store is null ? WorldBuilder.Build(options, clock) : await store.OpenAsync(options, clock);
        var webhooks = new WebhookSender(world, options.ShopifyClientSecret, options.RetryTimeScale);
        var office = new Office(world, options.Seed);
        world.Notify = (shop, notice, at) =>
        {
            webhooks.Send(shop, notice, at);
            office.Hear(shop, notice);
        };
        foreach (var shop in world.Shops)
        {
            webhooks.Resume(shop);
        }

        var buyers = new BuyerCrowd(world, options.Seed);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(options.Urls);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // A request that is to arrive late must not hold the shutdown up.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.Services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        builder.Services.AddProblemDetails(o => o.CustomizeProblemDetails = problem =>
        {
            if (problem.Exception is BadHttpRequestException bad)
            {
                problem.ProblemDetails.Detail = bad.InnerException?.Message ?? bad.Message;
            }
        });
        builder.Services.ConfigureHttpJsonOptions(o => ControlJson.Configure(o.SerializerOptions));
        var app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = failure => failure is BadHttpRequestException bad ? bad.StatusCode : 500,
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
        });
        app.UseStatusCodePages();
        var api = new ShopifyApi(world, TimeSpan.FromMilliseconds(options.BulkDurationMs));
        new ShopifyEndpoint(world, api).Map(app);
        var sessions = new SessionTokens(options.ShopifyClientId, options.ShopifyClientSecret);
        new TokenEndpoint(world, sessions, options.ShopifyClientId, options.ShopifyClientSecret).Map(app);
        new PricingEndpoints(world, options).Map(app);
        ControlEndpoints.Map(app, world, buyers, webhooks, office);
        OfficeFeeds.Map(app, office.Find);
        app.MapGet("/health", () => Results.Text("Healthy"));
        await app.StartAsync(cancel);
        return new SimulatorHost(app, world, webhooks, buyers, office, store);
    }

    /// <summary>Completes when the process is asked to stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancel = default) => _app.WaitForShutdownAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await Buyers.DisposeAsync();
        await BackOffice.DisposeAsync();
        await _app.DisposeAsync();
        await _webhooks.DisposeAsync();
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        if (World.Journal is { } journal)
        {
            await journal.DisposeAsync();
        }
    }
}
