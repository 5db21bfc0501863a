#if APPHOST
namespace SyncFlow.AppHost;
#else
namespace SyncFlow.ServiceDefaults;
#endif

/// <summary>
/// The one table of names by which a host (local processes or Aspire) tells services where things are. Both sides of
/// AppHost and every service read it; a service never knows which of the two started it. Names use the double
/// underscore of environment variables; in configuration they read with a colon.
/// </summary>
/// <remarks>This file is also compiled into SyncFlow.AppHost, which references no service project.
/// There it is internal and in that project's namespace, so that a test that references both can tell them apart.</remarks>
#if APPHOST
internal
#else
public
#endif
static class EnvironmentContract
{
    /// <summary>Resource (and database) name of PostgreSQL; its connection string is <see cref="Postgres"/>.</summary>
    public const string PostgresResource = "syncflow";

    /// <summary>Resource name of Redis; its connection string is <see cref="Redis"/>.</summary>
    public const string RedisResource = "redis";

    public const string ApiResource = "api";
    public const string WorkerResource = "worker";
    public const string SimulatorResource = "simulator";

    /// <summary>Npgsql connection string of a login that may become the roles owner, ingest, api and worker.</summary>
    public const string Postgres = "ConnectionStrings__syncflow";

    /// <summary>StackExchange.Redis configuration, for example <c>127.0.0.1:6379</c>.</summary>
    public const string Redis = "ConnectionStrings__redis";

    /// <summary>Addresses the web hosts listen on.</summary>
    public const string Urls = "ASPNETCORE_URLS";

    /// <summary>
    /// Process id of the host that started the service. When that process is gone the service ends by itself, so a
    /// killed host leaves nothing running. Absent where something else looks after the service's life.
    /// </summary>
    public const string ParentPid = "SyncFlow__ParentPid";

    /// <summary>OTLP collector; absent means telemetry stays in process.</summary>
    public const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Address under which channels reach the API; webhook subscriptions are created for it.</summary>
    public const string PublicUrl = "SyncFlow__PublicUrl";

    /// <summary>API key accepted until identities exist; stored hashed at first start.</summary>
    public const string BootstrapApiKey = "SyncFlow__BootstrapApiKey";

    /// <summary>
    /// Keys that encrypt secrets at rest (docs/secrets.md): base64 of 32 bytes, or <c>id:base64</c> parted by commas,
    /// the current one first.
    /// </summary>
    public const string SecretsKey = "SyncFlow__SecretsKey";

    /// <summary>A file with such keys, one a line, instead of <see cref="SecretsKey"/>.</summary>
    public const string SecretsKeyFile = "SyncFlow__SecretsKeyFile";

    /// <summary>Address of a secret in Azure Key Vault whose versions are such keys, instead of <see cref="SecretsKey"/>.</summary>
    public const string SecretsKeyVault = "SyncFlow__SecretsKeyVault";

    /// <summary>Shopify Admin address; <c>{shop}</c> is replaced by the shop domain. Default <c>https://{shop}</c>.</summary>
    public const string ShopifyBaseUrl = "Channels__Shopify__BaseUrl";

    /// <summary>Shopify Admin API version. Default <c>2026-10</c>.</summary>
    public const string ShopifyApiVersion = "Channels__Shopify__ApiVersion";

    /// <summary>The Shopify app's client id: whom session tokens are made for. Absent where no app is installed.</summary>
    public const string ShopifyClientId = "Channels__Shopify__ClientId";

    /// <summary>The Shopify app's client secret: verifies webhooks and session tokens.</summary>
    public const string ShopifyClientSecret = "Channels__Shopify__ClientSecret";

    /// <summary>
    /// Milliseconds until every order of a Shopify store is visible to an order query (the visibility lag λ of
    /// docs/protocol.md). Default 10,000.
    /// </summary>
    public const string ShopifyOrderVisibilityLagMs = "Channels__Shopify__OrderVisibilityLagMs";

    /// <summary>Folder where the simulator journals its world.</summary>
    public const string SimulatorDataFolder = "Simulator__DataFolder";

    /// <summary>The client secret with which the simulated Shopify signs its webhooks.</summary>
    public const string SimulatorShopifySecret = "Simulator__ShopifyClientSecret";

    /// <summary>The client id of the app that the simulated Shopify knows.</summary>
    public const string SimulatorShopifyClientId = "Simulator__ShopifyClientId";

    /// <summary>Factor on the simulated Shopify's waits between webhook retries; 1 is the real four hours.</summary>
    public const string SimulatorRetryTimeScale = "Simulator__RetryTimeScale";
}
