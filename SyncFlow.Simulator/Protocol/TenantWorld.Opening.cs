using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Simulator.Protocol;

/// <content>How a world begins, and what its warehouse tells.</content>
internal sealed partial class TenantWorld
{
    private EngineContext Context() => new(
        new TenantId(_settings.Tenant),
        _shops.ToImmutableDictionary(s => new ConnectionId(s.Number), s => new ChannelSettings(
            new ConnectionId(s.Number), ConnectionStatus.Live,
            Enumerable.Range(0, s.Kind == ShopKind.Till ? 1 : _settings.Locations).ToImmutableDictionary(Shop.Place, l => new LocationId(l)),
            new LocationId(0), 1, s.Number, ClaimingSources.Shopify, OwnsOnHand: _settings.IsAuthority(s.Number), CompareAndSet: s.Kind == ShopKind.Comparing,
            s.KeepsKeys, SettleSeconds: SettleTimes.AtFirst)
        {
            Uncappable = s.Kind == ShopKind.Till,
            Bounded = _settings.IsBounded(s.Number) ? _settings.Bound : null,
            Parks = _settings.IsAuthority(s.Number),
        }),
        Enumerable.Range(0, _settings.Locations).ToImmutableDictionary(
            l => new LocationId(l), l => new LocationSettings(new LocationId(l), FulfillsOnline: true, ProtocolWorld.Group)));

    /// <summary>
    /// Opening stock, all of it at the locations in turn, part of it set aside where there is a till, and a level per
    /// channel and location that shows nothing yet.
    /// </summary>
    private void Open()
    {
        var shares = LargestRemainder.Share(_settings.Stock, [.. Enumerable.Repeat(1.0, _settings.Locations)]);
        var aside = (int)(shares[0] * _settings.Aside);
        for (var item = 0; item < _settings.Items; item++)
        {
            AddItem(item);
        }

        for (var sku = 0; sku < _settings.Skus; sku++)
        {
            for (var location = 0; location < _settings.Locations; location++)
            {
                Receive(sku, location, shares[location], location == 0 ? aside : 0);
            }
        }
    }

    private void AddItem(int item)
    {
        var id = _settings.SkuOf(item);
        var levels = _shops.Where(s => s.Kind != ShopKind.Till)
            .SelectMany(shop => Enumerable.Range(0, _settings.Locations).Select(l => new LevelState
            {
                Id = new LevelId((id.Value * 10_000) + (shop.Number * 100) + l),
                Listing = new ListingId((id.Value * 100) + shop.Number),
                Connection = new ConnectionId(shop.Number),
                Location = new LocationId(l),
                Status = LevelStatus.Live,
                Belief = 0,
                Shelf = ShelfOf(shop, item),
            }));
        _store.Add(
            new SkuState
            {
                Sku = id,
                Policy = SkuPolicy.Default with { Mode = _settings.Mode },
                Mode = _settings.Mode == SharingMode.Shared ? EffectiveMode.Shared : EffectiveMode.Guard,
                Components = _settings.ComponentsOf(item),
                Levels = [.. levels],
            },
            _shops.Select(s => new ListingInfo(
                new ListingId((id.Value * 100) + s.Number), new ConnectionId(s.Number), Shop.Variant(item), Shop.Item(item), id, 1)));
    }

    private void CountIngredients()
    {
        Tally.Add($"tenants in {_settings.Mode.ToString().ToLowerInvariant()} mode");
        Tally.Add("channels that compare", _shops.Count(s => s.Kind == ShopKind.Comparing));
        Tally.Add("channels without compare-and-set", _settings.Absolute);
        Tally.Add("channels in bounded guard", _settings.Mode == SharingMode.Shared ? 0 : _settings.Bounded);
        Tally.Add("channels that keep keys", _shops.Count(s => s.KeepsKeys));
        Tally.Add("tills that nobody can cap", _settings.Till ? 1 : 0);
        Tally.Add("locations beside the first", _settings.Locations - 1);
        Tally.Add("SKUs beside the first", _settings.Skus - 1);
        Tally.Add("kits", _settings.Kits);
        Tally.Add("pairs of kits that share parts", _settings.Kits == 2 ? 1 : 0);
        Tally.Add("authorities that park", Authority is null ? 0 : 1);
        Tally.Add("sources that tell late", _settings.SourceDelay > 0 ? 1 : 0);
        Tally.Add("clocks that are off", _faults.ClockDrift > 0 ? _shops.Count : 0);
    }

    private Shop? Till => _settings.Till ? _shops[^1] : null;

    /// <param name="aside">Of these, what is set aside where there is a till; the rest is laid on its shelf once it is booked.</param>
    private void Receive(int sku, int location, int units, int aside = 0)
    {
        if (units == 0)
        {
            return;
        }

        Truth.Received(sku, units);
        Truth.Came(sku, location, units);

        var till = location == 0 ? Till : null;
        Book(sku, location, units, EntryReason.Receipt, till is null ? null : () =>
        {
            till.Lay(sku, units - aside);
            NoteAside(sku, aside);
        });
        _naive?.Received(sku, units);
    }

    /// <summary>The warehouse tells of units that came in or are gone: late, and perhaps more than once.</summary>
    private void Book(int sku, int location, int units, EntryReason reason, Action? booked = null)
    {
        var movement = new StockMovement(
            $"movement:{++_facts}", null, null, _agenda.Now, _settings.SkuOf(sku), new LocationId(location), Bucket.OnHand, units, reason);
        var times = _settings.SourceDelay > 0 ? _random.Next(1, 4) : 1;
        Tally.Add("movements told by the warehouse", times);
        Tally.Add("movements told again", times - 1);
        for (; times > 0; times--)
        {
            _agenda.In(TimeSpan.FromSeconds(_random.NextDouble() * _settings.SourceDelay), () => _pipeline.Deliver(movement, () =>
            {
                booked?.Invoke();
                booked = null;
            }));
        }
    }
}
