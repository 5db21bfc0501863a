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
internal sealed partial class ProtocolWorld
{
    private EngineContext Context() => new(
        new TenantId(_settings.Tenant),
        _shops.ToImmutableDictionary(s => new ConnectionId(s.Number), s => new ChannelSettings(
            new ConnectionId(s.Number), ConnectionStatus.Live,
            Enumerable.Range(0, _settings.Locations).ToImmutableDictionary(Shop.Place, l => new LocationId(l)),
            new LocationId(0), 1, s.Number, ClaimingSources.Shopify, OwnsOnHand: false, CompareAndSet: true,
            s.KeepsKeys, SettleSeconds: SettleTimes.AtFirst)),
        Enumerable.Range(0, _settings.Locations).ToImmutableDictionary(
            l => new LocationId(l), l => new LocationSettings(new LocationId(l), FulfillsOnline: true, Group: 1)));

    /// <summary>Opening stock, all of it at the locations in turn, and a level per channel and location that shows nothing yet.</summary>
    private void Open()
    {
        for (var sku = 0; sku < _settings.Skus; sku++)
        {
            var id = _settings.SkuOf(sku);
            var levels = _shops.SelectMany(shop => Enumerable.Range(0, _settings.Locations).Select(l => new LevelState
            {
                Id = new LevelId((id.Value * 10_000) + (shop.Number * 100) + l),
                Listing = new ListingId((id.Value * 100) + shop.Number),
                Connection = new ConnectionId(shop.Number),
                Location = new LocationId(l),
                Status = LevelStatus.Live,
                Belief = 0,
            }));
            _store.Add(
                new SkuState
                {
                    Sku = id,
                    Policy = SkuPolicy.Default with { Mode = _settings.Mode },
                    Mode = _settings.Mode == SharingMode.Shared ? EffectiveMode.Shared : EffectiveMode.Guard,
                    Levels = [.. levels],
                },
                _shops.Select(s => new ListingInfo(
                    new ListingId((id.Value * 100) + s.Number), new ConnectionId(s.Number), Shop.Variant(sku), Shop.Item(sku), id, 1)));
            var shares = LargestRemainder.Share(_settings.Stock, [.. Enumerable.Repeat(1.0, _settings.Locations)]);
            for (var location = 0; location < _settings.Locations; location++)
            {
                Receive(sku, location, shares[location]);
            }
        }
    }

    private void Receive(int sku, int location, int units)
    {
        if (units == 0)
        {
            return;
        }

        Truth.Received(sku, units);
        Book(sku, location, units, EntryReason.Receipt);
        _naive?.Received(sku, units);
    }

    /// <summary>The warehouse tells of units that came in or are gone: late, and perhaps more than once.</summary>
    private void Book(int sku, int location, int units, EntryReason reason)
    {
        var movement = new StockMovement(
            $"movement:{++_facts}", null, null, _agenda.Now, _settings.SkuOf(sku), new LocationId(location), Bucket.OnHand, units, reason);
        for (var times = _settings.SourceDelay > 0 ? _random.Next(1, 4) : 1; times > 0; times--)
        {
            _agenda.In(TimeSpan.FromSeconds(_random.NextDouble() * _settings.SourceDelay), () => _pipeline.Deliver(movement));
        }
    }
}
