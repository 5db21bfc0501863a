using SyncFlow.Core;
using SyncFlow.Core.Levels;

namespace SyncFlow.Simulator.Protocol;

/// <content>Locations that a merchant closed, or opened again, until we hear of it.</content>
internal sealed partial class Truth
{
    private readonly Dictionary<(int Shop, int Item, int Location), (int Units, DateTimeOffset At)> _reopened = [];
    private readonly Dictionary<(int Shop, int Item, int Location), int> _behind = [];

    /// <summary>A location is open again: what its levels show is on sale, and we hear of it later.</summary>
    /// <param name="shop">Whose it is.</param>
    /// <param name="item">Of which item.</param>
    /// <param name="location">Which one.</param>
    /// <param name="units">What its level shows, or drafts hold there.</param>
    /// <param name="onSale">Units of these that can be bought from now on; what a level below zero takes of them cannot, as long as it is.</param>
    public void Reopened(Shop shop, int item, int location, int units, int onSale)
    {
        // What it sold when it was open before, and nobody has told of, is sold beyond what it shows now.
        var level = store.Sku(settings.SkuOf(item)).Levels.First(l => l.Connection.Value == shop.Number && (int)l.Location.Value == location);
        var sold = level.Status == LevelStatus.Closed ? Math.Max(0, Unseen(shop, item, level)) : 0;
        _reopened[(shop.Number, item, location)] = (Math.Max(0, units) + sold, agenda.Now);
        TakenAway(item, onSale);
        _behind[(shop.Number, item, location)] = shop.Available(item, location) - onSale;
    }

    /// <summary>A location is closed: a level below zero takes nothing from the others any more.</summary>
    /// <param name="shop">Whose it is.</param>
    /// <param name="item">Of which item.</param>
    /// <param name="location">Which one.</param>
    /// <param name="onSale">Units of others that can be bought from now on; what these did not show yet can once they do.</param>
    public void Closed(Shop shop, int item, int location, int onSale)
    {
        TakenAway(item, onSale);
        _behind[(shop.Number, item, location)] = -shop.Available(item, location) - onSale;
    }

    /// <summary>
    /// Units that a level shows beyond its bound because its location was opened: all while we think it is closed, and until it is
    /// read those that came back meanwhile and were thought to have come back to another one.
    /// </summary>
    private int BeyondReopened(Shop shop, int item, LevelState level)
    {
        if (!_reopened.TryGetValue((shop.Number, item, (int)level.Location.Value), out var reopened))
        {
            return 0;
        }

        return level.Status == LevelStatus.Closed ? reopened.Units
            : level.Observed is { } seen && seen.SeenAt >= reopened.At ? 0
            : Math.Max(0, -Unseen(shop, item, level));
    }

    /// <summary>
    /// What a level below zero took of a reopened one is on sale once that level rises, and what a closed one took of others once
    /// these do; if we still think that nothing was opened or closed.
    /// </summary>
    private void LookBehind()
    {
        foreach (var (place, units) in _behind.Count == 0 ? [] : _behind.ToArray())
        {
            var shop = shops[place.Shop - 1];
            var level = store.Sku(settings.SkuOf(place.Item)).Levels
                .FirstOrDefault(l => l.Connection.Value == place.Shop && l.Location == new LocationId(place.Location));
            var isKnown = level is null || shop.IsClosed(place.Location) == (level.IsLeaving || level.Status == LevelStatus.Closed);
            if (units <= 0 || isKnown || (shop.IsClosed(place.Location) && shop.Kind != ShopKind.Comparing))
            {
                _behind.Remove(place);
                continue;
            }

            var seen = Math.Clamp(shop.OnShelves(place.Item), 0, units);
            TakenAway(place.Item, seen);
            _behind[place] = units - seen;
        }
    }
}
