using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Npgsql;
using SyncFlow.Api;
using SyncFlow.Api.Security;
using SyncFlow.Tests.Support;

namespace SyncFlow.Tests.Api;

/// <summary>The real Api in this process, on a free port, with a database of its own.</summary>
internal sealed class ApiApp : IAsyncDisposable
{
    public const string Key = "sf_test_0123456789abcdef";

    public const string Secret = "webhook secret of the tests";

    public const string Shop = "main-store.myshopify.com";

    private readonly WebApplication app;

    private readonly NpgsqlDataSource admin;

    private ApiApp(WebApplication app, string database)
    {
        this.app = app;
        admin = NpgsqlDataSource.Create(database);
        Database = database;
        Client = NewClient(Key);
    }

    /// <summary>Calls with the bootstrap key.</summary>
    public HttpClient Client { get; }

    /// <summary>Connection string of the database, as its superuser.</summary>
    public string Database { get; }

    public WebApplication Application => app;

    public IServiceProvider Services => app.Services;

    public static async Task<ApiApp> StartAsync(PostgresFixture postgres, RedisFixture redis) =>
        await StartAsync(await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync());

    /// <param name="more">Settings beside the usual ones, and parts to replace.</param>
    public static async Task<ApiApp> StartAsync(string database, string redis, Action<WebApplicationBuilder>? more = null)
    {
        var app = ApiHost.Build([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(Settings(database, redis));
            more?.Invoke(builder);
        });
        await app.StartAsync();
        return new ApiApp(app, database);
    }

    private static Dictionary<string, string?> Settings(string database, string redis) => new()
    {
        ["ConnectionStrings:syncflow"] = database,
        ["ConnectionStrings:redis"] = redis,
        ["SyncFlow:BootstrapApiKey"] = Key,
        ["SyncFlow:SecretsKey"] = Convert.ToBase64String(new byte[32]),
        ["Channels:Shopify:ClientSecret"] = Secret,
        ["Logging:LogLevel:Default"] = "None",
        ["Limits:StrangerPerSecond"] = "10000",
        ["Limits:CallerPerSecond"] = "10000",
        ["Limits:TenantPerSecond"] = "10000",
        ["urls"] = "http://127.0.0.1:0",
    };

    /// <summary>Settings to start with, for <see cref="StartAsync(string, string, Action{WebApplicationBuilder}?)"/>.</summary>
    public static Action<WebApplicationBuilder> With(params (string Name, string Value)[] settings) => builder =>
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Name, string? (s) => s.Value));

    public HttpClient NewClient(string? key)
    {
        var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(60) };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return client;
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {answer.StatusCode} {text}");
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, object body, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await SendAsync(request);
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(HttpRequestMessage request)
    {
        using var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    /// <summary>Sets something on what is to be seen of it now, as a careful client does.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> PutSeenAsync(string path, object body) =>
        await PutAsync(path, body, await TagAsync(path));

    /// <param name="tag">What was seen; null says nothing of it.</param>
    /// <param name="key">Names the request, so that a repeat is known; null for none.</param>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(string path, object body, string? tag = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.Add("If-Match", tag);
        }

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await SendAsync(request);
    }

    /// <summary>Sends a file.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> PostCsvAsync(string path, params string[] lines)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(string.Join('\n', lines), Encoding.UTF8, "text/csv") };
        return await SendAsync(request);
    }

    /// <summary>The lines of a file, its head too.</summary>
    public async Task<string[]> CsvAsync(string path) => (await Client.GetStringAsync(path)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The ETag of an address, whatever it answers.</summary>
    public async Task<string> TagAsync(string path)
    {
        using var answer = await Client.GetAsync(path);
        return answer.Headers.ETag?.ToString() ?? throw new InvalidOperationException($"{path}: {answer.StatusCode} without an ETag");
    }

    /// <summary>Connects a shop and returns the connection's id.</summary>
    public async Task<long> ConnectAsync(string shop = Shop)
    {
        var (status, body) = await PostAsync("/api/v1/connections", new { kind = "shopify", name = shop, shop, accessToken = "shpat_secret" });
        return status == HttpStatusCode.Created ? (long)body!["id"]! : throw new InvalidOperationException($"{status} {body}");
    }

    /// <summary>Sends a webhook as Shopify does.</summary>
    public async Task<HttpResponseMessage> WebhookAsync(string body, string id, string shop = Shop, string? hmac = "", string topic = "orders/create")
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/shopify") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-Shopify-Topic", topic);
        request.Headers.Add("X-Shopify-Shop-Domain", shop);
        request.Headers.Add("X-Shopify-Webhook-Id", id);
        request.Headers.Add("X-Shopify-API-Version", "2026-10");
        var signature = hmac is "" ? Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), bytes)) : hmac;
        if (signature is not null)
        {
            request.Headers.Add("X-Shopify-Hmac-Sha256", signature);
        }

        return await Client.SendAsync(request);
    }

    /// <summary>Asks or tells the database as its superuser.</summary>
    public async Task<T> SqlAsync<T>(string sql, params object[] values)
    {
        await using var command = admin.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task<long> InboxCountAsync() => SqlAsync<long>("SELECT count(*) FROM inbox");

    /// <summary>A second tenant with a key of its own; returns a client of its.</summary>
    public async Task<HttpClient> OtherTenantAsync()
    {
        const string key = "sf_other_0123456789abcdef";
        await SqlAsync<long>(
            """
            WITH t AS (INSERT INTO tenants (name) VALUES ('Other') RETURNING tenant_id)
            INSERT INTO api_keys (tenant_id, name, key_hash, scopes) SELECT tenant_id, 'k', $1, ARRAY['*'] FROM t RETURNING tenant_id
            """,
            Secrets.Hash(key));
        return NewClient(key);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
        await admin.DisposeAsync();
    }
}
