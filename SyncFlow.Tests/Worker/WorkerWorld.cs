using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;

namespace SyncFlow.Tests.Worker;

/// <summary>
/// A whole small world: PostgreSQL, Redis, the sandbox over HTTP, a receiver of its webhooks, and workers in this
/// process that may be killed and started again.
/// </summary>
internal sealed class WorkerWorld : IAsyncDisposable
{
    public const long Tenant = 1;

    private const long Location = 1;

    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(60);

    private readonly string _secretsKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly string _redis;
    private readonly string _apiVersion;
    private readonly TimeProvider _clock;
    private readonly WebApplication _receiver;
    private WebApplication? _worker;

    private WorkerWorld(
        TestDatabase database, string redis, string apiVersion, TimeProvider clock, SimulatorHost sandbox, WebApplication receiver)
    {
        Database = database;
        _redis = redis;
        _apiVersion = apiVersion;
        _clock = clock;
        Sandbox = sandbox;
        _receiver = receiver;
    }

    public TestDatabase Database { get; }

    public SimulatorHost Sandbox { get; }

    /// <summary>Parts of the worker that runs.</summary>
    public IServiceProvider Services => _worker!.Services;

    public Shop A => Sandbox.World.Shops[0];

    public Shop B => Sandbox.World.Shops[1];

    private IEnumerable<(Shop Shop, long Id)> Stores => Sandbox.World.Shops.Select((shop, i) => (shop, i + 1L));

    /// <param name="places">Locations of the first store; the n-th is mapped to location n.</param>
    /// <param name="clock">Of the worker and the sandbox; the system's when left out.</param>
    /// <param name="worker">Whether a worker is started in this process.</param>
    /// <param name="sandboxClock">Of the sandbox alone, where it differs.</param>
    public static async Task<WorkerWorld> StartAsync(
        PostgresFixture postgres, RedisFixture redis, int skus, int stock = 100, int places = 1, int stores = 2,
        string apiVersion = "2026-10", TimeProvider? clock = null, bool worker = true, TimeProvider? sandboxClock = null)
    {
        var database = await TestDatabase.CreateAsync(postgres);
        var configuration = await redis.ConfigurationAsync();
        var sandbox = await SimulatorHost.StartAsync(
            new SimulatorOptions
            {
                Stores = stores,
                Skus = skus,
                MinStock = stock,
                MaxStock = stock,
                MainLocations = places,
                DirtyCatalog = false,
                BulkDurationMs = 20,
                RetryTimeScale = 0.001,
            },
            sandboxClock ?? clock ?? TimeProvider.System);
        var receiver = await ReceiverAsync(database);
        var world = new WorkerWorld(database, configuration, apiVersion, clock ?? TimeProvider.System, sandbox, receiver);
        await world.SeedAsync(places);
        if (worker)
        {
            await world.StartWorkerAsync();
        }

        return world;
    }

    /// <summary>All stores imported, mapped by SKU, baselined (the first opens the ledger) and live.</summary>
    /// <param name="live">The stores that go live, by number; all when left out.</param>
    public async Task GoLiveAsync(SharingMode mode = SharingMode.Adaptive, long[]? live = null)
    {
        await Task.WhenAll(Stores.Select(store => RunAsync("import", store.Id)));
        await WorldMapping.MapBySkuAsync(Database);
        await Database.ExecuteAsync("UPDATE skus SET mode = $1", (short)mode);
        foreach (var (_, id) in Stores)
        {
            await RunAsync("baseline", id, id == 1 ? """{"openingStock": true}""" : """{"openingStock": false}""");
        }

        foreach (var id in live ?? [.. Stores.Select(store => store.Id)])
        {
            await RunAsync("go-live", id);
        }
    }

    /// <param name="clock">Registers the worker's clock where it is not the world's.</param>
    public async Task StartWorkerAsync(Action<IServiceCollection>? clock = null)
    {
        _worker = WorkerHost.Build([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(Settings());
            (clock ?? (services => services.AddSingleton(_clock)))(builder.Services);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
        });
        await _worker.StartAsync();
    }

    /// <summary>What a test adds to a worker's configuration before it is started.</summary>
    public Dictionary<string, string?> More { get; } = [];

    /// <summary>A worker's configuration in this world.</summary>
    public Dictionary<string, string?> Settings() => new(More)
    {
        ["ConnectionStrings:syncflow"] = Database.ConnectionString,
        ["ConnectionStrings:redis"] = _redis,
        ["SyncFlow:SecretsKey"] = _secretsKey,
        ["SyncFlow:PublicUrl"] = AddressOf(_receiver),
        ["Channels:Shopify:BaseUrl"] = Sandbox.ShopifyBaseUrlTemplate,
        ["Channels:Shopify:ApiVersion"] = _apiVersion,
        ["Channels:Shopify:ClientId"] = new SimulatorOptions().ShopifyClientId,
        ["Channels:Shopify:ClientSecret"] = new SimulatorOptions().ShopifyClientSecret,
        ["Channels:Shopify:OrderVisibilityLagMs"] = "500",
        ["Worker:VerifyEveryMs"] = "500",
        ["Worker:PollEveryMs"] = "2000",
    };

    /// <summary>Stops the worker in good order: what is on its way is settled, leases are given back.</summary>
    public async Task StopWorkerAsync()
    {
        await _worker!.StopAsync();
        await _worker.DisposeAsync();
        _worker = null;
    }

    /// <summary>Queues a run and waits until it succeeded.</summary>
    public async Task RunAsync(string kind, long connection, string parameters = "{}")
    {
        var (state, message) = await RunToEndAsync(kind, connection, parameters);
        state.ShouldBe("succeeded", $"{kind} of {connection}: {message}");
    }

    /// <summary>Queues a run and waits until it is over.</summary>
    public async Task<(string State, string Message)> RunToEndAsync(string kind, long connection, string parameters = "{}")
    {
        var run = await Database.ScalarAsync<long>(
            "INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at) VALUES (1, $1, $2, $3::jsonb, now()) RETURNING run_id",
            kind, connection, parameters);
        var state = "";
        await Waits.UntilAsync(
            async () => (state = await Database.ScalarAsync<string>("SELECT state FROM sync_runs WHERE run_id = $1", run)) is not ("queued" or "running"),
            kind, RunLimit);
        var message = await Database.ScalarAsync<string>("SELECT coalesce(message, '') FROM sync_runs WHERE run_id = $1", run);
        return (state, message);
    }

    /// <summary>Waits until every level shows its target and nothing is unproven.</summary>
    /// <param name="connection">Whose levels; every store's when left out.</param>
    public Task QuietAsync(TimeSpan limit, long? connection = null) => Waits.UntilAsync(
        () => Database.ScalarAsync<bool>(
            """
            SELECT NOT EXISTS (SELECT FROM listing_levels
                WHERE ($1::bigint IS NULL OR connection_id = $1) AND (target IS NULL OR belief IS DISTINCT FROM target OR wants_push
                  OR in_flight_push IS NOT NULL OR unverified_units > 0 OR needs_reading OR suspense > 0 OR surplus > 0))
              AND NOT EXISTS (SELECT FROM inbox WHERE state = 0)
            """,
            connection),
        "quiet", limit);

    /// <summary>Stores a connection's access token as the API does.</summary>
    public Task SetTokenAsync(long connection, string token) => Database.ExecuteAsync(
        "UPDATE connections SET credential = $2 WHERE connection_id = $1",
        connection,
        CredentialVault.FromBase64(_secretsKey).Seal(new TenantId(Tenant), new ConnectionId(connection), token));

    public Task<long> CountAsync(string sql, params object?[] parameters) => Database.ScalarAsync<long>(sql, parameters);

    public static Level LevelOf(Shop shop, int item = 0)
    {
        var variant = shop.Variants[item];
        return shop.Level(variant.ItemId, shop.Locations[0].Id)!;
    }

    public static int Shown(Shop shop, string sku)
    {
        lock (shop.Gate)
        {
            return shop.Variants.Where(v => v.Sku == sku).Sum(shop.SellableOnline);
        }
    }

    public void Place(Shop shop, int units, string sku)
    {
        var variant = shop.Variants.First(v => v.Sku == sku);
        var outcome = Sandbox.World.Place(shop, new OrderRequest([new LineRequest(units, variant.Id)]));
        outcome.Accepted.ShouldBeTrue(outcome.Detail);
    }

    /// <summary>Receives units: a movement through the inbox, as the API stores it.</summary>
    public async Task ReceiveAsync(IEnumerable<(long Sku, int Units)> receipts)
    {
        var now = TimeProvider.System.GetUtcNow();
        var events = receipts.Select(r =>
        {
            var key = $"receipt:{Guid.CreateVersion7(now)}";
            return new InboxEvent(
                new TenantId(Tenant), null, "movement", key, null, now, now, null, InternalFacts.Movement,
                InternalFacts.Body(new InternalFacts.MovementBody(
                    key, r.Sku, Location, Bucket.OnHand, r.Units, EntryReason.Receipt, now)));
        });
        var inbox = new InboxStore(Database.Ingest, TimeProvider.System);
        foreach (var chunk in events.Chunk(1_000))
        {
            await inbox.AppendAsync(chunk, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await StopWorkerAsync();
        }

        await _receiver.DisposeAsync();
        await Sandbox.DisposeAsync();
        await Database.DisposeAsync();
    }

    private async Task SeedAsync(int places)
    {
        await Database.ExecuteAsync("INSERT INTO tenants (tenant_id, name) VALUES (1, 'Merchant')");
        await Database.ExecuteAsync(
            "INSERT INTO locations (tenant_id, location_id, code, name) SELECT 1, n, 'L' || n, 'Place ' || n FROM generate_series(1, $1) n", places);
        foreach (var (shop, id) in Stores)
        {
            await Database.ExecuteAsync(
                """
                INSERT INTO connections (tenant_id, connection_id, kind, name, shop, settings)
                VALUES (1, $1, 'shopify', $2, $2, '{"defaultLocationId": 1}')
                """,
                id, shop.Domain);
            await SetTokenAsync(id, shop.AccessToken);
        }
    }

    private static async Task<WebApplication> ReceiverAsync(TestDatabase database)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var inbox = new InboxStore(database.Ingest, TimeProvider.System);
        app.MapPost("/webhooks/shopify", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            var now = TimeProvider.System.GetUtcNow();
            var shop = request.Headers["X-Shopify-Shop-Domain"].ToString();
            var connection = await database.ScalarAsync<long>("SELECT connection_id FROM connections WHERE shop = $1", shop);
            await inbox.AppendAsync(
                [
                    new InboxEvent(
                        new TenantId(Tenant), new ConnectionId(connection), request.Headers["X-Shopify-Topic"].ToString(),
                        request.Headers["X-Shopify-Webhook-Id"].ToString(), null,
                        DateTimeOffset.Parse(request.Headers["X-Shopify-Triggered-At"].ToString(), CultureInfo.InvariantCulture), now,
                        "2026-10", ContentKinds.ShopifyWebhook, body.ToArray()),
                ],
                CancellationToken.None);
            return Results.Ok();
        });
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
}
