using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <content>What goes wrong besides single messages, and what comes in meanwhile.</content>
internal sealed partial class TenantWorld
{
    private static readonly TimeSpan QuarterOfAnHour = TimeSpan.FromMinutes(15);

    /// <summary>What goes wrong besides single messages, minute by minute, and what comes in.</summary>
    private void Arrange()
    {
        for (var i = 0; i < _settings.Receipts; i++)
        {
            _agenda.In(Sometime(), () => Receive(_random.Next(_settings.Skus), _random.Next(_settings.Locations), 1));
        }

        ArrangeClosingsInto();
        if (_settings.DeadFrom is { } dead)
        {
            Tally.Add("quarters of an hour with everything dead");
            _agenda.In(TimeSpan.FromMinutes(dead), () => _shops.ForEach(s => s.DownUntil = _agenda.Now + QuarterOfAnHour));
        }

        for (var minute = 0; minute < _settings.Minutes; minute++)
        {
            _agenda.In(TimeSpan.FromMinutes(minute + _random.NextDouble()), Misfortune);
            if (Till is { } till)
            {
                _agenda.In(Sometime(), () => SetAside(till));
            }
        }
    }

    private TimeSpan Sometime() => TimeSpan.FromMinutes(_random.NextDouble() * _settings.Minutes);

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private void Misfortune()
    {
        var shop = _shops[_random.Next(_settings.Channels)];
        if (Chance(_faults.WakeUpsLost))
        {
            Tally.Add("minutes without wake-ups (Redis lost)");
            _pipeline.DeafUntil = _agenda.Now + TimeSpan.FromMinutes(1);
        }

        if (Chance(_faults.Outage))
        {
            Tally.Add("outages of a channel");
            shop.DownUntil = Later(shop.DownUntil, _agenda.Now + TimeSpan.FromMinutes(_random.Next(1, 15)));
        }

        if (Chance(_faults.TokenLost))
        {
            Tally.Add("credentials lost");
            shop.RefusesUntil = _agenda.Now + TimeSpan.FromMinutes(_random.Next(1, 10));
            _agenda.In(shop.RefusesUntil - _agenda.Now + TimeSpan.FromSeconds(1), () => Readmit(shop));
        }

        if (_desks.Count > 0 && Chance(_faults.Crash))
        {
            _workforce!.Kill(_desks[_random.Next(_desks.Count)].Index, TimeSpan.FromSeconds(_random.Next(1, 12)));
        }

        Tamper(shop);
        TamperWithParked();
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private void Tamper(Shop shop)
    {
        var (sku, location) = (_random.Next(_settings.Skus), _random.Next(_settings.Locations));
        var item = _settings.Kits > 0 ? _random.Next(_settings.Items) : sku;
        if (Chance(_faults.OutsideDecrease))
        {
            Tally.Add("levels lowered by hand");
            var units = _random.Next(1, 3);
            if (_settings.IsAuthority(shop.Number))
            {
                Truth.TakenAway(item, units);
            }

            Edited(shop, item, location, -units);
            shop.EditByHand(item, location, -units);
        }

        if (Chance(_faults.OutsideIncrease))
        {
            Tally.Add("levels raised by hand");
            var units = _random.Next(1, 4);
            Truth.Raised(shop, item, location, units);
            Edited(shop, item, location, units);
            shop.EditByHand(item, location, units);
        }

        if (Chance(_faults.SellsOn) && !shop.SellsOn(item))
        {
            Tally.Add("items set to sell on at zero, and back");
            shop.SellOn(item, on: true);
            _agenda.In(TimeSpan.FromMinutes(_random.Next(1, 10)), () => shop.SellOn(item, on: false));
        }

        if (Chance(_faults.Untracked) && shop.Tracks(item))
        {
            Tally.Add("items not counted any more, and counted again");
            if (_settings.IsAuthority(shop.Number))
            {
                Truth.Uncounted(item);
            }

            shop.Track(item, on: false);
            _agenda.In(TimeSpan.FromMinutes(_random.Next(1, 10)), () => shop.Track(item, on: true));
        }

        if (Chance(_faults.ClosedPlace) && !shop.IsClosed(location))
        {
            Tally.Add("locations closed, and opened again");
            Close(shop, location, closed: true);
            _agenda.In(TimeSpan.FromMinutes(_random.Next(1, 10)), () => Close(shop, location, closed: false));
        }

        if (Chance(_faults.WriteOff))
        {
            Tally.Add("units lost in the warehouse");
            var units = _random.Next(1, 3);
            Truth.Received(sku, -units);
            Truth.Came(sku, location, -units);
            Truth.TakenAway(sku, units);
            if (location == 0)
            {
                Till?.Lay(sku, -units);
            }

            Book(sku, location, -units, EntryReason.WriteOff);
        }
    }

    /// <summary>A person moves goods from the till's shelf to where only online orders take them from, and says so a little later.</summary>
    private void SetAside(Shop till)
    {
        var sku = _random.Next(_settings.Skus);
        var units = -till.Lay(sku, -_random.Next(1, 6));
        if (units > 0)
        {
            Tally.Add("goods set aside from a till");
            _agenda.In(TimeSpan.FromSeconds(_random.Next(1, 30)), () => NoteAside(sku, units));
        }
    }

    private void NoteAside(int sku, int units)
    {
        if (units == 0)
        {
            return;
        }

        var id = _settings.SkuOf(sku);
        var set = _store.LoadSkus([id]);
        var aside = set.FindSku(id)!.PoolAt(new LocationId(0)).SetAside + units;
        if (aside < 0)
        {
            return; // They make up for units that online orders took beyond what was aside.
        }

        SetAsides.Put(set, id, new LocationId(0), aside);
        Replanner.Touch(set, id, _agenda.Now);
        if (_pipeline.Commit(set))
        {
            Truth.SetAside(sku, units);
        }
        else
        {
            _agenda.In(TimeSpan.FromSeconds(1), () => NoteAside(sku, units));
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
}
