using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Shouldly;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Tests.Simulator;

/// <summary>A sandbox of this test alone, spoken to over real HTTP.</summary>
internal sealed class Sandbox : IAsyncDisposable
{
    internal const string Secret = "a client secret";

    private readonly HttpClient _http = new();

    private Sandbox(SimulatorHost host) => Host = host;

    internal SimulatorHost Host { get; }

    internal World World => Host.World;

    internal Shop Main => World.Shops[0];

    internal Shop Outlet => World.Shops[1];

    internal static async Task<Sandbox> StartAsync(Func<SimulatorOptions, SimulatorOptions>? change = null)
    {
        var options = new SimulatorOptions { Skus = 12, ShopifyClientSecret = Secret, BulkDurationMs = 20, RetryTimeScale = 0.001 };
        return new Sandbox(await SimulatorHost.StartAsync(change?.Invoke(options) ?? options, TimeProvider.System));
    }

    internal async Task<JsonElement> GraphAsync(
        Shop shop, string query, object? variables = null, string version = "2026-10")
    {
        using var response = await PostAsync(shop, query, variables, version);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    internal Task<HttpResponseMessage> PostAsync(
        Shop shop, string query, object? variables = null, string version = "2026-10", string? token = null)
    {
        var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(Host.BaseAddress, $"/shopify/{shop.Domain}/admin/api/{version}/graphql.json"))
        {
            Content = JsonContent.Create(new { query, variables }),
        };
        request.Headers.Add("X-Shopify-Access-Token", token ?? shop.AccessToken);
        return _http.SendAsync(request);
    }

    internal async Task<(HttpStatusCode Status, JsonElement Body)> ControlAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Host.BaseAddress, path));
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text));
    }

    internal Task<string> DownloadAsync(string url) => _http.GetStringAsync(new Uri(url));

    /// <summary>An item of a shop with its first level.</summary>
    internal static (Variant Variant, Level Level) Item(Shop shop, int index = 0)
    {
        var variant = shop.Variants[index];
        return (variant, shop.Level(variant.ItemId, shop.Locations[0].Id)!);
    }

    /// <summary>The input of a set of available.</summary>
    internal static Dictionary<string, object?> SetInput(params Dictionary<string, object?>[] quantities) => new()
    {
        ["name"] = "available",
        ["reason"] = "correction",
        ["quantities"] = quantities,
    };

    internal static Dictionary<string, object?> Quantity(Level level, int quantity, int? compare) => new()
    {
        ["inventoryItemId"] = $"gid://shopify/InventoryItem/{level.ItemId}",
        ["locationId"] = $"gid://shopify/Location/{level.LocationId}",
        ["quantity"] = quantity,
        ["changeFromQuantity"] = compare,
    };

    internal async Task<JsonElement> SetAsync(Shop shop, object input, string key, string version = "2026-10")
    {
        var answer = await GraphAsync(shop, ValidatedOperations.Set, new { input, key }, version);
        return answer.TryGetProperty("errors", out _) ? answer : answer.GetProperty("data").GetProperty("inventorySetQuantities");
    }

    internal Order Place(Shop shop, int units, int item = 0)
    {
        var outcome = World.Place(shop, new OrderRequest([new LineRequest(units, shop.Variants[item].Id)]));
        outcome.Accepted.ShouldBeTrue(outcome.Detail);
        return outcome.Order!;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Host.DisposeAsync();
    }
}
