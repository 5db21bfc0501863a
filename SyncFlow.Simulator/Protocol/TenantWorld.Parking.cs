using SyncFlow.Core.Parking;

namespace SyncFlow.Simulator.Protocol;

/// <content>A channel that is the authority for on-hand and parks what it is not to sell (rule R14), and the hands at it.</content>
internal sealed partial class TenantWorld
{
    private Shop? Authority => _shops.Find(s => _settings.IsAuthority(s.Number));

    private ParkedShelf? ShelfOf(Shop shop, int item) =>
        _settings.IsAuthority(shop.Number) && item < _settings.Skus ? new ParkedShelf { Owed = 0, Since = ProtocolWorld.Start } : null;

    private void TamperWithParked()
    {
        if (Authority is not { } shop || _naive is not null)
        {
            return;
        }

        var (sku, location) = (_random.Next(_settings.Skus), _random.Next(_settings.Locations));
        if (Chance(_faults.ParkedMoved))
        {
            Truth.Disturbed(sku, location);
            var moved = shop.MoveByHand(sku, location, _random.Next(-3, 4));
            Tally.Add("parked units moved by hand", Math.Sign(Math.Abs(moved)));
            Truth.TakenAway(sku, Math.Max(0, -moved));
            Truth.Tampered(shop, sku, -moved);
        }

        if (Chance(_faults.ParkedEdited))
        {
            Edit(shop, sku, location);
        }

        if (Chance(_faults.ParkingSwitched))
        {
            Tally.Add("parking switched off, and on again");
            Switch(shop, parks: false);
            _agenda.In(TimeSpan.FromMinutes(_random.Next(1, 6)), () => Switch(shop, parks: true));
        }
    }

    private void Edit(Shop shop, int sku, int location)
    {
        Truth.Disturbed(sku, location);
        var by = shop.EditParked(sku, location, _random.Next(-2, 3));
        Tally.Add("parked units counted anew by hand", Math.Sign(Math.Abs(by)));
        Truth.Received(sku, by);
        Truth.Came(sku, location, by);
        Truth.TakenAway(sku, Math.Max(0, -by));
    }

    private void Switch(Shop shop, bool parks)
    {
        Truth.Switched();
        _desks[shop.Number - 1].SetParking(parks);
    }

    /// <summary>An edit of available on the authority's channel says what lies there.</summary>
    private void Edited(Shop shop, int item, int location, int units)
    {
        if (_settings.IsAuthority(shop.Number) && item < _settings.Skus)
        {
            Truth.Disturbed(item, location);
            Truth.Received(item, units);
            Truth.Came(item, location, units);
        }
    }
}
