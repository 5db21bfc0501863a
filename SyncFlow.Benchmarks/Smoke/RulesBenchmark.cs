using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Benchmarks.Smoke;

/// <summary>
/// The rules without storage: order snapshots folded and replanned on 200 adaptive SKUs over three channels, in batches
/// of the worker's size. A quarter of the snapshots are edits of an earlier order.
/// </summary>
internal static class RulesBenchmark
{
    private const int Skus = 200;
    private const int Channels = 3;
    private const int Facts = 60_000;
    private const int Batch = 500;
    private const int Rounds = 3;
    private const int OnHand = 5_000;

    private static readonly DateTimeOffset Start = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    private static readonly LocationId Main = new(1);

    public static void Run(Results results, TimeProvider time, CancellationToken ct)
    {
        var orders = new Orders(new Random(1));
        var facts = Enumerable.Range(0, Facts).Select(i => orders.Next(i)).ToList();
        new World().Fold(facts[..(Facts / 10)], ct); // Compiled and warm before it counts.
        var took = new List<TimeSpan>();
        for (var round = 0; round < Rounds; round++)
        {
            var world = new World();
            var started = time.GetTimestamp();
            world.Fold(facts, ct);
            took.Add(time.GetElapsedTime(started));
            Check(world, orders.Asked);
        }

        took.Sort();
        results.AddRate("rules.facts_per_s", Facts, took[Rounds / 2], "facts/s");
    }

    private static void Check(World world, int[] asked)
    {
        foreach (var sku in world.Stock)
        {
            var wanted = asked[sku.Sku.Value];
            var position = sku.PoolAt(Main).Buckets.Committed;
            var ledger = world.CommittedByLedger[sku.Sku.Value];
            if (position != wanted || ledger != wanted)
            {
                throw new CheckFailedException(
                    $"rules: SKU {sku.Sku.Value} has {position} units committed, {ledger} by its entries; its orders asked for {wanted}.");
            }
        }
    }

    /// <summary>Makes snapshots and remembers what the orders ask for after all of them.</summary>
    private sealed class Orders(Random random)
    {
        private readonly List<(int Channel, int Sku, int Units)> made = [];

        /// <summary>Open units by SKU number (1 to 200).</summary>
        public int[] Asked { get; } = new int[Skus + 1];

        public OrderFact Next(int number)
        {
            var at = Start.AddSeconds(number);
            if (number % 4 != 3)
            {
                made.Add((1 + random.Next(Channels), 1 + random.Next(Skus), 1 + random.Next(3)));
                Asked[made[^1].Sku] += made[^1].Units;
                return Fact(made.Count - 1, at);
            }

            var edited = random.Next(made.Count);
            made[edited] = made[edited] with { Units = made[edited].Units + 1 };
            Asked[made[edited].Sku]++;
            return Fact(edited, at);
        }

        private OrderFact Fact(int order, DateTimeOffset at)
        {
            var (channel, sku, units) = made[order];
            var reference = order.ToString(CultureInfo.InvariantCulture);
            var snapshot = new OrderSnapshot
            {
                OrderRef = reference,
                Version = new FactVersion(at.UtcTicks, 0, at.UtcTicks),
                Origin = SnapshotOrigin.Webhook,
                CreatedAt = at,
                SourceName = "web",
                Lines = [new OrderLine { LineRef = reference, VariantRef = Reference("v", channel, sku), Quantity = units, Open = units, Fulfilled = 0 }],
            };
            return new OrderFact($"order:{channel}:{reference}", new ConnectionId(channel), null, at, snapshot);

        }
    }

    /// <summary>State between batches, as storage would keep it.</summary>
    private sealed class World
    {
        private readonly Dictionary<SkuId, SkuState> skus;
        private readonly Dictionary<(ConnectionId, string), OrderState> orders = [];
        private readonly EngineContext context = Context();
        private readonly List<ListingInfo> listings =
        [
            .. Enumerable.Range(1, Channels).SelectMany(c => Enumerable.Range(1, Skus).Select(s => new ListingInfo(
                ListingOf(c, s), new ConnectionId(c), Reference("v", c, s), Reference("i", c, s), new SkuId(s), 1))),
        ];

        public World() => skus = Enumerable.Range(1, Skus).ToDictionary(s => new SkuId(s), Sku);

        public IEnumerable<SkuState> Stock => skus.Values;

        public long[] CommittedByLedger { get; } = new long[Skus + 1];

        public void Fold(List<OrderFact> facts, CancellationToken ct)
        {
            foreach (var batch in facts.Chunk(Batch))
            {
                ct.ThrowIfCancellationRequested();
                var now = batch[^1].OccurredAt;
                var set = Load(batch);
                foreach (var fact in batch)
                {
                    FactEngine.Apply(set, fact, now);
                }

                Replanner.Replan(set, now);
                Save(set);
            }
        }

        private WorkingSet Load(OrderFact[] batch)
        {
            var set = new WorkingSet(context);
            skus.Values.ToList().ForEach(set.Load);
            listings.ForEach(set.Load);
            foreach (var fact in batch)
            {
                if (orders.TryGetValue((fact.From, fact.Snapshot.OrderRef), out var known))
                {
                    set.Load(known);
                }
            }

            return set;
        }

        private void Save(WorkingSet set)
        {
            foreach (var sku in set.ChangedSkus)
            {
                skus[sku.Sku] = sku;
            }

            foreach (var order in set.ChangedOrders)
            {
                orders[(order.Connection, order.OrderRef)] = order;
            }

            foreach (var entry in set.Entries.Where(e => e.Bucket == Bucket.Committed))
            {
                CommittedByLedger[entry.Sku.Value] += entry.Delta;
            }
        }
    }

    private static EngineContext Context() => new(
        new TenantId(1),
        Enumerable.Range(1, Channels).ToImmutableDictionary(n => new ConnectionId(n), n => new ChannelSettings(
            new ConnectionId(n), ConnectionStatus.Live, ImmutableDictionary.CreateRange([KeyValuePair.Create("x1", Main)]), Main, 1, n,
            ClaimingSources.Shopify, OwnsOnHand: n == 1, CompareAndSet: true, DeduplicatesWrites: false, SettleSeconds: 10)),
        ImmutableDictionary.CreateRange([KeyValuePair.Create(Main, new LocationSettings(Main, true, 1))]));

    private static SkuState Sku(int sku) => new()
    {
        Sku = new SkuId(sku),
        Policy = SkuPolicy.Default,
        Mode = EffectiveMode.Shared,
        Pools = [new Pool(Main, default(Buckets) with { OnHand = OnHand }, true)],
        Levels =
        [
            .. Enumerable.Range(1, Channels).Select(c => new LevelState
            {
                Id = new LevelId(ListingOf(c, sku).Value), Listing = ListingOf(c, sku), Connection = new ConnectionId(c), Location = Main,
                Status = LevelStatus.Live, Belief = OnHand, Target = OnHand,
            }),
        ],
    };

    private static ListingId ListingOf(int channel, int sku) => new((channel * 1_000) + sku);

    private static string Reference(string kind, int channel, int sku) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}{channel}-{sku}");
}
