namespace SyncFlow.Simulator.Protocol;

/// <summary>How lively orders of a world are besides being cancelled or fulfilled whole.</summary>
/// <param name="Changes">How likely an order is changed once more, after it was placed and after each change.</param>
/// <param name="Drafts">Drafts that hold units, per minute; most are given up, some become orders.</param>
/// <param name="Tests">Test orders per minute.</param>
internal readonly record struct Liveliness(double Changes, double Drafts, double Tests);

/// <summary>
/// What becomes of orders: edits, partial cancels, refunds of every kind, partial shipments, orders that move, split and are
/// held back; and drafts and test orders. It draws from a source of its own, so that a world without is the world it was.
/// </summary>
internal sealed class OrderLives
{
    private const int MostChanges = 5;

    private readonly WorldSettings _settings;
    private readonly IReadOnlyList<Shop> _shops;
    private readonly Agenda _agenda;
    private readonly Random _random;
    private readonly Tally _tally;

    public OrderLives(WorldSettings settings, IReadOnlyList<Shop> shops, Agenda agenda, Tally tally)
    {
        (_settings, _shops, _agenda, _tally) = (settings, shops, agenda, tally);
        _random = new Random(unchecked((settings.Seed * 31) + 1_101));
        Often(settings.Lives.Drafts, Draft);
        Often(settings.Lives.Tests, Try);
    }

    /// <summary>An order was placed; what becomes of it comes minutes later.</summary>
    public void Follow(Shop shop, ShopOrder order)
    {
        for (var i = 0; i < MostChanges && order.Claimed && !order.AtTill && _random.NextDouble() < _settings.Lives.Changes; i++)
        {
            _agenda.In(TimeSpan.FromMinutes(_random.NextDouble() * 9), () => Change(shop, order));
        }
    }

    private void Often(double perMinute, Action what)
    {
        for (var i = 0; i < (int)(perMinute * _settings.Minutes); i++)
        {
            _agenda.In(TimeSpan.FromMinutes(_random.NextDouble() * _settings.Minutes), what);
        }
    }

    /// <summary>Something that the order is open to at the moment happens to it.</summary>
    private void Change(Shop shop, ShopOrder order)
    {
        var line = order.Lines[_random.Next(order.Lines.Count)];
        var open = Places(line.OpenAt);
        var shipped = Places(l => Math.Min(line.GoneFrom(l), line.Kept));
        List<Action> may = [() => Raise(shop, order, line), () => Extend(shop, order), () => Hold(shop, order)];
        if (open is var (at, units))
        {
            may.AddRange([
                () => Lower(shop, order, line, at, units), () => Refund(shop, order, line, RefundWord.Cancel, shipped: false, at, units),
                () => Ship(shop, order, line, at, units), () => Ship(shop, order, line, at, units), () => Move(shop, order, line, at, units),
            ]);
        }

        if (shipped is var (from, gone))
        {
            may.AddRange([
                () => Refund(shop, order, line, RefundWord.Return, shipped: true, Elsewhere(shop, from), gone),
            ]);
        }

        may.AddRange(Unclear(shop, order, line, open, shipped));
        may[_random.Next(may.Count)]();
    }

    /// <summary>
    /// What orders do not tell whole: whose units were refunded without restock, and whether those of an old refund had been
    /// shipped. Where both were on one line, or its units are at several places, no rule could know which were which.
    /// </summary>
    private IEnumerable<Action> Unclear(Shop shop, ShopOrder order, ShopLine line, (int At, int Units)? open, (int At, int Units)? shipped)
    {
        foreach (var (place, isShipped) in new[] { (open, false), (shipped, true) })
        {
            if (place is not var (at, units))
            {
                continue;
            }

            if (!line.Has(RefundWord.None) && !line.HasOthersElsewhere(isShipped, at))
            {
                yield return () => Refund(shop, order, line, RefundWord.Legacy, isShipped, at, units);
            }

            if (!line.Has(RefundWord.Legacy) && !line.IsScattered && (!isShipped || line.Open == 0) && !_settings.IsAuthority(shop.Number))
            {
                yield return () => Refund(shop, order, line, RefundWord.None, isShipped, at, units);
            }
        }
    }

    private void Raise(Shop shop, ShopOrder order, ShopLine line) =>
        _tally.Add("order edits, more of a line", !order.Cancelled && line is { Counted: true, Sold: > 0 } && !line.Has(RefundWord.None) && shop.Raise(order, line, _random.Next(1, 3)) ? 1 : 0);

    private void Extend(Shop shop, ShopOrder order) =>
        _tally.Add("order edits, a line added", !order.Cancelled && shop.Extend(order, _random.Next(_settings.Items), _random.Next(1, 3)) ? 1 : 0);

    /// <summary>An edit takes units off a line, now and then all of it.</summary>
    private void Lower(Shop shop, ShopOrder order, ShopLine line, int at, int units)
    {
        var some = _random.NextDouble() < 0.5 ? units : Some(units);
        shop.Refund(order, line, RefundWord.Cancel, shipped: false, some, at);
        _tally.Add(line.Sold == 0 ? "order edits, a line removed" : "order edits, less of a line");
    }

    private void Refund(Shop shop, ShopOrder order, ShopLine line, RefundWord word, bool shipped, int at, int units)
    {
        shop.Refund(order, line, word, shipped, Some(units), at);
        _tally.Add((word, shipped) switch
        {
            (RefundWord.Cancel, _) => "partial cancels",
            (RefundWord.Return, _) => "refunds that came back",
            (RefundWord.Legacy, false) => "refunds of the old kind, unshipped",
            (RefundWord.Legacy, true) => "refunds of the old kind, shipped",
            (_, false) => "refunds without restock, unshipped",
            _ => "refunds without restock, shipped",
        });
    }

    private void Ship(Shop shop, ShopOrder order, ShopLine line, int at, int units)
    {
        if (!order.OnHold)
        {
            var some = Some(units);
            shop.Ship(order, line, some, at);
            _tally.Add("partial fulfilments", some < line.Quantity ? 1 : 0);
        }
    }

    /// <summary>To another open location. Where a level is decided on alone, no more than it shows.</summary>
    private void Move(Shop shop, ShopOrder order, ShopLine line, int from, int units)
    {
        var to = Elsewhere(shop, from);
        var most = shop.Kind == ShopKind.Comparing ? units : Math.Min(units, shop.Available(line.Item, to));
        if (to == from || !line.Counted || line.Has(RefundWord.None) || !shop.Tracks(line.Item) || most <= 0)
        {
            return;
        }

        var some = Some(most);
        shop.Reassign(order, line, from, to, some);
        _tally.Add(line.OpenAt(from) == 0 ? "fulfilment orders that move" : "fulfilment orders that split");
    }

    private void Hold(Shop shop, ShopOrder order)
    {
        if (order.OnHold || order.Open == 0)
        {
            return;
        }

        _tally.Add("orders held back, and released");
        shop.Hold(order, on: true);
        _agenda.In(TimeSpan.FromMinutes(_random.NextDouble() * 5), () => shop.Hold(order, on: false));
    }

    private void Draft()
    {
        var shop = _shops[_random.Next(_settings.Channels)];
        var (item, units) = (_random.Next(_settings.Items), _random.Next(1, 4));
        if (shop.Kind != ShopKind.Comparing || shop.Draft(item, units) is not { } draft)
        {
            return;
        }

        var wait = TimeSpan.FromMinutes(_random.NextDouble() * 8);
        if (_random.NextDouble() < 0.3)
        {
            _tally.Add("drafts that held units and became orders");
            _agenda.In(wait, () => shop.Complete(draft));
        }
        else
        {
            _tally.Add("drafts that held units and were given up");
            _agenda.In(wait, () => shop.GiveUp(draft));
        }
    }

    private void Try()
    {
        _tally.Add("test orders");
        _shops[_random.Next(_settings.Channels)].Try(_random.Next(_settings.Items), _random.Next(1, 4));
    }

    private int Some(int units) => _random.Next(1, units + 1);

    /// <summary>A location with any of what is asked for, and how much.</summary>
    private (int Location, int Units)? Places(Func<int, int> units)
    {
        var first = _random.Next(_settings.Locations);
        for (var i = 0; i < _settings.Locations; i++)
        {
            var location = (first + i) % _settings.Locations;
            if (units(location) > 0)
            {
                return (location, units(location));
            }
        }

        return null;
    }

    /// <summary>Some open location, another one where there is one more often than not; itself where there is none.</summary>
    private int Elsewhere(Shop shop, int from)
    {
        var to = _random.Next(_settings.Locations);
        return shop.IsClosed(to) ? from : to;
    }
}
