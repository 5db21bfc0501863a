namespace SyncFlow.Simulator.Protocol;

/// <summary>Buyers of all channels: steady, with a burst or two, and a favourite channel; some change their mind.</summary>
internal sealed class Crowd
{
    private readonly WorldSettings _settings;
    private readonly IReadOnlyList<Shop> _shops;
    private readonly Agenda _agenda;
    private readonly Random _random;
    private readonly Truth _truth;
    private readonly Tally _tally;
    private readonly int[] _mostOversold;
    private readonly int[] _refusedLately;
    private readonly int _favourite;
    private readonly DateTimeOffset _end;
    private readonly OrderLives _lives;

    public Crowd(WorldSettings settings, IReadOnlyList<Shop> shops, Agenda agenda, Random random, Truth truth, Tally tally)
    {
        (_settings, _shops, _agenda, _random, _truth, _tally) = (settings, shops, agenda, random, truth, tally);
        _mostOversold = new int[settings.Skus];
        _refusedLately = new int[settings.Items];
        _favourite = random.Next(shops.Count);
        _lives = new OrderLives(settings, shops, agenda, tally);
        _end = agenda.Now + TimeSpan.FromMinutes(settings.Minutes);
        var bursts = random.Next(0, 3);
        for (var i = 0; i < bursts; i++)
        {
            agenda.In(TimeSpan.FromMinutes(random.NextDouble() * settings.Minutes), Burst);
        }

        Next();
    }

    public int Orders { get; private set; }
    public int Units { get; private set; }
    public int Refused { get; private set; }

    /// <summary>The most units of a SKU that were oversold at any moment.</summary>
    public int MostOversold(int sku) => _mostOversold[sku];

    /// <summary>Units refused in the last two minutes of the buying.</summary>
    public int RefusedLately(int sku) => _refusedLately[sku];

    /// <summary>Notes how things stand.</summary>
    public void Look()
    {
        for (var sku = 0; sku < _mostOversold.Length; sku++)
        {
            _mostOversold[sku] = Math.Max(_mostOversold[sku], _truth.Oversold(sku));
        }
    }

    private void Next()
    {
        var wait = TimeSpan.FromMinutes(-Math.Log(1 - _random.NextDouble()) / _settings.OrdersPerMinute);
        if (_agenda.Now + wait < _end)
        {
            _agenda.In(wait, () =>
            {
                Buy();
                Next();
            });
        }
    }

    /// <summary>Ten buyers within twenty seconds.</summary>
    private void Burst()
    {
        _tally.Add("bursts of buyers");
        for (var i = 0; i < 10; i++)
        {
            _agenda.In(TimeSpan.FromSeconds(_random.NextDouble() * 20), Buy);
        }
    }

    private void Buy()
    {
        var faults = _settings.Faults;
        var shop = _shops[_random.NextDouble() < 0.4 ? _favourite : _random.Next(_shops.Count)];
        var sku = _random.Next(shop.Kind == ShopKind.Till ? _settings.Skus : _settings.Items);
        var units = _random.NextDouble() < 0.7 ? 1 : _random.Next(2, 5);
        var claims = _random.NextDouble() >= faults.Bypassed;
        var whole = _random.NextDouble() < faults.RoutedWhole;
        var order = shop.Place(
            sku, units, claims, whole, TimeSpan.FromSeconds(_random.NextDouble() * faults.VisibilityLag));
        if (order is null)
        {
            Refused += units;
            _refusedLately[sku] += _end - _agenda.Now < TimeSpan.FromMinutes(2) ? units : 0;
            return;
        }

        _truth.TakenAway(sku, order.PastTheLevel);
        Count(shop, order);
        _tally.Add("orders taken whole from one location, whatever is there", whole && _settings.Locations > 1 && shop.Kind == ShopKind.Comparing ? 1 : 0);

        Orders++;
        Units += units;
        var after = TimeSpan.FromMinutes(_random.NextDouble() * 8);
        var fate = _random.NextDouble();
        if (fate < _settings.Cancelled)
        {
            _tally.Add("orders cancelled and put back");
            _agenda.In(after, () => shop.Cancel(order));
        }
        else if (fate < _settings.Cancelled + _settings.Fulfilled)
        {
            _tally.Add("orders fulfilled");
            _agenda.In(after, () => shop.Fulfil(order));
        }

        _lives.Follow(shop, order);
    }

    private void Count(Shop shop, ShopOrder order)
    {
        _tally.Add(shop.Kind switch
        {
            ShopKind.Comparing => "orders of channels that compare",
            ShopKind.Absolute => "orders of channels without compare-and-set",
            _ => "orders of tills that nobody can cap",
        });
        _tally.Add("orders of kits", order.First.Item >= _settings.Skus ? 1 : 0);
        _tally.Add("orders visible late", order.VisibleAt > order.CreatedAt ? 1 : 0);
        _tally.Add("orders that bypass the level", order.Claimed ? 0 : 1);
        _tally.Add("orders of items that are not counted", order is { Claimed: true, First.Counted: false } ? 1 : 0);
        _tally.Add("orders beyond what was shown", order.PastTheLevel > 0 ? 1 : 0);
    }
}
