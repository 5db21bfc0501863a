using SyncFlow.Core;
using SyncFlow.Core.Levels;

namespace SyncFlow.Simulator.Protocol;

/// <content>
/// What bounded guard may oversell (rule R15): units that were sold unseen when a value was written over a level, beyond
/// the reserve that is kept off it. Only those; once a quiet reading was taken the level is exact again.
/// </content>
internal sealed partial class Truth
{
    private readonly Dictionary<LevelId, int> _putBack = [];
    private readonly Dictionary<LevelId, int> _overwrote = [];
    private readonly int[] _everPutBack = new int[settings.Skus];

    /// <summary>Units that values written over bounded levels put back, over all of the world.</summary>
    public int PutBack => _everPutBack.Sum();

    /// <summary>A value arrives at a level, before it is there.</summary>
    public void Arrives(Shop shop, int item, int location)
    {
        if (!Overwrites(shop))
        {
            return;
        }

        var level = store.Sku(settings.SkuOf(item)).Levels.First(l => l.Connection.Value == shop.Number && (int)l.Location.Value == location);

        // The value moves the level by more than we believe, and makes up for whatever an earlier one put back.
        _overwrote[level.Id] = Math.Max(0, Math.Max((level.Belief ?? 0) - shop.Available(item, location), Unseen(shop, item, level)));
        if (!settings.IsBounded(shop.Number))
        {
            return;
        }

        // Of sales alone: what was cancelled unheard is overwritten as well, and lowers nothing when it is told of.
        // One that was told of as sold at another place is not known here either.
        var unseen = Math.Max(
            Unseen(shop, item, level),
            shop.Orders.Values.Where(o => o.Claimed && !o.Test).SelectMany(o => o.Lines)
                .Where(l => l.Item == item && l.Home == location).Sum(l => Math.Max(0, l.Sold - l.Told)));
        _putBack[level.Id] = unseen;

        // What became known since it was planned is put back as well; the bound has that in it.
        var gone = level.InFlight is { } push ? push.From - shop.Available(item, location) : 0;
        Add(_everPutBack, item, Math.Max(unseen, gone));
    }

    /// <summary>A location is closed into another: what its level shows beyond what is believed goes along.</summary>
    public void Moving(Shop shop, int item, int from, int to)
    {
        var levels = store.Sku(settings.SkuOf(item)).Levels.Where(l => l.Connection.Value == shop.Number).ToDictionary(l => (int)l.Location.Value, l => l.Id);
        Dictionary<LevelId, int>[] beyonds = Overwrites(shop) ? [_overwrote, _putBack] : [];
        foreach (var beyond in beyonds)
        {
            if (beyond.Remove(levels[from], out var units))
            {
                beyond[levels[to]] = beyond.GetValueOrDefault(levels[to]) + units;
            }
        }
    }

    /// <summary>Whether values are written over one another there (rule R15): outside guard, and in bounded guard.</summary>
    private bool Overwrites(Shop shop) => shop.Kind == ShopKind.Absolute && (!settings.AlwaysGuard || settings.IsBounded(shop.Number));

    /// <summary>
    /// Units by which such a level may show more than the first identity says: what was believed to be there when the last
    /// value arrived less what was, or what was sold unseen where a doubted write hides that, beyond its reserve. Until it is
    /// exact again, with nothing in doubt.
    /// </summary>
    private int PutBackOn(LevelState level, Shop shop, int item)
    {
        if (!_overwrote.TryGetValue(level.Id, out var units))
        {
            return 0;
        }

        if (level is { InFlight: null, NeedsReading: false, UnverifiedUnits: 0, Surplus: 0 }
            && shop.Available(item, (int)level.Location.Value) + Unseen(shop, item, level) <= level.Belief)
        {
            _overwrote.Remove(level.Id);
            return 0;
        }

        return Math.Max(0, units - level.LagReserve);
    }

    /// <summary>Sales that a bounded level may show beyond its bound.</summary>
    private int BeyondReserve(LevelState level)
    {
        if (!_putBack.TryGetValue(level.Id, out var units))
        {
            return 0;
        }

        if (level is { InFlight: null, NeedsReading: false, UnverifiedUnits: 0 })
        {
            _putBack.Remove(level.Id);
            return 0;
        }

        return Math.Max(0, units - level.LagReserve);
    }

    /// <summary>The same over all levels that take units of a SKU.</summary>
    private int BeyondReserves(int sku) => settings.Bounded == 0 ? 0 : OverBounded(sku, BeyondReserve);

    /// <summary>
    /// Of the exposure in guard, what bounded guard accounts for: reserves, what was put back and is seen by now, and sales that
    /// became known while a value was on its way, which may arrive after them.
    /// </summary>
    private int OfBoundedGuard(int sku) => settings.Bounded == 0
        ? 0
        : _everPutBack[sku] + OverBounded(sku, level => level.LagReserve + level.UnverifiedUnits + level.Suspense + ArrivesAfterSales(level));

    private static int ArrivesAfterSales(LevelState level) => level is { InFlight: { Kind: WriteKind.Overwrite } push, Belief: { } belief }
        ? Math.Max(0, Math.Max(belief, push.To) - (belief + Math.Max(0, push.Change)))
        : 0;

    private int OverBounded(int sku, Func<LevelState, int> figure)
    {
        var total = 0;
        for (var item = sku; item < settings.Items; item = item < settings.Skus ? settings.Skus : item + 1)
        {
            var each = settings.UnitsIn(item, sku);
            total += each == 0 ? 0 : each * store.Sku(settings.SkuOf(item)).Levels.Where(l => settings.IsBounded((int)l.Connection.Value)).Sum(figure);
        }

        return total;
    }
}
