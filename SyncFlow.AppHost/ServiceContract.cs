using System.Collections.Immutable;

namespace SyncFlow.AppHost;

/// <summary>Where the value of a service's variable comes from.</summary>
internal enum Supply
{
    /// <summary>Connection string of PostgreSQL.</summary>
    Postgres,

    /// <summary>Address of Redis.</summary>
    Redis,

    /// <summary>The address the service itself listens on.</summary>
    OwnUrl,

    /// <summary>The address under which the API is reached from outside.</summary>
    ApiUrl,

    /// <summary>The simulator's stand-in for <c>https://{shop}</c>; absent without a sandbox.</summary>
    SandboxShopifyUrl,

    /// <summary>How late the sandbox's orders may become visible, in milliseconds; absent without a sandbox.</summary>
    SandboxVisibilityLag,

    /// <summary>How much faster than the real one the sandbox retries webhooks.</summary>
    SandboxRetryScale,

    /// <summary>A secret: the API key that works until identities exist.</summary>
    BootstrapApiKey,

    /// <summary>A secret: the key that encrypts stored credentials.</summary>
    SecretsKey,

    /// <summary>A secret: Shopify's client secret. With a sandbox the simulator signs with the same one.</summary>
    ShopifyClientSecret,

    /// <summary>The Shopify app's client id; with a sandbox a fixed one.</summary>
    ShopifyClientId,

    /// <summary>A folder of the service's own that outlives a restart.</summary>
    DataFolder,

    /// <summary>The process id of the host, where the host is a process on the same machine.</summary>
    HostProcess,
}

/// <summary>A variable of <see cref="EnvironmentContract"/> that a service gets.</summary>
internal sealed record Variable(string Name, Supply Supply);

/// <summary>A process of SyncFlow.</summary>
/// <param name="Resource">Its name for people, logs and Aspire.</param>
/// <param name="Project">Its project, which is also the name of its assembly.</param>
/// <param name="SandboxOnly">Runs only where there is a sandbox.</param>
/// <param name="Variables">What it is told by its environment. It is told nothing else.</param>
internal sealed record Service(string Resource, string Project, bool SandboxOnly, ImmutableArray<Variable> Variables)
{
    /// <summary>Whether it ends by itself when its host is gone.</summary>
    public bool WatchesItsHost => Variables.Any(variable => variable.Supply == Supply.HostProcess);
}

/// <summary>
/// The one table of what runs and what each process is told. Both ways to start SyncFlow (processes on this machine,
/// Aspire) go through it, so a service cannot tell which of them started it.
/// </summary>
internal static class ServiceContract
{
    /// <summary>Argument with which the API's program applies the migrations, as the owner of the schema, and ends with 0.</summary>
    public const string MigrateVerb = "migrate";

    /// <summary>Path that answers 200 when a service is ready for traffic.</summary>
    public const string HealthPath = "/health";

    /// <summary>Path of the simulator below which shops live; <c>{shop}</c> stands for the shop's domain.</summary>
    public const string SandboxShopifyPath = "/shopify/{shop}";

    /// <summary>The sandbox's order search is at most 300 ms behind; a second leaves room for a busy machine.</summary>
    public const string SandboxVisibilityLagMs = "1000";

    /// <summary>Client id of the app in the sandbox's Shopify.</summary>
    public const string SandboxShopifyClientId = "sandbox-client-id";

    /// <summary>Four hours of webhook retries become half a minute.</summary>
    public const string SandboxRetryTimeScale = "0.002";

    private static readonly ImmutableArray<Variable> Common =
    [
        new(EnvironmentContract.Urls, Supply.OwnUrl),
        new(EnvironmentContract.ParentPid, Supply.HostProcess),
        new(EnvironmentContract.Postgres, Supply.Postgres),
        new(EnvironmentContract.Redis, Supply.Redis),
        new(EnvironmentContract.SecretsKey, Supply.SecretsKey),
    ];

    private static readonly ImmutableArray<Variable> Channels =
    [
        new(EnvironmentContract.PublicUrl, Supply.ApiUrl),
        new(EnvironmentContract.ShopifyBaseUrl, Supply.SandboxShopifyUrl),
        new(EnvironmentContract.ShopifyOrderVisibilityLagMs, Supply.SandboxVisibilityLag),
        new(EnvironmentContract.ShopifyClientSecret, Supply.ShopifyClientSecret),
        new(EnvironmentContract.ShopifyClientId, Supply.ShopifyClientId),
    ];

    public static readonly Service Simulator = new(
        EnvironmentContract.SimulatorResource,
        "SyncFlow.Simulator",
        SandboxOnly: true,
        [
            // It shares no code with the services, the watch on its host included; a local host watches over it instead.
            new(EnvironmentContract.Urls, Supply.OwnUrl),
            new(EnvironmentContract.SimulatorDataFolder, Supply.DataFolder),
            new(EnvironmentContract.SimulatorShopifySecret, Supply.ShopifyClientSecret),
            new(EnvironmentContract.SimulatorShopifyClientId, Supply.ShopifyClientId),
            new(EnvironmentContract.SimulatorRetryTimeScale, Supply.SandboxRetryScale),
        ]);

    public static readonly Service Api = new(
        EnvironmentContract.ApiResource,
        "SyncFlow.Api",
        SandboxOnly: false,
        [.. Common, .. Channels, new(EnvironmentContract.BootstrapApiKey, Supply.BootstrapApiKey)]);

    public static readonly Service Worker = new(
        EnvironmentContract.WorkerResource, "SyncFlow.Worker", SandboxOnly: false, [.. Common, .. Channels]);

    /// <summary>Every service, in the order in which they start. They stop in the reverse order.</summary>
    public static readonly ImmutableArray<Service> Services = [Simulator, Api, Worker];
}
