using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// A channel with its real refusal rules: it sells no more than all its levels of an item show together, refuses a
/// compare that does not hold, and changes all of a call or nothing. Its clock may be off.
/// </summary>
internal sealed class Shop(int number, int skus, int locations, bool keepsKeys, TimeSpan drift, Agenda agenda, Random random)
{
    private readonly int[,] _available = new int[skus, locations];
    private readonly int[,] _committed = new int[skus, locations];
    private readonly int[,] _taken = new int[skus, locations];
    private readonly int[] _sold = new int[skus];
    private readonly bool[] _sellsOn = new bool[skus];
    private readonly Dictionary<string, ShopOrder> _orders = [];
    private readonly Dictionary<Guid, ElementOutcome[]> _answers = [];
    private long _lastTick;

    /// <summary>1 and up; also the id of the connection.</summary>
    public int Number { get; } = number;

    /// <summary>Whether a repeated key gets the first answer again and changes nothing.</summary>
    public bool KeepsKeys { get; } = keepsKeys;

    /// <summary>Rises with everything that changes here.</summary>
    public int Version { get; private set; }

    /// <summary>The credential is refused until then.</summary>
    public DateTimeOffset RefusesUntil { get; set; }

    /// <summary>Nothing is answered until then.</summary>
    public DateTimeOffset DownUntil { get; set; }

    public bool Refuses => agenda.Now < RefusesUntil;
    public bool Down => agenda.Now < DownUntil;

    public IReadOnlyDictionary<string, ShopOrder> Orders => _orders;

    /// <summary>Told of every change of a level, with the shop's own time of it.</summary>
    public event Action<int, int, int, long>? LevelChanged;

    /// <summary>Told of every new or changed order.</summary>
    public event Action<ShopOrder>? OrderChanged;

    /// <summary>Told when an item's settings changed.</summary>
    public event Action<int>? ItemChanged;

    public static string Variant(int sku) => $"v{sku}";
    public static string Item(int sku) => $"i{sku}";
    public static string Place(int location) => $"x{location}";

    public int Available(int sku, int location) => _available[sku, location];
    public int Committed(int sku, int location) => _committed[sku, location];

    /// <summary>Units that orders took from a level, less those they put back.</summary>
    public int Taken(int sku, int location) => _taken[sku, location];

    /// <summary>Units accepted and not given back, whether they were taken from a level or not.</summary>
    public int Sold(int sku) => _sold[sku];

    /// <summary>Whether an item is sold at zero and below.</summary>
    public bool SellsOn(int sku) => _sellsOn[sku];

    /// <summary>What it may still sell of an item: all its levels together.</summary>
    public int Shown(int sku)
    {
        var total = 0;
        for (var location = 0; location < locations; location++)
        {
            total += _available[sku, location];
        }

        return total;
    }

    /// <summary>A buyer's order; null when refused.</summary>
    public ShopOrder? Place(int sku, int units, bool claims, bool routedWhole, TimeSpan visibleAfter)
    {
        if (claims && !_sellsOn[sku] && Shown(sku) < units)
        {
            return null;
        }

        var order = new ShopOrder
        {
            Id = $"{Number}-{_orders.Count + 1}",
            Sku = sku,
            Units = units,
            Location = routedWhole ? random.Next(locations) : Fullest(sku),
            Claimed = claims,
            PastTheLevel = claims ? units - Math.Clamp(Shown(sku), 0, units) : units,
            CreatedAt = agenda.Now,
            VisibleAt = agenda.Now + visibleAfter,
            UpdatedTicks = Tick(),
        };
        Version++;
        _orders[order.Id] = order;
        _sold[sku] += units;
        if (claims)
        {
            _taken[sku, order.Location] += units;
            _committed[sku, order.Location] += units;
            Move(sku, order.Location, -units);
        }

        OrderChanged?.Invoke(order);
        return order;
    }

    public void Cancel(ShopOrder order)
    {
        Version++;
        order.Cancelled = true;
        order.UpdatedTicks = Tick();
        _sold[order.Sku] -= order.Units;
        if (order.Claimed)
        {
            _taken[order.Sku, order.Location] -= order.Units;
            _committed[order.Sku, order.Location] -= order.Units;
            Move(order.Sku, order.Location, order.Units);
        }

        OrderChanged?.Invoke(order);
    }

    public void Fulfil(ShopOrder order)
    {
        Version++;
        order.FulfilledUnits = order.Units;
        order.UpdatedTicks = Tick();
        if (order.Claimed)
        {
            _committed[order.Sku, order.Location] -= order.Units;
        }

        OrderChanged?.Invoke(order);
    }

    /// <summary>Somebody else writes a level.</summary>
    public void EditByHand(int sku, int location, int delta) => Move(sku, location, delta);

    /// <summary>A merchant sets an item to be sold at zero and below, or no longer.</summary>
    public void SellOn(int sku, bool on)
    {
        Version++;
        _sellsOn[sku] = on;
        ItemChanged?.Invoke(sku);
    }

    /// <summary>A write as it arrives: all of it or nothing.</summary>
    /// <param name="key">Its idempotency key.</param>
    /// <returns>Per element what came of it.</returns>
    public ElementOutcome[] Set(Guid key, IReadOnlyList<(int Sku, int Location, int From, int To)> elements, bool persists)
    {
        ArgumentNullException.ThrowIfNull(elements);
        if (KeepsKeys && _answers.TryGetValue(key, out var known))
        {
            return known;
        }

        return _answers[key] = Set(elements, persists);
    }

    private ElementOutcome[] Set(IReadOnlyList<(int Sku, int Location, int From, int To)> elements, bool persists)
    {
        var outcomes = new ElementOutcome[elements.Count];
        var refused = false;
        for (var i = 0; i < elements.Count; i++)
        {
            var stale = _available[elements[i].Sku, elements[i].Location] != elements[i].From;
            outcomes[i] = stale ? ElementOutcome.Stale : ElementOutcome.Acknowledged;
            refused |= stale;
        }

        if (refused)
        {
            return [.. outcomes.Select(o => o == ElementOutcome.Stale ? o : ElementOutcome.NotSent)];
        }

        foreach (var (sku, location, _, to) in persists ? elements : [])
        {
            Move(sku, location, to - _available[sku, location]);
        }

        return outcomes;
    }

    private int Fullest(int sku) => Enumerable.Range(0, locations).MaxBy(l => _available[sku, l]);

    private void Move(int sku, int location, int delta)
    {
        Version++;
        _available[sku, location] += delta;
        LevelChanged?.Invoke(sku, location, _available[sku, location], Tick());
    }

    private long Tick() => _lastTick = Math.Max(_lastTick + 1, (agenda.Now + drift).UtcTicks);
}
