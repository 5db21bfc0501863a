using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Requests;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// Carts and partners that ask for units (rule R17): some get them at once, some wait, some are refused. A hold expires,
/// is given back, or is paid; what is paid never expires, and its order comes over a channel when it comes.
/// </summary>
internal sealed class Carts
{
    private readonly WorldSettings _settings;
    private readonly MemoryStore _store;
    private readonly Pipeline _pipeline;
    private readonly IReadOnlyList<Shop> _shops;
    private readonly Agenda _agenda;
    private readonly Random _random;
    private readonly Tally _tally;
    private readonly List<(Shop Shop, ShopOrder Order)> _untold = [];
    private long _requests;

    public Carts(
        WorldSettings settings, MemoryStore store, Pipeline pipeline, IReadOnlyList<Shop> shops, Agenda agenda, Random random,
        Tally tally)
    {
        (_settings, _store, _pipeline, _shops, _agenda, _random, _tally) = (settings, store, pipeline, shops, agenda, random, tally);
    }

    /// <summary>Lets carts come as long as buyers do.</summary>
    public void Open()
    {
        var carts = (int)(_settings.CartsPerMinute * _settings.Minutes);
        for (var i = 0; i < carts; i++)
        {
            _agenda.In(TimeSpan.FromMinutes(_random.NextDouble() * _settings.Minutes), Ask);
        }
    }

    /// <summary>Units of a SKU that are held.</summary>
    public int Held(int sku)
    {
        var units = 0;
        foreach (var line in _store.Sku(_settings.SkuOf(sku)).Requests)
        {
            foreach (var held in line.Held)
            {
                units += held.Units;
            }
        }

        return units;
    }

    /// <summary>Of those, the ones that no order has taken: an order that nobody has told us of has its units already.</summary>
    public int Promised(int sku)
    {
        if (_requests == 0)
        {
            return 0;
        }

        _untold.RemoveAll(o => _store.FindOrder(new ConnectionId(o.Shop.Number), o.Order.Id)?.Snapshot is not null);
        return Held(sku) - _untold.Sum(o => o.Order.First.Quantity * _settings.UnitsIn(o.Order.First.Item, sku));
    }

    private void Ask()
    {
        var (item, units) = (_random.Next(_settings.Items), _random.Next(1, 4));
        var id = new RequestId(++_requests);
        var set = _store.LoadSkus([_settings.SkuOf(item)]);
        var line = RequestLine.Asking(id, 1, $"cart-{id.Value}", units, null);
        var answer = RequestRules.Ask(set, [(_settings.SkuOf(item), line)], mayWait: _random.NextDouble() < 0.6, _agenda.Now).Answer;
        _tally.Add(answer switch
        {
            RequestAnswer.Granted => "reservations granted at once",
            RequestAnswer.Waiting => "reservations that wait",
            _ => "reservations refused",
        });
        if (answer == RequestAnswer.Refused || !_pipeline.Commit(set))
        {
            return;
        }

        var life = TimeSpan.FromMinutes(_random.NextDouble() * 6);
        if (_random.NextDouble() < 0.5)
        {
            _agenda.In(life * _random.NextDouble(), () => Pay(id, item, units, life));
        }
        else
        {
            _agenda.In(life, () => End(id, _random.NextDouble() < 0.5 ? RequestLineState.Expired : RequestLineState.Released));
        }
    }

    /// <summary>What is held whole is paid, and cannot expire any more; what still waits is given up when its time is over.</summary>
    private void Pay(RequestId id, int item, int units, TimeSpan life)
    {
        var lines = Lines(id);
        if (lines.Any(l => l.Line.State != RequestLineState.Held))
        {
            _agenda.In(life, () => End(id, RequestLineState.Expired));
            return;
        }

        _tally.Add("reservations paid");
        _agenda.In(TimeSpan.FromSeconds(_random.NextDouble() * 60), () => Order(item, units, $"cart-{id.Value}"));
    }

    /// <summary>The channel took the units from no level: they were held already.</summary>
    private void Order(int item, int units, string reference)
    {
        var shop = _shops[_random.Next(_settings.Channels)];
        if (shop.Place(item, units, claims: false, routedWhole: false, TimeSpan.FromSeconds(_random.NextDouble() * _settings.Faults.VisibilityLag), reference) is { } order)
        {
            _untold.Add((shop, order));
        }
        else
        {
            // Every location of it is closed.
            _agenda.In(TimeSpan.FromSeconds(20), () => Order(item, units, reference));
        }
    }

    private void End(RequestId id, RequestLineState how)
    {
        var lines = Lines(id).Where(l => l.Line.IsOpen).ToList();
        var set = _store.LoadSkus(lines.Select(l => l.Sku));
        foreach (var (sku, line) in lines)
        {
            RequestRules.End(set, sku, line, how, _agenda.Now);
        }

        Replanner.Replan(set, _agenda.Now);
        if (!_pipeline.Commit(set))
        {
            _agenda.In(TimeSpan.FromSeconds(1), () => End(id, how));
            return;
        }

        _tally.Add(how == RequestLineState.Expired ? "reservations expired" : "reservations given back");
    }

    private List<(SkuId Sku, RequestLine Line)> Lines(RequestId id) =>
        [.. _store.Skus.SelectMany(s => s.Requests.Where(r => r.Request == id).Select(r => (s.Sku, r)))];
}
