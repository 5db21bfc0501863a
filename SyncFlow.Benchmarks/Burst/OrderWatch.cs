using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Benchmarks.Burst;

/// <summary>
/// Places orders at one store and watches, in the other store itself, when its levels tell of them: an order has arrived
/// when the level shows no more than what the order and all before it left. It knows nothing of the product.
/// </summary>
internal sealed class OrderWatch
{
    private readonly World world;
    private readonly Shop seller;
    private readonly Shop other;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Watched> watched = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Watched> byItem = [];

    /// <param name="world">Both stores; orders placed by this class alone move their stock from now on.</param>
    /// <param name="seller">Where orders are placed.</param>
    /// <param name="other">Whose levels are watched.</param>
    /// <param name="time">The clock of the world.</param>
    public OrderWatch(World world, Shop seller, Shop other, TimeProvider time)
    {
        (this.world, this.seller, this.other, this.time) = (world, seller, other, time);
        foreach (var variant in other.Variants)
        {
            var entry = new Watched(seller.Variants.First(v => v.Sku == variant.Sku).Id, Available(variant));
            watched.Add(variant.Sku, entry);
            byItem.Add(variant.ItemId, entry);
        }

        var notify = world.Notify;
        world.Notify = (shop, notice, now) =>
        {
            if (shop == other && notice.Resource is Level level)
            {
                Note(level);
            }

            notify?.Invoke(shop, notice, now);
        };
    }

    /// <summary>The SKUs that both sell.</summary>
    public IReadOnlyList<string> Skus => [.. watched.Keys];

    /// <summary>Times a level of the other store rose, which no order explains.</summary>
    public int Backwards { get; private set; }

    /// <summary>An order of one unit.</summary>
    /// <param name="due">The timestamp from which its time counts: when it should have been placed, however late it is.</param>
    public void Place(string sku, long due)
    {
        var entry = watched[sku];
        lock (gate)
        {
            entry.Orders.Add(due);
        }

        var outcome = world.Place(seller, new OrderRequest([new LineRequest(1, entry.Variant)]));
        if (!outcome.Accepted)
        {
            throw new CheckFailedException($"an order of {sku} was refused: {outcome.Detail}.");
        }
    }

    /// <summary>SKUs whose level is not what their orders left.</summary>
    public int Wrong
    {
        get
        {
            lock (gate)
            {
                return watched.Values.Count(w => w.Shown != w.Opening - w.Orders.Count);
            }
        }
    }

    /// <summary>Times from each order to the first level that tells of it.</summary>
    public Latencies Latencies()
    {
        var latencies = new Latencies();
        lock (gate)
        {
            foreach (var (order, at) in watched.Values.SelectMany(w => w.FirstTold()))
            {
                latencies.Add(time.GetElapsedTime(order, at));
            }
        }

        return latencies;
    }

    /// <summary>From the first order to the last change of a level.</summary>
    public TimeSpan Drained()
    {
        lock (gate)
        {
            return time.GetElapsedTime(
                watched.Values.SelectMany(w => w.Orders).Min(), watched.Values.SelectMany(w => w.Changes).Max(c => c.At));
        }
    }

    private void Note(Level level)
    {
        lock (gate)
        {
            if (!byItem.TryGetValue(level.ItemId, out var entry) || level[StockState.Available] == entry.Shown)
            {
                return;
            }

            Backwards += level[StockState.Available] > entry.Shown ? 1 : 0;
            entry.Changes.Add((time.GetTimestamp(), level[StockState.Available]));
        }
    }

    private int Available(Variant variant)
    {
        lock (other.Gate)
        {
            return variant.Levels.Sum(l => l[StockState.Available]);
        }
    }

    private sealed class Watched(long variant, int opening)
    {
        public long Variant { get; } = variant;

        public int Opening { get; } = opening;

        public List<long> Orders { get; } = [];

        public List<(long At, int Available)> Changes { get; } = [];

        public int Shown => Changes.Count == 0 ? Opening : Changes[^1].Available;

        /// <summary>Each order that was told, and when it first was. What is never told counts as a wrong SKU.</summary>
        public IEnumerable<(long Order, long Told)> FirstTold()
        {
            var change = 0;
            for (var i = 0; i < Orders.Count; i++)
            {
                while (change < Changes.Count && !Tells(change, i))
                {
                    change++;
                }

                if (change == Changes.Count)
                {
                    yield break;
                }

                yield return (Orders[i], Changes[change].At);
            }
        }

        private bool Tells(int change, int order) => Changes[change].Available <= Opening - order - 1;
    }
}
