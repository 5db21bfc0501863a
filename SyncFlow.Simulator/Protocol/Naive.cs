using SyncFlow.Core.Orders;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// The usual way, for comparison: on every order webhook it lowers its own count, once per order as it stands, and sets every
/// other shelf to it, kits to what can be made; what failed is tried again with the same number; every ten minutes it sets
/// all of them.
/// </summary>
internal sealed class Naive
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMinutes(10);

    private readonly WorldSettings _settings;
    private readonly List<Shop> _shops;
    private readonly Agenda _agenda;
    private readonly Random _random;
    private readonly int[] _stock;
    private readonly Dictionary<string, (FactVersion Version, int Units)> _seen = [];
    private int _writes;

    public Naive(WorldSettings settings, IReadOnlyList<Shop> shops, Agenda agenda, Random random)
    {
        (_settings, _agenda, _random) = (settings, agenda, random);
        _shops = [.. shops.Where(s => s.Kind != ShopKind.Till)]; // Nobody can write to a till.
        _stock = [.. Enumerable.Repeat(settings.Stock, settings.Skus)];
        Everywhere();
    }

    /// <summary>A webhook of an order: what it says now, less what it said before.</summary>
    public void Heard(Shop from, OrderSnapshot order)
    {
        foreach (var line in order.Test ? [] : order.Lines)
        {
            var known = _seen.GetValueOrDefault(line.LineRef);
            var units = line.Quantity - line.Restocks.Where(r => r.Kind != RestockKind.None).Sum(r => r.Units);
            if (order.Version <= known.Version || units == known.Units)
            {
                continue;
            }

            _seen[line.LineRef] = (order.Version, units);
            Count(Shop.ItemOf(line.VariantRef!), known.Units - units);
            foreach (var shop in _shops.Where(s => s != from))
            {
                Set(shop, Shop.ItemOf(line.VariantRef!));
            }
        }
    }

    /// <summary>Goods came in.</summary>
    public void Received(int sku, int units)
    {
        Count(sku, units);
        _shops.ForEach(shop => Set(shop, sku));
    }

    private void Count(int item, int units)
    {
        foreach (var part in _settings.PartsOf(item))
        {
            _stock[part.Sku] += units * part.Units;
        }
    }

    private void Everywhere()
    {
        for (var sku = 0; sku < _settings.Skus; sku++)
        {
            foreach (var shop in _shops)
            {
                Set(shop, sku);
            }
        }

        _agenda.In(Poll, Everywhere);
    }

    /// <summary>Sets an item, and whatever shares its parts.</summary>
    private void Set(Shop shop, int item)
    {
        for (var other = 0; other < _settings.Items; other++)
        {
            if (_settings.PartsOf(item).Any(p => _settings.UnitsIn(other, p.Sku) > 0))
            {
                Set(shop, other, _settings.PartsOf(other).Min(p => _stock[p.Sku] / p.Units));
            }
        }
    }

    /// <summary>Reads, and sets what it wants: on a store with several locations all of it at the first.</summary>
    private void Set(Shop shop, int item, int units) => _agenda.In(TimeSpan.FromMilliseconds(_random.Next(20, 800)), () =>
    {
        if (shop.Down || shop.Refuses)
        {
            _agenda.In(Retry, () => Set(shop, item, units));
            return;
        }

        var to = Math.Max(0, units);
        shop.Set(new Guid(++_writes, 0, 0, new byte[8]), [(item, 0, shop.Available(item, 0), to)], _random.NextDouble() >= _settings.Faults.NotPersisted);
    });
}
