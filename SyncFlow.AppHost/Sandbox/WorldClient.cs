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
    /// <param name="ordersPerSecond">How many.</param>
    /// <param name="shipped">Whether some of them are shipped by the way: false where a warehouse ships them all.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task StartBuyersAsync(double ordersPerSecond, bool shipped, CancellationToken cancellation)
    {
        var settings = new JsonObject { ["ordersPerSecond"] = ordersPerSecond };
        if (!shipped)
        {
            settings["fulfillRate"] = 0;
        }

        return calls.PostAsync("Letting buyers loose", "/sandbox/buyers", settings, cancellation);
    }

    /// <summary>The simulated ERP, WMS, tills and 3PL; the address of their APIs.</summary>
    public string OfficeUrl => baseUrl + "/back-office";

    public Task<JsonNode?> OfficeAsync(CancellationToken cancellation) => calls.GetAsync("Looking at the back office", "/sandbox/back-office", cancellation);

    public Task OpenOfficeAsync(JsonObject settings, CancellationToken cancellation) => calls.PostAsync("Opening the back office", "/sandbox/back-office", settings, cancellation);

    /// <summary>Has all finished that was begun.</summary>
    public Task DrainOfficeAsync(CancellationToken cancellation) => calls.PostAsync("Finishing the back office's work", "/sandbox/back-office/drain", [], cancellation);

    /// <summary>Units that really are left, by SKU.</summary>
    public async Task<IReadOnlyDictionary<string, long>> TruthAsync(CancellationToken cancellation) =>
        (await calls.GetAsync("Counting what is really there", "/sandbox/truth", cancellation).ConfigureAwait(false)).Items("skus")
            .ToDictionary(item => item.Text("sku")!, item => (long)item.Number("remaining")!);

    public Task StopBuyersAsync(CancellationToken cancellation) => calls.DeleteAsync("Stopping the buyers", "/sandbox/buyers", cancellation);

    public async Task<WorldFigures> FiguresAsync(CancellationToken cancellation)
    {
        const string step = "Reading the sandbox's figures";
        var answer = await calls.GetAsync(step, "/sandbox/stats", cancellation).ConfigureAwait(false);
        var stores = await calls.GetAsync(step, "/sandbox/stores", cancellation).ConfigureAwait(false);
        return WorldFigures.Read(answer, stores, member => calls.Failed(step, $"the answer has no '{member}'."));
    }
}
