using System.Collections.Immutable;
using SyncFlow.Core.Orders;

namespace SyncFlow.Simulator.Protocol;

/// <summary>How a shop names what became of refunded units.</summary>
internal enum RefundWord
{
    /// <summary>Never shipped, and back on the level.</summary>
    Cancel,

    /// <summary>Came back, and is on the level.</summary>
    Return,

    /// <summary>Not put back.</summary>
    None,

    /// <summary>Back on the level; whether it had been shipped, old orders do not say.</summary>
    Legacy,
}

/// <summary>One line of a shop's order. Units ordered = open + shipped + taken off unshipped, wherever each of them is.</summary>
/// <param name="home">Where its first units were taken from.</param>
/// <param name="locations">How many there are.</param>
internal sealed class ShopLine(string reference, int item, int home, int locations, bool counted)
{
    private readonly int[] _open = new int[locations];
    private readonly int[] _left = new int[locations];
    private readonly List<Shipment> _shipments = [];
    private readonly List<(RefundWord Word, bool Shipped, int Units, int Location)> _refunds = [];
    private int _shipped;
    private int _cancelled;
    private int _returned;
    private int _lost;

    public int Item { get; } = item;
    public int Home { get; } = home;

    /// <summary>False where the store did not count the item's stock when it sold it.</summary>
    public bool Counted { get; } = counted;

    /// <summary>Units ever ordered.</summary>
    public int Quantity { get; private set; }

    /// <summary>Units to be shipped still.</summary>
    public int Open => Quantity - _shipped - _cancelled - _lost;

    /// <summary>Units sold and not given back.</summary>
    public int Sold => Quantity - _cancelled - _returned;

    /// <summary>Units shipped that nobody gave back yet.</summary>
    public int Kept => _shipped - _returned;

    /// <summary>Its units sold and not given back that our ledger has, as far as it was told.</summary>
    public int Told { get; set; }

    /// <summary>Its units that our ledger has and its level never told of, given back or not.</summary>
    public int ToldUncounted { get; set; }

    /// <summary>Whether any of it ever was to ship from elsewhere than the rest.</summary>
    public bool IsScattered { get; private set; }

    /// <summary>Whether any of it was refunded with that word.</summary>
    public bool Has(RefundWord word) => _refunds.Exists(r => r.Word == word);

    /// <summary>Whether a refund of the old kind that put back units at another location was of the other units, open or shipped ones.</summary>
    public bool HasOthersElsewhere(bool shipped, int location) =>
        _refunds.Exists(r => r.Word == RefundWord.Legacy && r.Shipped != shipped && r.Location != location);

    /// <summary>Units to be shipped from a location still.</summary>
    public int OpenAt(int location) => _open[location];

    /// <summary>Units that left a location, lost ones too, less those that came back there.</summary>
    public int GoneFrom(int location) => _left[location];

    /// <summary>Units more are ordered, to be shipped from a location.</summary>
    public void Take(int units, int location)
    {
        Quantity += units;
        _open[location] += units;
        IsScattered |= location != Home;
    }

    /// <summary>Open units are to be shipped from another location.</summary>
    public void Move(int from, int to, int units)
    {
        _open[from] -= units;
        _open[to] += units;
        IsScattered = true;
    }

    /// <summary>Open units leave the building.</summary>
    public void Ship(int location, int units, DateTimeOffset at)
    {
        _open[location] -= units;
        _left[location] += units;
        _shipped += units;
        _shipments.Add(new Shipment($"{reference}-s{_shipments.Count + 1}", Shop.Place(location), units, at));
    }

    /// <summary>Units are refunded: open ones of a location, or shipped ones, which come back there if they do.</summary>
    public void Refund(RefundWord word, bool shipped, int units, int location)
    {
        _refunds.Add((word, shipped, units, location));
        var back = word != RefundWord.None;
        if (shipped)
        {
            _returned += back ? units : 0;
            _left[location] -= back ? units : 0;
            return;
        }

        _open[location] -= units;
        _cancelled += back ? units : 0;
        _lost += back ? 0 : units;
        _left[location] += back ? 0 : units;
    }

    public OrderLine Snapshot(bool assigned) => new()
    {
        LineRef = reference,
        VariantRef = Shop.Variant(Item),
        Quantity = Quantity,
        Open = Open,
        Fulfilled = _shipped,
        Assignments = assigned ? Assignments() : [],
        Shipments = [.. _shipments],
        Restocks = Restocks(),
    };

    private ImmutableArray<Assignment> Assignments()
    {
        var places = Enumerable.Range(0, _open.Length).Where(l => _open[l] > 0).OrderBy(l => l == Home ? 0 : 1).ToList();
        return places.Count == 0
            ? [new Assignment(Shop.Place(Home), 0)]
            : [.. places.Select(l => new Assignment(Shop.Place(l), _open[l]))];
    }

    /// <summary>As the channel's reader makes them: a legacy one counts as cancelled as far as units left the line unshipped, and beyond that as returned.</summary>
    private ImmutableArray<Restock> Restocks()
    {
        if (_refunds.Count == 0)
        {
            return [];
        }

        var unshipped = Quantity - Open - _shipped - _refunds.Where(r => r.Word == RefundWord.Cancel).Sum(r => r.Units);
        var (restocks, number) = (ImmutableArray.CreateBuilder<Restock>(_refunds.Count), 0);
        foreach (var (word, _, units, location) in _refunds)
        {
            var (refund, place) = ($"{reference}-r{++number}", word == RefundWord.None ? null : Shop.Place(location));
            RestockKind? kind = word switch
            {
                RefundWord.Cancel => RestockKind.Cancel,
                RefundWord.Return => RestockKind.Return,
                RefundWord.None => RestockKind.None,
                RefundWord.Legacy => null,
            };
            if (kind is { } told)
            {
                restocks.Add(new Restock(refund, told, units, place));
            }
            else
            {
                unshipped = LegacyRestocks.Add(restocks, refund, units, place, unshipped);
            }
        }

        return restocks.DrainToImmutable();
    }
}
