using System.Globalization;
using Microsoft.AspNetCore.Builder;
using SyncFlow.Api;
using SyncFlow.AppHost.Sandbox;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Worker;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// The whole product in this process on servers of its own, API and worker as their programs compose them; with a
/// sandbox of stores beside it where one is asked for.
/// </summary>
internal sealed class ProductStand : IAsyncDisposable
{
    /// <summary>What signs webhooks.</summary>
    public const string ClientSecret = "sandbox-client-secret";

    /// <summary>Under which stored secrets are sealed.</summary>
    public static readonly string SecretsKey = Convert.ToBase64String(new byte[32]);

    private const string ApiKey = "sf_bench_0123456789abcdef";

    private static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(3);

    private readonly BenchServers servers;
    private readonly TimeProvider time;
    private readonly List<WebApplication> started = [];
    private readonly HttpClient http = new();
    private SimulatorHost? sandbox;

    private ProductStand(BenchServers servers, TimeProvider time) => (this.servers, this.time) = (servers, time);

    /// <summary>Where the API listens.</summary>
    public Uri Api { get; private set; } = null!;

    /// <summary>The stores, where there are any.</summary>
    public SimulatorHost Sandbox => sandbox ?? throw new InvalidOperationException("This stand has no sandbox.");

    public World World => Sandbox.World;

    /// <summary>The API alone; no worker, no stores.</summary>
    public static async Task<ProductStand> StartApiAsync(BenchServers servers, TimeProvider time, CancellationToken ct)
    {
        var stand = new ProductStand(servers, time);
        await stand.StartServicesAsync("http://127.0.0.1:9/{shop}", withWorker: false, ct).ConfigureAwait(false);
        return stand;
    }

    /// <summary>All of it: stores imported, mapped, baselined and live, their SKUs shared in a mode.</summary>
    /// <param name="mode">Null leaves them as they are.</param>
    /// <param name="prepare">Called before the product knows the stores.</param>
    public static async Task<ProductStand> StartLiveAsync(
        BenchServers servers, SimulatorOptions world, string? mode, TimeProvider time, CancellationToken ct, Action<World>? prepare = null)
    {
        var stand = await StartWithStoresAsync(servers, world, time, ct, prepare).ConfigureAwait(false);
        var client = new ApiClient(stand.http, stand.Api.ToString().TrimEnd('/'), ApiKey, "-", time);
        var stores = new WorldClient(stand.http, stand.Sandbox.BaseAddress.ToString().TrimEnd('/'), "-", time);
        await new SandboxSetup(client, stores, time, Console.Error).RunAsync(ct).ConfigureAwait(false);
        await new SandboxMode(client, time, Console.Error).SetAsync(mode, ct).ConfigureAwait(false);
        await stand.SettleAsync(ct).ConfigureAwait(false);
        return stand;
    }

    /// <summary>All of it, with stores that the product does not know yet.</summary>
    /// <param name="prepare">Called before the services start.</param>
    public static async Task<ProductStand> StartWithStoresAsync(
        BenchServers servers, SimulatorOptions world, TimeProvider time, CancellationToken ct, Action<World>? prepare = null)
    {
        var stand = new ProductStand(servers, time);
        stand.sandbox = await SimulatorHost.StartAsync(
            world with { ShopifyClientSecret = ClientSecret, DirtyCatalog = false, RetryTimeScale = 0.002 }, time, ct).ConfigureAwait(false);
        prepare?.Invoke(stand.World);
        await stand.StartServicesAsync(stand.sandbox.ShopifyBaseUrlTemplate, withWorker: true, ct).ConfigureAwait(false);
        return stand;
    }

    /// <summary>Waits until nothing waits in the inbox and no level wants a push or a reading.</summary>
    public async Task SettleAsync(CancellationToken ct)
    {
        var since = time.GetTimestamp();
        using var owner = Npgsql.NpgsqlDataSource.Create(servers.ConnectionString);
        using var command = owner.CreateCommand(
            """
            SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 0) AND NOT EXISTS (
              SELECT FROM listing_levels WHERE wants_push OR in_flight_push IS NOT NULL OR needs_reading OR unverified_units > 0)
            """);
        while (Sandbox.PendingWebhooks > 0 || !(bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!)
        {
            if (time.GetElapsedTime(since) > SettleLimit)
            {
                throw new CheckFailedException($"not everything was applied, published and verified within {SettleLimit.TotalMinutes:0} minutes.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, ct).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in Enumerable.Reverse(started))
        {
            await app.StopAsync().ConfigureAwait(false);
            await app.DisposeAsync().ConfigureAwait(false);
        }

        if (sandbox is not null)
        {
            await sandbox.DisposeAsync().ConfigureAwait(false);
        }

        http.Dispose();
    }

    private async Task StartServicesAsync(string shops, bool withWorker, CancellationToken ct)
    {
        string[] common =
        [
            $"--ConnectionStrings:syncflow={servers.ConnectionString}", $"--ConnectionStrings:redis={servers.Redis}",
            $"--SyncFlow:SecretsKey={SecretsKey}", $"--SyncFlow:BootstrapApiKey={ApiKey}",
            $"--Channels:Shopify:ClientSecret={ClientSecret}", $"--Channels:Shopify:BaseUrl={shops}",
            "--Channels:Shopify:OrderVisibilityLagMs=1000", "--Logging:LogLevel:Default=Error", "--urls=http://127.0.0.1:0",
        ];
        var api = ApiHost.Build(common);
        started.Add(api);
        await api.StartAsync(ct).ConfigureAwait(false);
        Api = new Uri(api.Urls.First());
        if (withWorker)
        {
            var worker = WorkerHost.Build([.. common, string.Create(CultureInfo.InvariantCulture, $"--SyncFlow:PublicUrl={Api}")]);
            started.Add(worker);
            await worker.StartAsync(ct).ConfigureAwait(false);
        }
    }
}
