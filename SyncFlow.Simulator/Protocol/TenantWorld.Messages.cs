using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;

namespace SyncFlow.Simulator.Protocol;

/// <content>What channels tell and what they are asked: everything that travels between them and the inbox.</content>
internal sealed partial class TenantWorld
{
    private void ReadItem(ChannelDesk desk, int sku) => _agenda.In(desk.Between(50, 3_000), () =>
    {
        if (desk.Shop.Down || desk.Shop.Refuses)
        {
            _agenda.In(TimeSpan.FromSeconds(30), () => ReadItem(desk, sku));
            return;
        }

        _pipeline.Deliver(new ItemRead(
            $"item:{desk.Shop.Number}:{++_facts}", desk.Connection, null, _agenda.Now, Shop.Item(sku), Present: true,
            !desk.Shop.Tracks(sku) ? SellingLimit.Untracked : desk.Shop.SellsOn(sku) ? SellingLimit.None : SellingLimit.Shown));
    });

    /// <summary>Asks a channel which of its locations are open, when it is said to have closed one, and from time to time.</summary>
    private void ReadPlaces(Shop shop) => _agenda.In(TimeSpan.FromMilliseconds(_random.Next(50, 3_000)), () =>
    {
        if (_naive is null && (shop.Down || shop.Refuses))
        {
            _agenda.In(TimeSpan.FromSeconds(30), () => ReadPlaces(shop));
        }
        else if (_naive is null)
        {
            var (before, exposed) = (MaySell(shop), Exposed());
            _desks[shop.Number - 1].SetPlaces();
            foreach (var (item, units) in MaySell(shop).Index())
            {
                Truth.MaySellAgain(item, Math.Max(0, units - before[item]));
            }

            // A place that is closed on every channel takes its units with it, also those that others elsewhere were to be given.
            foreach (var (sku, units) in Exposed().Index())
            {
                Truth.MaySellAgain(sku, Math.Max(0, units - exposed[sku]));
            }

            Told();
        }
    });

    /// <summary>What is exposed of each SKU.</summary>
    private List<int> Exposed() =>
        [.. Enumerable.Range(0, _settings.Skus).Select(sku => Exposures.Of(_store.ClusterOf(_settings.SkuOf(sku)), _settings.SkuOf(sku)).Units)];

    /// <summary>What it may still sell of each item, as far as we know.</summary>
    private List<int> MaySell(Shop shop) =>
    [
        .. Enumerable.Range(0, _settings.Items).Select(item => Math.Max(0, _store.Sku(_settings.SkuOf(item)).Levels
            .Where(l => l.Connection.Value == shop.Number && Exposures.InGroup(_store.Context, l, ProtocolWorld.Group)).Sum(l => l.UpperBound))),
    ];

    /// <summary>Units put back at a location that we think is closed are on sale, and we share them out to the others.</summary>
    private void NotePutBack(Shop shop, int item, int location, int units)
    {
        if (_naive is null && !shop.IsClosed(location) && !_desks[shop.Number - 1].Channel.IsOpenAt(new LocationId(location)))
        {
            Truth.TakenAway(item, units);
            Truth.Tampered(shop, item, units);
        }
    }

    /// <summary>Messages of what became of an order name it and say no more.</summary>
    private void Touched(Shop shop, ShopOrder order) => Post(shop, () =>
    {
        if (_naive is null)
        {
            _pipeline.Deliver(new OrderTouched($"touched:{shop.Number}:{++_facts}", new ConnectionId(shop.Number), null, _agenda.Now, order.Id));
        }
    });

    private void Ask(WorkItem work)
    {
        var desk = _desks[(int)work.Connection.Value - 1];
        if (work.Kind == WorkKind.RefreshItem)
        {
            _agenda.In(work.DueAt - _agenda.Now, () => ReadItem(desk, int.Parse(work.Ref[1..], CultureInfo.InvariantCulture)));
            return;
        }

        if (work.Kind == WorkKind.RefreshLocations)
        {
            ReadPlaces(desk.Shop);
        }

        if (work.Kind != WorkKind.FetchOrder)
        {
            return;
        }

        _agenda.In(desk.Between(50, 3_000), () =>
        {
            if (desk.Shop.Down || desk.Shop.Refuses)
            {
                _agenda.In(TimeSpan.FromSeconds(30), () => Ask(work));
            }
            else
            {
                _pipeline.Deliver(desk.Fact(desk.Shop.Orders[work.Ref].Snapshot(SnapshotOrigin.Fetch)));
            }
        });
    }

    private void Tell(Shop shop, ShopOrder order)
    {
        var snapshot = order.Snapshot(SnapshotOrigin.Webhook);
        Post(shop, () =>
        {
            if (_naive is null)
            {
                _pipeline.Deliver(_desks[shop.Number - 1].Fact(snapshot));
            }
            else
            {
                _naive.Heard(shop, snapshot);
            }
        });
    }

    private void Tell(Shop shop, int sku, int location, int value, long at) => Post(shop, () =>
    {
        if (_naive is null && shop.Kind != ShopKind.Till)
        {
            _pipeline.Deliver(new LevelAnnounced(
                $"level:{shop.Number}:{at}", new ConnectionId(shop.Number), null, _agenda.Now, Shop.Item(sku), Shop.Place(location), value, at));
        }
    });

    private void Tell(Shop shop, int sku) => Post(shop, () =>
    {
        if (_naive is null)
        {
            _pipeline.Deliver(new ChannelChanged(
                $"changed:{shop.Number}:{++_facts}", new ConnectionId(shop.Number), null, _agenda.Now, ChannelChange.ItemChanged,
                Shop.Item(sku), null));
        }
    });

    /// <summary>The network between a channel and us.</summary>
    private void Post(Shop shop, Action arrives)
    {
        var times = _random.NextDouble() < _faults.Dropped || shop.Down ? 0 : _random.NextDouble() < _faults.Repeated ? 2 : 1;
        Tally.Add(times == 0 ? "webhooks dropped" : times == 1 ? "webhooks delivered once" : "webhooks delivered twice");
        for (; times > 0; times--)
        {
            var late = _random.NextDouble() < _faults.Delayed;
            Tally.Add("webhooks minutes late, in any order", late ? 1 : 0);
            _agenda.In(late ? TimeSpan.FromSeconds(_random.NextDouble() * 180) : TimeSpan.FromMilliseconds(_random.Next(20, 900)), arrives);
        }
    }
}
