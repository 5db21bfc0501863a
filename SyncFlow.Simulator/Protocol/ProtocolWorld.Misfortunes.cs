using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Simulator.Protocol;

/// <content>What goes wrong besides single messages, and what comes in meanwhile.</content>
internal sealed partial class ProtocolWorld
{
    private static readonly TimeSpan QuarterOfAnHour = TimeSpan.FromMinutes(15);

    /// <summary>What goes wrong besides single messages, minute by minute, and what comes in.</summary>
    private void Arrange()
    {
        for (var i = 0; i < _settings.Receipts; i++)
        {
            _agenda.In(Sometime(), () => Receive(_random.Next(_settings.Skus), _random.Next(_settings.Locations), 1));
        }

        if (_settings.DeadFrom is { } dead)
        {
            _agenda.In(TimeSpan.FromMinutes(dead), () => _shops.ForEach(s => s.DownUntil = _agenda.Now + QuarterOfAnHour));
        }

        for (var minute = 0; minute < _settings.Minutes; minute++)
        {
            _agenda.In(TimeSpan.FromMinutes(minute + _random.NextDouble()), Misfortune);
        }
    }

    private TimeSpan Sometime() => TimeSpan.FromMinutes(_random.NextDouble() * _settings.Minutes);

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private void Misfortune()
    {
        var shop = _shops[_random.Next(_shops.Count)];
        if (Chance(_faults.WakeUpsLost))
        {
            _pipeline.DeafUntil = _agenda.Now + TimeSpan.FromMinutes(1);
        }

        if (Chance(_faults.Outage))
        {
            shop.DownUntil = Later(shop.DownUntil, _agenda.Now + TimeSpan.FromMinutes(_random.Next(1, 15)));
        }

        if (Chance(_faults.TokenLost))
        {
            shop.RefusesUntil = _agenda.Now + TimeSpan.FromMinutes(_random.Next(1, 10));
            _agenda.In(shop.RefusesUntil - _agenda.Now + TimeSpan.FromSeconds(1), () => Readmit(shop));
        }

        if (_desks.Count > 0 && Chance(_faults.Crash))
        {
            Kill(_random.Next(_desks.Count));
        }

        Tamper(shop);
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private void Tamper(Shop shop)
    {
        var (sku, location) = (_random.Next(_settings.Skus), _random.Next(_settings.Locations));
        if (Chance(_faults.OutsideDecrease))
        {
            shop.EditByHand(sku, location, -_random.Next(1, 3));
        }

        if (Chance(_faults.OutsideIncrease))
        {
            var units = _random.Next(1, 4);
            Truth.TakenAway(sku, units);
            shop.EditByHand(sku, location, units);
        }

        if (Chance(_faults.SellsOn) && !shop.SellsOn(sku))
        {
            shop.SellOn(sku, on: true);
            _agenda.In(TimeSpan.FromMinutes(_random.Next(1, 10)), () => shop.SellOn(sku, on: false));
        }

        if (Chance(_faults.WriteOff))
        {
            var units = _random.Next(1, 3);
            Truth.Received(sku, -units);
            Truth.TakenAway(sku, units);
            Book(sku, location, -units, EntryReason.WriteOff);
        }
    }

    /// <summary>A person renewed the credential: every level is read exactly before anything is written again (rule R12).</summary>
    private void Readmit(Shop shop)
    {
        if (_naive is null && !_desks[shop.Number - 1].Channel.Publishes)
        {
            _desks[shop.Number - 1].SetStatus(ConnectionStatus.Live);
        }
    }

    private void Kill(int index)
    {
        var desk = _desks[index];
        if (!desk.Alive)
        {
            return;
        }

        desk.Life++;
        desk.Alive = false;
        desk.Held.Clear();
        _agenda.In(TimeSpan.FromSeconds(_random.Next(1, 12)), () =>
        {
            desk.Alive = true;
            _publishers[index].Restart();
            _verifiers[2 * index].Restart();
            _verifiers[(2 * index) + 1].Restart();
        });
    }
}
