using System.Collections.Immutable;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// What can be shown of each SKU that is no kit, at each location of one group. A location that is short is made up for
/// by the others, so the sum is never more than the group has. A channel decides on its total: what its own level below
/// zero has taken of the shortage is not taken a second time off its other levels, and is theirs alone.
/// </summary>
internal sealed class SellableUnits
{
    private readonly Cluster _cluster;
    private readonly List<(LocationId Location, Dictionary<SkuId, int> Units)> _places = [];
    private readonly Dictionary<(ListingId, LocationId), int> _borne = [];

    /// <summary>Of a cluster's pools in one group.</summary>
    public SellableUnits(Cluster cluster, int group)
    {
        _cluster = cluster;
        foreach (var sku in cluster.Skus)
        {
            if (!sku.IsKit)
            {
                Count(sku, group);
            }
        }

        _places.Sort((a, b) => a.Location.Value.CompareTo(b.Location.Value));
    }

    /// <summary>The locations, by number.</summary>
    public IEnumerable<LocationId> Locations => _places.Select(p => p.Location);

    /// <summary>Units per SKU at a location; a copy. A SKU without an opened pool there is not in it.</summary>
    public Dictionary<SkuId, int> At(LocationId location) => new(UnitsAt(location));

    /// <summary>
    /// Units that a listing may show at a location beyond its share there: its level at a place that is short is below
    /// zero by them, so its total is no more than its shares.
    /// </summary>
    public int BorneBy(ListingId listing, LocationId location) => _borne.Count == 0 ? 0 : _borne.GetValueOrDefault((listing, location));

    /// <summary>Units of any member at a location; of a kit, how many can be made of what lies there. Null where a part has no opened pool.</summary>
    public int? Of(SkuId sku, LocationId location) => Of(Draws.ComponentsOf(_cluster, sku), UnitsAt(location));

    /// <summary>The same per location.</summary>
    public Dictionary<LocationId, int> Of(SkuId sku)
    {
        var uses = Draws.ComponentsOf(_cluster, sku);
        var units = new Dictionary<LocationId, int>();
        foreach (var (location, here) in _places)
        {
            if (Of(uses, here) is { } most)
            {
                units.Add(location, most);
            }
        }

        return units;
    }

    private static int? Of(ImmutableArray<Component> uses, Dictionary<SkuId, int> here)
    {
        foreach (var use in uses)
        {
            if (!here.ContainsKey(use.Sku))
            {
                return null;
            }
        }

        return JointShares.Most(uses, here);
    }

    private void Count(SkuState sku, int group)
    {
        var pools = new List<(LocationId Location, int Units)>(sku.Pools.Length);
        var shortage = Debts.Of(_cluster, sku.Sku, group);
        foreach (var pool in sku.Pools)
        {
            if (AvailableToSell.GroupOf(pool, _cluster.Context) == group)
            {
                var units = AvailableToSell.Of(pool, sku.Policy);
                pools.Add((pool.Location, units));
                shortage -= Math.Min(0, units);
            }
        }

        var bearers = shortage > 0 ? new ShortageBearers(sku, _cluster.Context, group, pools, _borne) : null;
        pools.Sort((a, b) => (b.Units, a.Location.Value).CompareTo((a.Units, b.Location.Value)));
        foreach (var (location, units) in pools)
        {
            var given = Math.Min(shortage, Math.Max(0, units));
            shortage -= given;
            bearers?.Bear(location, given);
            Place(location)[sku.Sku] = Math.Max(0, units) - given;
        }
    }

    private Dictionary<SkuId, int> UnitsAt(LocationId location) => Find(location)
        ?? throw new ArgumentException($"Nothing is counted in at location {location.Value}.", nameof(location));

    private Dictionary<SkuId, int> Place(LocationId location)
    {
        if (Find(location) is not { } units)
        {
            units = [];
            _places.Add((location, units));
        }

        return units;
    }

    private Dictionary<SkuId, int>? Find(LocationId location)
    {
        foreach (var place in _places)
        {
            if (place.Location == location)
            {
                return place.Units;
            }
        }

        return null;
    }
}
