using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// What can be shown of each SKU that is no kit, at each location of one group. A location that is short is made up for
/// by the others, so the sum is never more than the group has.
/// </summary>
internal sealed class SellableUnits
{
    private readonly SortedDictionary<long, Dictionary<SkuId, int>> _byLocation = [];

    /// <summary>Of a cluster's pools in one group.</summary>
    public SellableUnits(Cluster cluster, int group)
    {
        foreach (var sku in cluster.Skus.Where(s => !s.IsKit))
        {
            var pools = AvailableToSell.PoolsOf(sku, cluster.Context, group)
                .Select(p => (p.Location, Units: AvailableToSell.Of(p, sku.Policy))).ToArray();
            var shortage = Debts.Of(cluster, sku.Sku, group) - pools.Where(p => p.Units < 0).Sum(p => p.Units);
            foreach (var (location, units) in pools.OrderByDescending(p => p.Units).ThenBy(p => p.Location.Value))
            {
                var given = Math.Min(shortage, Math.Max(0, units));
                shortage -= given;
                if (!_byLocation.TryGetValue(location.Value, out var here))
                {
                    _byLocation[location.Value] = here = [];
                }

                here[sku.Sku] = Math.Max(0, units) - given;
            }
        }
    }

    /// <summary>The locations, by number.</summary>
    public IEnumerable<LocationId> Locations => _byLocation.Keys.Select(l => new LocationId(l));

    /// <summary>Units per SKU at a location; a copy. A SKU without an opened pool there is not in it.</summary>
    public Dictionary<SkuId, int> At(LocationId location) => new(_byLocation[location.Value]);

    /// <summary>Units of any member per location; of a kit, how many can be made of what lies there.</summary>
    public IReadOnlyDictionary<LocationId, int> Of(Cluster cluster, SkuId sku)
    {
        var uses = Draws.ComponentsOf(cluster, sku);
        return _byLocation.Where(l => uses.All(u => l.Value.ContainsKey(u.Sku)))
            .ToDictionary(l => new LocationId(l.Key), l => JointShares.Most(uses, l.Value));
    }
}
