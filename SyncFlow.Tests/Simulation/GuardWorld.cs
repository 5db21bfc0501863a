using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;

namespace SyncFlow.Tests.Simulation;

/// <summary>
/// A world of one SKU: channels with compare-and-set that really sell, a network that loses, repeats and reorders, and
/// the production rules in between. What channels show together must never exceed what physically remains.
/// </summary>
internal sealed class GuardWorld
{
    private const int Channels = 3;

    private readonly Random _random;
    private readonly Faults _faults;
    private readonly Desk _desk;
    private readonly int[] _shown = new int[Channels + 1];
    private readonly Dictionary<string, (int Channel, OrderSnapshot Snapshot)> _orders = [];
    private readonly List<Action> _mail = [];
    private readonly List<(int Channel, int From, int To, DateTimeOffset Deadline)> _air = [];
    private readonly (Push Push, ElementOutcome Answer)?[] _answers = new (Push, ElementOutcome)?[Channels + 1];
    private readonly Reading?[] _readings = new Reading?[Channels + 1];
    private int _physical;
    private int _floor;
    private long _tick;

    public GuardWorld(int seed, Faults faults, int stock)
    {
        _random = new Random(seed);
        _faults = faults;
        _physical = stock;
        _desk = new Desk(Channels, stock, SharingMode.Guard);
        for (var channel = Channels - faults.Absolute + 1; channel <= Channels && !faults.WithoutBarrier; channel++)
        {
            _desk.Configure(channel, settings => settings with { CompareAndSet = false });
        }

        if (faults.Till)
        {
            _floor = stock / 2;
            _desk.Configure(1, settings => settings with { Uncappable = !faults.TillTakenForCapped });
            _desk.Run(set =>
            {
                SetAsides.Put(set, Desk.Sku, Desk.Main, stock - _floor);
                return 0;
            });
        }

        _desk.Touch();
    }

    public int Accepted { get; private set; }
    public int Refused { get; private set; }

    /// <summary>Runs until a step shows more than exists.</summary>
    /// <returns>What went wrong, or null.</returns>
    public string? Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            _desk.Now += TimeSpan.FromSeconds(_random.Next(1, 20));
            Step();
            var shown = Enumerable.Range(1, Channels).Sum(c => Math.Max(0, OnOffer(c)));
            if (shown > _physical)
            {
                return $"step {step}: channels show {shown} of {_physical} units";
            }
        }

        return null;
    }

    private void Step()
    {
        switch (_random.NextDouble())
        {
            case < 0.40:
                Buy();
                break;
            case < 0.44:
                Cancel();
                break;
            case < 0.66:
                Deliver();
                break;
            case < 0.70:
                FetchOrders(Pick());
                break;
            case < 0.80:
                Read(Pick());
                break;
            case < 0.83:
                Arrive();
                break;
            default:
                Publish(Pick());
                break;
        }
    }

    private int Pick() => _random.Next(1, Channels + 1);

    private bool IsTill(int channel) => _faults.Till && channel == 1;

    private bool IsAbsolute(int channel) => channel > Channels - _faults.Absolute;

    /// <summary>What a buyer could get there.</summary>
    private int OnOffer(int channel) => IsTill(channel) ? _floor : _shown[channel];

    private void Take(int channel, int units)
    {
        _shown[channel] -= units;
        _physical -= units;
        _floor -= IsTill(channel) ? units : 0;
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private DateTimeOffset Stamp() => _desk.Now.AddTicks(++_tick);

    private void Buy()
    {
        var channel = Pick();
        var units = _random.Next(1, 4);
        if (OnOffer(channel) < units)
        {
            Refused += units;
            return;
        }

        Take(channel, units);
        Accepted += units;
        var order = Desk.Snapshot($"{_orders.Count + 1}", units, Stamp());
        _orders[order.OrderRef] = (channel, order);
        Send(() => _desk.Order(channel, order));
        Announce(channel);
    }

    private void Cancel()
    {
        var open = _orders.Values.Where(o => !o.Snapshot.Cancelled).ToList();
        if (open.Count == 0)
        {
            return;
        }

        var (channel, order) = open[_random.Next(open.Count)];
        var units = order.Lines[0].Quantity;
        var cancelled = Desk.Snapshot(
            order.OrderRef, units, Stamp(), open: 0, cancelled: true,
            restocks: new Restock($"r{order.OrderRef}", RestockKind.Cancel, units, "x1"));
        _orders[order.OrderRef] = (channel, cancelled);
        Take(channel, -units);
        Send(() => _desk.Order(channel, cancelled));
        Announce(channel);
    }

    private void Announce(int channel)
    {
        var (value, at) = (_shown[channel], Stamp());
        Send(() => _desk.Announce(channel, value, at));
    }

    private void Send(Action message)
    {
        if (!Chance(_faults.Dropped))
        {
            _mail.Add(message);
        }

        if (Chance(_faults.Repeated))
        {
            _mail.Add(message);
        }
    }

    private void Deliver()
    {
        if (_mail.Count > 0)
        {
            var index = _random.Next(_mail.Count);
            var message = _mail[index];
            _mail.RemoveAt(index);
            message();
        }
    }

    private void FetchOrders(int channel)
    {
        foreach (var (_, order) in _orders.Values.Where(o => o.Channel == channel).ToList())
        {
            _desk.Order(channel, order with
            {
                Origin = SnapshotOrigin.Fetch,
                Version = order.Version with { Authority = 1 },
            });
        }
    }

    /// <summary>First the marks and the level; some steps later the orders, and then the reading is applied.</summary>
    private void Read(int channel)
    {
        if (_readings[channel] is { } waiting)
        {
            FetchOrders(channel);
            _readings[channel] = null;
            _desk.Read(channel, waiting);
            return;
        }

        var push = _desk[channel].InFlight;
        if (!_desk[channel].MayBeRead(_desk.Now))
        {
            return;
        }

        _readings[channel] = _desk.Mark(channel, Chance(0.7) ? ReadingKind.Drained : ReadingKind.Plain)
            with
        { Available = _shown[channel], Committed = Committed(channel), OnHand = _shown[channel] + Committed(channel) };
    }

    private int Committed(int channel) => _orders.Values
        .Where(o => o.Channel == channel && !o.Snapshot.Cancelled).Sum(o => o.Snapshot.Lines[0].Open);

    private void Arrive()
    {
        if (_air.Count == 0)
        {
            return;
        }

        var (channel, from, to, deadline) = _air[0];
        _air.RemoveAt(0);
        if (_desk.Now <= deadline && (IsAbsolute(channel) || _shown[channel] == from))
        {
            _shown[channel] = to;
            Announce(channel);
        }
    }

    private void Publish(int channel)
    {
        if (_answers[channel] is { } answer)
        {
            _answers[channel] = null;
            _desk.Settle(answer.Push, answer.Answer);
            return;
        }

        // The verifier holds a level while it reads it; only the time between mark and read is that short.
        if (_desk.Plan(channel) is { } push)
        {
            Transmit(channel, push);
        }
    }

    private void Transmit(int channel, Push push)
    {
        var element = push.Elements[0];
        var compare = _faults.CompareWithFreshRead ? _shown[channel] : element.From;
        if (Chance(_faults.Late))
        {
            _air.Add((channel, compare, element.To, push.Deadline));
            _desk.Settle(push, ElementOutcome.Unknown);
            return;
        }

        var accepted = IsAbsolute(channel) || _shown[channel] == compare;
        if (accepted && !Chance(_faults.NotPersisted))
        {
            _shown[channel] = element.To;
            Announce(channel);
        }

        if (Chance(_faults.LostAnswer))
        {
            _desk.Settle(push, ElementOutcome.Unknown);
            return;
        }

        // The answer is on its way; sales and messages may overtake it.
        _answers[channel] = (push, accepted ? ElementOutcome.Acknowledged : ElementOutcome.Stale);
    }
}
