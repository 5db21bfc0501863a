namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// The usual way, for comparison: on every order webhook it lowers its own count, once per order, and sets every other
/// shelf to it; what failed is tried again with the same number; every ten minutes it sets all of them.
/// </summary>
internal sealed class Naive
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMinutes(10);

    private readonly WorldSettings _settings;
    private readonly IReadOnlyList<Shop> _shops;
    private readonly Agenda _agenda;
    private readonly Random _random;
    private readonly int[] _stock;
    private readonly HashSet<string> _seen = [];
    private int _writes;

    public Naive(WorldSettings settings, IReadOnlyList<Shop> shops, Agenda agenda, Random random)
    {
        (_settings, _shops, _agenda, _random) = (settings, shops, agenda, random);
        _stock = [.. Enumerable.Repeat(settings.Stock, settings.Skus)];
        Everywhere();
    }

    /// <summary>A webhook of an order.</summary>
    public void Heard(ShopOrder order)
    {
        if (!_seen.Add($"{order.Id}:{order.Cancelled}") || (order.Cancelled && !_seen.Contains($"{order.Id}:False")))
        {
            return;
        }

        _stock[order.Sku] += order.Cancelled ? order.Units : -order.Units;
        foreach (var shop in _shops.Where(s => !order.Id.StartsWith($"{s.Number}-", StringComparison.Ordinal)))
        {
            Set(shop, order.Sku, _stock[order.Sku]);
        }
    }

    /// <summary>Goods came in.</summary>
    public void Received(int sku, int units)
    {
        _stock[sku] += units;
        foreach (var shop in _shops)
        {
            Set(shop, sku, _stock[sku]);
        }
    }

    private void Everywhere()
    {
        for (var sku = 0; sku < _settings.Skus; sku++)
        {
            foreach (var shop in _shops)
            {
                Set(shop, sku, _stock[sku]);
            }
        }

        _agenda.In(Poll, Everywhere);
    }

    /// <summary>Reads, and sets what it wants: on a store with several locations all of it at the first.</summary>
    private void Set(Shop shop, int sku, int units) => _agenda.In(TimeSpan.FromMilliseconds(_random.Next(20, 800)), () =>
    {
        if (shop.Down || shop.Refuses)
        {
            _agenda.In(Retry, () => Set(shop, sku, units));
            return;
        }

        var to = Math.Max(0, units);
        shop.Set(new Guid(++_writes, 0, 0, new byte[8]), [(sku, 0, shop.Available(sku, 0), to)], _random.NextDouble() >= _settings.Faults.NotPersisted);
    });
}
