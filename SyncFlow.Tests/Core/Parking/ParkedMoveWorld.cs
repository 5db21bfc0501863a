using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Cases;
using SyncFlow.Tests.Core.Support;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>
/// A store with a location that it closes into another, drawn by a seed: what it shows at both, its orders and where they ship
/// from, and a verifier that reads what asks for it, with sales on either side of its readings.
/// </summary>
internal sealed class ParkedMoveWorld
{
    private const int Main = 1;
    private const int Closed = 2;

    private readonly int _seed;
    private readonly Random _random;
    private readonly Desk _desk;
    private readonly int[] _available = new int[3];
    private readonly int[] _parked = new int[3];
    private readonly Dictionary<string, (int Units, int Place)> _orders = [];
    private readonly HashSet<string> _untold = [];
    private readonly int _onHand;
    private readonly bool _parks;

    public ParkedMoveWorld(int seed)
    {
        (_seed, _random) = (seed, new Random(seed));
        _parks = _random.Next(5) > 0;
        for (var place = Main; place <= Closed; place++)
        {
            (_available[place], _parked[place]) = (_random.Next(6), place == Main && !_parks ? 0 : _random.Next(6));
        }

        var owed = -_random.Next(Math.Min(3, _parked[Closed] + 1));
        var found = _random.Next(Math.Min(3, _parked[Closed] + owed + 1));
        _desk = PlaceCases.TwoPlaces(_available[Main], _available[Closed]);
        _desk.Configure(1, c => c with { OwnsOnHand = _parks, Parks = true });
        _desk.Arrange(s => s with
        {
            AuthorityRules = [new AuthorityRule(null, null, PlaceCases.Second, new ConnectionId(1))],
            Policy = s.Policy with { SafetyBuffer = _random.Next(3) },
            Pools =
            [
                new Pool(Desk.Main, default(Buckets) with { OnHand = _available[Main] + _parked[Main] }, true),
                new Pool(PlaceCases.Second, default(Buckets) with { OnHand = _available[Closed] + _parked[Closed] + owed, Unavailable = found }, true),
            ],
        });
        if (_parks)
        {
            _desk.Arrange(Main, l => l with { Shelf = new ParkedShelf { Owed = 0, Since = _desk.Now, Parked = _parked[Main] } });
        }

        _desk.Arrange(Closed, l => l with { Shelf = new ParkedShelf { Owed = owed, Since = _desk.Now, Parked = _parked[Closed], Found = found } });
        _onHand = OnHand;
    }

    private int OnHand => _desk.State.Pools.Sum(p => p.Buckets.OnHand);

    public void Run()
    {
        Sell(Closed);
        Tell(_random.Next(2) == 0);
        Sell(Closed);
        Move();
        PlaceCases.Close(_desk);
        for (var cycle = 0; cycle < 20; cycle++)
        {
            foreach (var level in _random.Next(2) == 0 ? new[] { Main, Closed } : [Closed, Main])
            {
                // Two verifiers: what a stale compare waits for is read beside what is to be proven.
                if (_desk[level].AwaitsAttribution)
                {
                    Look(level, ReadingKind.Plain, busy: cycle < 3);
                }

                Look(level, cycle < 3 && _random.Next(4) == 0 ? ReadingKind.Plain : ReadingKind.Drained, busy: cycle < 3);
                OnHand.ShouldBe(_onHand, $"world {_seed}: the total never changes while they move; {string.Join(", ", _desk.Drift)}");
            }

            Write();
        }

        Tell(true);
        AtRest();
    }

    private void Sell(int place)
    {
        if (_available[place] > 0)
        {
            var id = $"{_orders.Count + 1}";
            var units = _random.Next(1, _available[place] + 1);
            _available[place] -= units;
            _orders[id] = (units, place);
            _untold.Add(id);
        }
    }

    /// <summary>Orders become known as they are now.</summary>
    private void Tell(bool really)
    {
        foreach (var id in really ? _untold.ToList() : [])
        {
            var (units, place) = _orders[id];
            _desk.Order(1, PlaceCases.Assigned(id, units, ($"x{place}", units)));
            _untold.Remove(id);
        }
    }

    /// <summary>Everything there, orders too, is at the other location.</summary>
    private void Move()
    {
        (_available[Main], _available[Closed]) = (_available[Main] + _available[Closed], 0);
        (_parked[Main], _parked[Closed]) = (_parked[Main] + _parked[Closed], 0);
        foreach (var id in _orders.Keys.ToList())
        {
            _orders[id] = (_orders[id].Units, Main);
            _untold.Add(id);
        }
    }

    /// <summary>Orders that the store had when it was read are known before what was read is; younger ones may be.</summary>
    private void Look(int level, ReadingKind kind, bool busy)
    {
        _desk.Now += TimeSpan.FromSeconds(5);
        if (busy && _parks && _random.Next(3) == 0)
        {
            Sell(Main);
        }

        Tell(busy && _random.Next(2) == 0);
        var state = _desk[level];
        if (state.Status == LevelStatus.Closed || !(state.NeedsReading || state.UnverifiedUnits > 0))
        {
            return;
        }

        var mark = _desk.Mark(level, kind);
        var committed = _orders.Values.Where(o => o.Place == level).Sum(o => o.Units);
        var reading = mark with
        {
            Available = _available[level],
            SafetyStock = _parked[level],
            Committed = committed,
            OnHand = _available[level] + _parked[level] + committed,
        };
        if (busy && _parks && _random.Next(3) == 0)
        {
            Sell(Main);
        }

        Tell(reading.Kind == ReadingKind.Drained || _random.Next(2) == 0);
        _desk.Read(level, reading);
    }

    private void Write()
    {
        if (!_parks || _desk.Plan(1, new LevelId(Main)) is not { } push)
        {
            return;
        }

        var element = push.Elements[0];
        var fits = _available[Main] == element.From && (push.Kind == PushKind.Set || _parked[Main] == element.ParkedFrom);
        if (fits)
        {
            _available[Main] = element.To;
            _parked[Main] = push.Kind == PushKind.Set ? _parked[Main] : element.ParkedTo;
        }

        _desk.Settle(push, fits ? ElementOutcome.Acknowledged : ElementOutcome.Stale);
    }

    private void AtRest()
    {
        var (main, closed) = (_desk[Main], _desk[Closed]);
        var world = $"world {_seed}: {main.Shelf} {closed.Shelf} {closed.Status}";
        _desk.State.PoolAt(PlaceCases.Second).Buckets.ShouldBe(default(Buckets), world);
        (closed.Status, closed.Shelf!.Unplaced, closed.Shelf.Owed, closed.Shelf.Found).ShouldBe((LevelStatus.Closed, 0, 0, 0), world);
        _desk.Drift.ShouldBeEmpty(world);
        main.Belief.ShouldBe(_available[Main], world);
        (main.NeedsReading, closed.NeedsReading, main.UnverifiedUnits).ShouldBe((false, false, 0), world);
        if (_parks)
        {
            (main.Shelf!.Parked, main.Shelf.Unplaced).ShouldBe((_parked[Main], 0), world);
            (_available[Main] + _parked[Main] + _orders.Values.Sum(o => o.Units) + main.Shelf.Owed).ShouldBe(_desk.Position.OnHand, world);
        }
    }
}
