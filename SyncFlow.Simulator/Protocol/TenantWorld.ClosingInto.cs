using SyncFlow.Core;

namespace SyncFlow.Simulator.Protocol;

/// <content>Locations that are closed into another of the same store, whatever is in doubt there.</content>
internal sealed partial class TenantWorld
{
    /// <summary>Draws from a source of its own, so that worlds without are the worlds they were.</summary>
    private void ArrangeClosingsInto()
    {
        var random = new Random(unchecked((_settings.Seed * 31) + 3_303));
        for (var minute = 0; minute < _settings.Minutes && _faults.ClosedInto > 0 && _settings.Locations > 1; minute++)
        {
            _agenda.In(TimeSpan.FromMinutes(minute + random.NextDouble()), () =>
            {
                if (random.NextDouble() < _faults.ClosedInto)
                {
                    CloseInto(_shops[random.Next(_settings.Channels)], random.Next(_settings.Locations), random.Next(_settings.Locations), random.Next(1, 10));
                }
            });
        }
    }

    private void CloseInto(Shop shop, int location, int destination, int minutes)
    {
        if (shop.CloseInto(location, destination))
        {
            Tally.Add("locations closed into another, and opened again");
            _agenda.In(TimeSpan.FromMinutes(minutes), () => Close(shop, location, closed: false));
        }
    }

    /// <summary>
    /// Until the level they left is read they count there too, and exposure says more than there is to it. What was on sale without
    /// our knowing, at a location that we think is closed, is so where it goes as well; and orders that
    /// go to one that we think is closed count as taken from what its level shows.
    /// </summary>
    private void Moving(Shop shop, int item, int from, int to, int units, int held, int ordered)
    {
        Truth.MaySellAgain(item, units + held);
        Truth.Moving(shop, item, from, to);
        NotePutBack(shop, item, to, units);
        if (_naive is null)
        {
            var known = _desks[shop.Number - 1].Channel;
            Truth.Tampered(shop, item, known.IsOpenAt(new LocationId(from)) ? 0 : units);
            Truth.Tampered(shop, item, known.IsOpenAt(new LocationId(to)) ? 0 : ordered);
        }
    }
}
