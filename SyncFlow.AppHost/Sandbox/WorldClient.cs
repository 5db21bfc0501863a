using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>A simulated store, and what it takes to connect it.</summary>
internal sealed record Store(string Shop, string Name, string AccessToken);

/// <summary>The simulator's control: its stores, its buyers, and what really happened in its world.</summary>
internal sealed class WorldClient(HttpClient client, string baseUrl, string logFile, TimeProvider time)
{
    private readonly JsonCalls calls = new(client, "simulator", baseUrl, bearer: null, logFile, time);

    /// <summary>The stores; the first is the merchant's main one.</summary>
    public async Task<IReadOnlyList<Store>> StoresAsync(CancellationToken cancellation)
    {
        const string step = "Listing the sandbox's stores";
        var answer = await calls.GetAsync(step, "/sandbox/stores", cancellation).ConfigureAwait(false);
        string Need(JsonObject item, string member) => item.Text(member) ?? throw calls.Failed(step, $"a store has no '{member}'.");
        var stores = answer.Items();
        return stores.Count == 0
            ? throw calls.Failed(step, "there are none.")
            : [.. stores.Select(item => new Store(Need(item, "shop"), Need(item, "name"), Need(item, "accessToken")))];
    }

    /// <summary>A session token for the store's owner, as the store's admin gives it to the app's page.</summary>
    public async Task<string> SessionTokenAsync(Store store, CancellationToken cancellation)
    {
        var step = $"Opening the admin of {store.Shop}";
        var answer = await calls.PostAsync(step, $"/sandbox/stores/{store.Shop}/session-token", [], cancellation).ConfigureAwait(false);
        return answer.Text("token") ?? throw calls.Failed(step, "the answer has no 'token'.");
    }

    /// <summary>Lets buyers place so many orders a second, over all stores.</summary>
    public Task StartBuyersAsync(double ordersPerSecond, CancellationToken cancellation)
    {
        return calls.PostAsync("Letting buyers loose", "/sandbox/buyers", new JsonObject { ["ordersPerSecond"] = ordersPerSecond }, cancellation);
    }

    public Task StopBuyersAsync(CancellationToken cancellation) => calls.DeleteAsync("Stopping the buyers", "/sandbox/buyers", cancellation);

    public async Task<WorldFigures> FiguresAsync(CancellationToken cancellation)
    {
        const string step = "Reading the sandbox's figures";
        var answer = await calls.GetAsync(step, "/sandbox/stats", cancellation).ConfigureAwait(false);
        var stores = await calls.GetAsync(step, "/sandbox/stores", cancellation).ConfigureAwait(false);
        return WorldFigures.Read(answer, stores, member => calls.Failed(step, $"the answer has no '{member}'."));
    }
}
