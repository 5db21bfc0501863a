using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Threading.Channels;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Benchmarks.Burst;

/// <summary>
/// The usual way to keep a second store in step, for comparison: a webhook becomes a job; ten workers take the SKU's stock
/// from a cache of 30 s, lower it by what was sold, and set the other store to it by one call for each event; a throttled
/// call is tried again after a second. Webhooks arrive at once and none is lost, repeats are dropped by their id, and
/// reading the first store costs nothing, all of which favours it.
/// </summary>
internal sealed class UsualSyncer : IAsyncDisposable
{
    private const int Workers = 10;
    private const string ThrottledCode = "THROTTLED";

    private const string Mutation =
        """
        mutation ($input: InventorySetQuantitiesInput!, $key: String!) {
          inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code } }
        }
        """;

    private static readonly TimeSpan CachedFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<(string Sku, int Units)> jobs = Channel.CreateUnbounded<(string, int)>();
    private readonly ConcurrentDictionary<string, (int Stock, long ReadAt)> cache = new(StringComparer.Ordinal);
    private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource stop = new();
    private readonly Shop seller;
    private readonly Shop other;
    private readonly TimeProvider time;
    private readonly Task working;

    public UsualSyncer(SimulatorHost sandbox, Shop seller, Shop other, TimeProvider time)
    {
        (this.seller, this.other, this.time) = (seller, other, time);
        var notify = sandbox.World.Notify;
        sandbox.World.Notify = (shop, notice, now) =>
        {
            if (shop == seller && notice is { Topic: "orders/create", Resource: Order order })
            {
                foreach (var line in order.Lines)
                {
                    jobs.Writer.TryWrite((line.Sku, line.Quantity));
                }
            }

            notify?.Invoke(shop, notice, now);
        };
        var address = new Uri(sandbox.ShopifyBaseUrlTemplate.Replace("{shop}", other.Domain, StringComparison.Ordinal) + "/admin/api/2026-10/graphql.json");
        http.DefaultRequestHeaders.Add("X-Shopify-Access-Token", other.AccessToken);
        working = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => WorkAsync(address))));
    }

    public async ValueTask DisposeAsync()
    {
        jobs.Writer.TryComplete();
        await stop.CancelAsync().ConfigureAwait(false);
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        http.Dispose();
        stop.Dispose();
    }

    /// <summary>Completes when every job so far and to come before <see cref="DisposeAsync"/> is done.</summary>
    public async Task FinishAsync()
    {
        jobs.Writer.TryComplete();
        await working.ConfigureAwait(false);
    }

    private async Task WorkAsync(Uri address)
    {
        await foreach (var (sku, units) in jobs.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            var stock = Lower(sku, units);
            while (!await SetAsync(address, sku, stock).ConfigureAwait(false))
            {
                await Task.Delay(RetryAfter, time, stop.Token).ConfigureAwait(false);
            }
        }
    }

    private int Lower(string sku, int units)
    {
        var now = time.GetTimestamp();
        if (cache.TryGetValue(sku, out var known) && time.GetElapsedTime(known.ReadAt, now) < CachedFor)
        {
            cache[sku] = (known.Stock - units, known.ReadAt);
            return known.Stock - units;
        }

        lock (seller.Gate)
        {
            var stock = seller.VariantBySku(sku)!.Levels.Sum(l => l[StockState.Available]);
            cache[sku] = (stock, now);
            return stock;
        }
    }

    /// <summary>One call; false when it was throttled.</summary>
    private async Task<bool> SetAsync(Uri address, string sku, int stock)
    {
        var variant = other.VariantBySku(sku)!;
        string Gid(string kind, long id) => string.Create(CultureInfo.InvariantCulture, $"gid://shopify/{kind}/{id}");
        var input = new Dictionary<string, object?>
        {
            ["name"] = "available",
            ["reason"] = "correction",
            ["referenceDocumentUri"] = "gid://usual/Sync/1",
            ["quantities"] = new[]
            {
                new Dictionary<string, object?>
                {
                    ["inventoryItemId"] = Gid("InventoryItem", variant.ItemId),
                    ["locationId"] = Gid("Location", other.Locations[0].Id),
                    ["quantity"] = stock,
                    ["changeFromQuantity"] = null,
                },
            },
        };
        var variables = new Dictionary<string, object?> { ["input"] = input, ["key"] = Guid.CreateVersion7(time.GetUtcNow()).ToString() };
        using var answer = await http.PostAsJsonAsync(address, new { query = Mutation, variables }, stop.Token).ConfigureAwait(false);
        var text = await answer.Content.ReadAsStringAsync(stop.Token).ConfigureAwait(false);
        if (text.Contains(ThrottledCode, StringComparison.Ordinal))
        {
            return false;
        }

        using var json = JsonDocument.Parse(text);
        return json.RootElement.TryGetProperty("data", out var data)
            && data.GetProperty("inventorySetQuantities").GetProperty("userErrors").GetArrayLength() == 0
                ? true
                : throw new CheckFailedException($"the usual way's call was refused: {text}");
    }
}
