using SyncFlow.Core.Levels;

namespace SyncFlow.Simulator.Protocol;

/// <content>
/// The two identities of "Why it holds" in docs/protocol.md, in every world and at every step: no selling unit shows more
/// than its bound less the sales nobody has told us of, and no more is thought to be left than is, those sales apart.
/// </content>
internal sealed partial class Truth
{
    private readonly int[,] _told = new int[settings.Shops + 1, settings.Items];
    private readonly int[,] _toldClaims = new int[settings.Shops + 1, settings.Items];
    private readonly int[,] _tampered = new int[settings.Shops + 1, settings.Items];
    private readonly int[,] _toldUncounted = new int[settings.Shops + 1, settings.Items];
    private readonly Dictionary<(int Shop, int Item, int Location), int> _raised = [];
    private long _steps;
    private long _exact;
    private long _allowed;

    /// <summary>
    /// Units that appeared on a shop's levels of an item, or ceased to be told of, otherwise than by the rules: by
    /// a hand, or because the item was not counted. Only there, and by no more, may it show more than the first identity says.
    /// </summary>
    public void Tampered(Shop shop, int item, int units) => _tampered[shop.Number, item] += Math.Max(0, units);

    /// <summary>A hand put units on a level, out of nowhere.</summary>
    public void Raised(Shop shop, int item, int location, int units)
    {
        TakenAway(item, units);
        Tampered(shop, item, units);
        _raised[(shop.Number, item, location)] = _raised.GetValueOrDefault((shop.Number, item, location)) + units;
    }

    /// <summary>An absolute value was written. In guard it can only lift a level that somebody sold from below zero.</summary>
    public void Overwritten(Shop shop, int item, int shown) => Tampered(shop, item, -shown);

    /// <summary>How often the identities were checked, once the world is over.</summary>
    public void Tell(Tally tally)
    {
        tally.Add("steps in which both identities were checked", _steps);
        tally.Add("selling units compared exactly", _exact);
        tally.Add("selling units compared beside units that were tampered with", _allowed);
    }

    private string? Counts(int sku)
    {
        var unseen = 0;
        for (var item = sku; item < settings.Items; item = item < settings.Skus ? settings.Skus : item + 1)
        {
            var each = settings.UnitsIn(item, sku);
            if (each > 0)
            {
                var (wrong, news) = SellingUnits(item);
                if (wrong is not null)
                {
                    return wrong;
                }

                unseen += each * news;
            }
        }

        var available = 0;
        foreach (var pool in store.Sku(settings.SkuOf(sku)).Pools)
        {
            available += pool.Buckets.Unencumbered;
        }

        return Left(sku) + _takenAway[sku] - carts.Promised(sku) < available - unseen
            ? $"{Left(sku)} units are left, {_takenAway[sku]} taken away, {carts.Promised(sku)} promised, but {available} are thought to be, {unseen} sold unseen"
            : null;
    }

    /// <summary>The first identity for every selling unit of an item, and how many all sold that nobody has told us of.</summary>
    private (string? Wrong, int News) SellingUnits(int item)
    {
        Span<SellingUnit> units = stackalloc SellingUnit[settings.Shops + 1];
        foreach (var level in store.Sku(settings.SkuOf(item)).Levels)
        {
            Count(ref units[(int)level.Connection.Value], item, level);
        }

        var news = 0;
        foreach (var shop in shops)
        {
            if (shop.Kind == ShopKind.Till)
            {
                news += shop.Sold(item) - _told[shop.Number, item];
                continue;
            }

            var unit = units[shop.Number];
            unit.News -= _toldClaims[shop.Number, item];

            // What its level did not tell of lies on an authority's shelf, by its own account, and is booked as found there.
            news += unit.News + (settings.IsAuthority(shop.Number) ? _toldUncounted[shop.Number, item] : 0);
            var broken = unit.Beyond + _tampered[shop.Number, item];
            (_exact, _allowed) = broken == 0 ? (_exact + 1, _allowed) : (_exact, _allowed + 1);

            // A zero that arrives late lifts a level that somebody lowered below it, and puts nothing on sale.
            if (unit.Shown + unit.News > (shop.Kind == ShopKind.Absolute ? Math.Max(0, unit.Bound) : unit.Bound) + broken)
            {
                return ($"channel {shop.Number} shows {unit.Shown} of item {item} with {unit.News} sold unseen, bound {unit.Bound}, tampered with {broken}", news);
            }
        }

        return (null, news);
    }

    /// <summary>Where a location was closed without our knowing, its level counts as what it would sell; closed it counts nothing.</summary>
    private void Count(ref SellingUnit unit, int item, LevelState level)
    {
        var location = (int)level.Location.Value;
        var shop = shops[(int)level.Connection.Value - 1];
        unit.Bound += level.UpperBound;
        unit.News += shop.Taken(item, location) + shop.Reserved(item, location) - level.DraftHolds - level.Suspense + level.Adopted;

        // Belief follows upwards for a put-back that is not told of yet, or for a decrease that was undone, or an order that moved:
        // those are no news. Nor is a move of what is parked that was not done after a correction of it, until both are judged.
        unit.Beyond += settings.BreaksAssumptions || shop.MovedOrders(item) > 0
            ? level.Adopted
            : Math.Min(level.Adopted, Math.Max(0, -(level.Shelf?.Adjusted ?? 0)));
        unit.Beyond += Overwrites(shop) ? PutBackOn(level, shop, item) : 0;
        if (level.Status != LevelStatus.Closed)
        {
            unit.Shown += shop.Available(item, location);
        }
        else
        {
            // Open again without our knowing, and perhaps closed once more: what it sold in between stays unseen.
            unit.Shown += shop.IsClosed(location) ? 0 : shop.Available(item, location);
        }

        unit.Beyond += BeyondReopened(shop, item, level) + BeyondBelowZero(shop, item, level);
    }

    /// <summary>
    /// Where a level is decided on alone, one that is below zero by the books, and is not, takes nothing from the others: an order or a
    /// location moved, and what it is too low by is thought to be on another level.
    /// </summary>
    private static int BeyondBelowZero(Shop shop, int item, LevelState level) => shop.Kind == ShopKind.Absolute && level.UpperBound < 0
        ? Math.Max(0, Math.Min(0, shop.Available(item, (int)level.Location.Value) + Unseen(shop, item, level)) - level.UpperBound)
        : 0;

    /// <summary>Units the level lost to orders, net of those put back, that belief has not absorbed.</summary>
    private static int Unseen(Shop shop, int sku, LevelState level) =>
        shop.Taken(sku, (int)level.Location.Value) + shop.Reserved(sku, (int)level.Location.Value) - level.DraftHolds
        - (int)(level.SoldTotal - level.PutBackTotal) - level.Suspense + level.Adopted;

    /// <summary>A shop's levels of an item together.</summary>
    private struct SellingUnit
    {
        public int Shown;
        public int Bound;
        public int News;

        /// <summary>Units it may show, or have sold, beyond its bound.</summary>
        public int Beyond;
    }
}
