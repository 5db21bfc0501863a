using System.Collections.Concurrent;
using SyncFlow.Simulator.Journaling;

namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// The sandbox: some shops that sell out of one physical stock. Every operation runs under its shop's gate; its effects
/// (physical units, journal, webhooks) are carried out in the same gate, so that they keep the order of the changes.
/// </summary>
public sealed class World(TimeProvider clock, int seed)
{
    private readonly ConcurrentDictionary<string, Shop> _shops = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _randomGate = new();
    private readonly Random _random = new(seed);

    public TimeProvider Clock { get; } = clock;

    public PhysicalTruth Truth { get; } = new();

    public WorldStats Stats { get; } = new();

    /// <summary>Shops in the order of their domains.</summary>
    public IReadOnlyList<Shop> Shops => [.. _shops.Values.OrderBy(s => s.Domain, StringComparer.Ordinal)];

    /// <summary>Receives every notice, under the shop's gate.</summary>
    internal Action<Shop, ShopNotice, DateTimeOffset>? Notify { get; set; }

    /// <summary>Where changes are written; null for a world in memory only.</summary>
    internal Journal? Journal { get; set; }

    /// <summary>The shop of a domain; null when the world has none.</summary>
    public Shop? Find(string domain) => _shops.GetValueOrDefault(domain);

    public void Add(Shop shop)
    {
        ArgumentNullException.ThrowIfNull(shop);
        if (!_shops.TryAdd(shop.Domain, shop))
        {
            throw new ArgumentException($"the world has a shop {shop.Domain} already", nameof(shop));
        }
    }

    /// <summary>Runs a change on a shop and carries out its effects.</summary>
    public T Change<T>(Shop shop, Func<ShopChanges, DateTimeOffset, T> change)
    {
        ArgumentNullException.ThrowIfNull(shop);
        ArgumentNullException.ThrowIfNull(change);
        lock (shop.Gate)
        {
            var now = Clock.GetUtcNow();
            var changes = new ShopChanges();
            var result = change(changes, now);
            Commit(shop, changes, now);
            return result;
        }
    }

    /// <summary>Places an order and counts it.</summary>
    public OrderOutcome Place(Shop shop, OrderRequest request)
    {
        var outcome = Change(shop, (changes, now) => shop.Place(request, now, changes));
        CountPlaced(outcome);
        return outcome;
    }

    internal void CountPlaced(OrderOutcome outcome)
    {
        if (outcome.Order is { } order)
        {
            Stats.Count("ordersAccepted");
            Stats.Count("unitsSold", order.Lines.Sum(l => (long)l.Quantity));
        }
        else
        {
            Stats.Count("ordersRefused");
            Stats.Count($"ordersRefused.{outcome.Refusal}");
        }
    }

    /// <summary>Carries out what an operation changed. The caller holds the shop's gate.</summary>
    internal void Commit(Shop shop, ShopChanges changes, DateTimeOffset now)
    {
        foreach (var move in changes.Moves)
        {
            var missing = Truth.Book(move, shop.Domain, now);
            if (missing > 0)
            {
                Stats.Count("unitsOversold", missing);
            }
        }

        Journal?.Write(shop, changes);
        if (Notify is { } notify)
        {
            foreach (var notice in changes.Notices)
            {
                notify(shop, notice, now);
            }
        }
    }

    /// <summary>A number from 0 to 1, from the world's seed.</summary>
    internal double Draw()
    {
        lock (_randomGate)
        {
            return _random.NextDouble();
        }
    }

    /// <summary>A whole number from the range, both ends included.</summary>
    internal int Draw(int min, int max)
    {
        lock (_randomGate)
        {
            return _random.Next(min, max + 1);
        }
    }

    /// <summary>A time-ordered id: moment and seed make it, so it never repeats after a restart.</summary>
    internal Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_randomGate)
        {
            _random.NextBytes(bytes);
        }

        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, Clock.GetUtcNow().UtcTicks);
        return new Guid(bytes, bigEndian: true);
    }
}
