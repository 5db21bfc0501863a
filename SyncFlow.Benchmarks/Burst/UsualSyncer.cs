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
/// from a cache of 30 s, lower it by what was sold, and set the other store to it by one call for each event. A throttled
/// job fails and is queued again after a second, as job queues do it: its worker takes the next one meanwhile. Webhooks
/// arrive at once and none is lost, repeats are dropped by their id, reading the first store costs nothing, and a job
/// tried again sets what the cache knows by then, all of which favours it.
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

    private readonly Channel<(string Sku, int Units, long Since)> jobs = Channel.CreateUnbounded<(string, int, long)>();
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, (int Stock, long ReadAt)> cache = new(StringComparer.Ordinal);
    private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource stop = new();
    private readonly Shop seller;
    private readonly Shop other;
    private readonly TimeProvider time;
    private readonly Task working;
    private int open = 1; // Jobs that are not done, and one for those still to come.

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
                    Interlocked.Increment(ref open);
                    jobs.Writer.TryWrite((line.Sku, line.Quantity, time.GetTimestamp()));
                }
            }

            notify?.Invoke(shop, notice, now);
        };
        var address = new Uri(sandbox.ShopifyBaseUrlTemplate.Replace("{shop}", other.Domain, StringComparison.Ordinal) + "/admin/api/2026-10/graphql.json");
        http.DefaultRequestHeaders.Add("X-Shopify-Access-Token", other.AccessToken);
        working = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => WorkAsync(address))));
    }

    /// <summary>From each order to its job's call that the store took.</summary>
    public Latencies Taken { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        http.Dispose();
        stop.Dispose();
    }

    /// <summary>Completes when every job so far is done; none may come after it.</summary>
    public Task FinishAsync()
    {
        Done();
        return finished.Task;
    }

    private void Done()
    {
        if (Interlocked.Decrement(ref open) == 0)
        {
            finished.TrySetResult();
        }
    }

    private async Task WorkAsync(Uri address)
    {
        try
        {
            await foreach (var (sku, units, since) in jobs.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
            {
                if (await SetAsync(address, sku, Lower(sku, units)).ConfigureAwait(false))
                {
                    Taken.Add(time.GetElapsedTime(since));
                    Done();
                }
                else
                {
                    _ = AgainAsync(sku, since);
                }
            }
        }
        catch (CheckFailedException refused)
        {
            finished.TrySetException(refused);
        }
    }

    /// <summary>Queues a throttled job again; its units were taken off the cache by its first try.</summary>
    private async Task AgainAsync(string sku, long since)
    {
        await Task.Delay(RetryAfter, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        jobs.Writer.TryWrite((sku, 0, since));
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
