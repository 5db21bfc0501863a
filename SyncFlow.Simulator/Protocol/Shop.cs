using System.Globalization;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>What kind of seller a shop is.</summary>
internal enum ShopKind
{
    /// <summary>Sells no more than all its levels of an item show together, and refuses a compare that does not hold.</summary>
    Comparing,

    /// <summary>Takes absolute values and compares nothing; sells from a level no more than that level shows.</summary>
    Absolute,

    /// <summary>Sells over the counter what lies in the first location and is not set aside; nobody writes to it.</summary>
    Till,
}

/// <summary>
/// A channel with its real refusal rules: what limits its sales says its kind; a call changes all of its elements or
/// nothing, and is refused for a location that is closed. Its clock may be off.
/// </summary>
internal sealed partial class Shop(
    int number, ShopKind kind, int items, int locations, bool keepsKeys, TimeSpan drift, Agenda agenda, Random random)
{
    private readonly int[,] _available = new int[items, locations];
    private readonly int[,] _committed = new int[items, locations];
    private readonly int[,] _taken = new int[items, locations];
    private readonly int[] _returnedUntaken = new int[items];
    private readonly int[] _sold = new int[items];
    private readonly int[] _movedOrders = new int[items];
    private readonly bool[] _sellsOn = new bool[items];
    private readonly bool[] _untracked = new bool[items];
    private readonly bool[] _closed = new bool[locations];
    private readonly Dictionary<string, ShopOrder> _orders = [];
    private readonly Dictionary<Guid, (ElementOutcome[] Outcomes, long At)> _answers = [];

    /// <summary>1 and up; also the id of the connection.</summary>
    public int Number { get; } = number;

    public ShopKind Kind { get; } = kind;

    /// <summary>Whether a repeated key gets the first answer again and changes nothing.</summary>
    public bool KeepsKeys { get; } = keepsKeys;

    /// <summary>Rises with everything that changes here.</summary>
    public int Version { get; private set; }

    /// <summary>The shop's own time of its last change, in ticks; no two changes have the same.</summary>
    public long LastTick { get; private set; }

    /// <summary>The credential is refused until then.</summary>
    public DateTimeOffset RefusesUntil { get; set; }

    /// <summary>Nothing is answered until then.</summary>
    public DateTimeOffset DownUntil { get; set; }

    public bool Refuses => agenda.Now < RefusesUntil;
    public bool Down => agenda.Now < DownUntil;

    public IReadOnlyDictionary<string, ShopOrder> Orders => _orders;

    /// <summary>Told of every change of a level, with the shop's own time of it.</summary>
    public event Action<int, int, int, long>? LevelChanged;

    /// <summary>Told of a value that is written over a level, before it is there.</summary>
    public event Action<int, int>? Arriving;

    /// <summary>Told of every new or changed order.</summary>
    public event Action<ShopOrder>? OrderChanged;

    /// <summary>Told of units that are given back while their item is not counted: no level gets them.</summary>
    public event Action<int, int>? NotPutBack;

    /// <summary>Told of an absolute write to an item's level, with what was shown there before.</summary>
    public event Action<int, int>? Overwritten;

    /// <summary>Told when an item's settings changed.</summary>
    public event Action<int>? ItemChanged;

    /// <summary>Told when a location was closed or opened.</summary>
    public event Action? PlacesChanged;

    public static string Variant(int sku) => $"v{sku}";
    public static int ItemOf(string variant) => int.Parse(variant.AsSpan(1), CultureInfo.InvariantCulture);
    public static string Item(int sku) => $"i{sku}";
    public static string Place(int location) => $"x{location}";

    public int Available(int sku, int location) => _available[sku, location];
    public int Committed(int sku, int location) => _committed[sku, location];

    /// <summary>Units that orders took from a level, less those they put back.</summary>
    public int Taken(int sku, int location) => _taken[sku, location];

    /// <summary>Units that orders put back on levels and had not taken from any, for the item was not counted.</summary>
    public int ReturnedUntaken(int item) => _returnedUntaken[item];

    /// <summary>Units accepted and not given back, whether they were taken from a level or not.</summary>
    public int Sold(int sku) => _sold[sku];

    /// <summary>Whether an item is sold at zero and below.</summary>
    public bool SellsOn(int sku) => _sellsOn[sku];

    /// <summary>Whether it counts an item's stock; else it sells any number.</summary>
    public bool Tracks(int sku) => !_untracked[sku];

    /// <summary>Whether one of its locations is closed: it sells nothing from there and refuses writes.</summary>
    public bool IsClosed(int location) => _closed[location];

    /// <summary>What it may still sell of an item that it counts: all its levels at open locations together.</summary>
    public int Shown(int sku) => _untracked[sku] ? 0 : OnShelves(sku);

    /// <summary>The same, also while it does not count the item.</summary>
    public int OnShelves(int sku)
    {
        var total = 0;
        for (var location = 0; location < locations; location++)
        {
            // Where a level is decided on alone, one below zero takes nothing from the others.
            var here = _closed[location] ? 0 : _available[sku, location];
            total += Kind == ShopKind.Comparing ? here : Math.Max(0, here);
        }

        return total;
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

    /// <summary>A merchant has an item's stock counted no longer, or again.</summary>
    public void Track(int sku, bool on)
    {
        Version++;
        _untracked[sku] = !on;
        ItemChanged?.Invoke(sku);
    }

    /// <summary>Goods are laid on a till's shelf, or taken from it; no more than lie there. Nobody is told.</summary>
    /// <returns>How many.</returns>
    public int Lay(int sku, int units)
    {
        var laid = Math.Max(units, -Math.Max(0, _available[sku, 0]));
        Version++;
        _available[sku, 0] += laid;
        return laid;
    }

    /// <summary>A write as it arrives: all of it or nothing.</summary>
    /// <param name="key">Its idempotency key.</param>
    /// <returns>Per element what came of it.</returns>
    public ElementOutcome[] Set(Guid key, IReadOnlyList<(int Sku, int Location, int From, int To)> elements, bool persists)
    {
        ArgumentNullException.ThrowIfNull(elements);
        return Once(key, () => Set(elements, persists));
    }

    /// <summary>A request under its key: where keys are kept, a repeated one gets the first answer again.</summary>
    private ElementOutcome[] Once(Guid key, Func<ElementOutcome[]> carryOut)
    {
        if (KeepsKeys && _answers.TryGetValue(key, out var known))
        {
            return known.Outcomes;
        }

        var outcomes = carryOut();
        _answers[key] = (outcomes, LastTick);
        return outcomes;
    }

    /// <summary>By when a request was carried out, by the shop's clock; null where it never arrived.</summary>
    public DateTimeOffset? DoneBy(Guid key) =>
        _answers.TryGetValue(key, out var answer) ? new DateTimeOffset(answer.At, TimeSpan.Zero) : null;

    private ElementOutcome[] Set(IReadOnlyList<(int Sku, int Location, int From, int To)> elements, bool persists)
    {
        var outcomes = new ElementOutcome[elements.Count];
        var refused = false;
        for (var i = 0; i < elements.Count; i++)
        {
            var (sku, location, from, _) = elements[i];
            outcomes[i] = _closed[location] ? ElementOutcome.Gone
                : Kind == ShopKind.Comparing && _available[sku, location] != from ? ElementOutcome.Stale
                : ElementOutcome.Acknowledged;
            refused |= outcomes[i] != ElementOutcome.Acknowledged;
        }

        if (refused)
        {
            return [.. outcomes.Select(o => o == ElementOutcome.Acknowledged ? ElementOutcome.NotSent : o)];
        }

        foreach (var (sku, location, _, to) in persists ? elements : [])
        {
            if (Kind == ShopKind.Absolute)
            {
                Overwritten?.Invoke(sku, _available[sku, location]);
            }

            Arriving?.Invoke(sku, location);
            Move(sku, location, to - _available[sku, location]);
        }

        return outcomes;
    }

    /// <summary>The open location with the most units; the first where all are closed.</summary>
    private int Fullest(int sku)
    {
        var fullest = 0;
        for (var location = 1; location < locations; location++)
        {
            if (!_closed[location] && (_closed[fullest] || _available[sku, location] > _available[sku, fullest]))
            {
                fullest = location;
            }
        }

        return fullest;
    }

    private void Move(int sku, int location, int delta)
    {
        Version++;
        _available[sku, location] += delta;
        LevelChanged?.Invoke(sku, location, _available[sku, location], Tick());
    }

    private long Tick() => LastTick = Math.Max(LastTick + 1, (agenda.Now + drift).UtcTicks);
}
