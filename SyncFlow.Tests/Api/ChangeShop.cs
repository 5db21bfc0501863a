using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Tests.Api;

/// <summary>A merchant with stores and stock behind the API; facts are applied when told.</summary>
internal sealed record ChangeShop(TestDatabase Database, Merchant Merchant, ApiApp App, HttpClient Client) : IAsyncDisposable
{
    private const string Key = "sf_merchant_0123456789abcdef";

    /// <summary>Two stores that show the ten units of each SKU in shared mode.</summary>
    public static async Task<ChangeShop> StartAsync(PostgresFixture postgres, RedisFixture redis, int skus)
    {
        var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: skus, onHand: 10);
        await database.ExecuteAsync("UPDATE skus SET mode = 1, mode_set = true");
        await database.ExecuteAsync("UPDATE sku_state SET mode = 1");
        await database.ExecuteAsync(
            "INSERT INTO api_keys (tenant_id, name, key_hash, scopes) VALUES ($1, 'k', $2, ARRAY['*'])", merchant.Tenant.Value, Secrets.Hash(Key));
        var app = await ApiApp.StartAsync(database.ConnectionString, await redis.ConfigurationAsync());
        return new ChangeShop(database, merchant, app, app.NewClient(Key));
    }

    public Task<ApplyResult> ApplyAsync() => new ApplyPipeline(
        Database.Worker, new InboxStore(Database.Worker, TimeProvider.System), TimeProvider.System, NullLogger<ApplyPipeline>.Instance)
        .RunAsync(Merchant.Tenant, CancellationToken.None);

    public Task<int> OnHandAsync(int sku) => Database.ScalarAsync<int>("SELECT on_hand FROM positions WHERE sku_id = $1", Merchant.Skus[sku].Value);

    public async Task<(JsonNode Body, string Tag)> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return (JsonNode.Parse(text)!, answer.Headers.ETag!.Tag);
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, object body, string? tag = null) =>
        SendAsync(HttpMethod.Post, path, body, tag);

    public Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body, string? tag = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.Add("If-Match", tag);
        }

        return SendAsync(request);
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(HttpRequestMessage request)
    {
        using var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
        await Database.DisposeAsync();
    }
}
