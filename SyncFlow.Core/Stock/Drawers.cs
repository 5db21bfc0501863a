using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Stock;

/// <summary>A level that sells from a SKU's pools, its own or a kit's.</summary>
/// <param name="Owner">The SKU whose level it is.</param>
/// <param name="Units">Units of the drawn SKU that one sale on the level takes.</param>
public readonly record struct Drawer(SkuId Owner, LevelState Level, int Units);

/// <summary>
/// The levels that sell from a SKU's pools (see <see cref="Draws.On"/>). Every plan walks them several times over, so walking them
/// takes no memory.
/// </summary>
public readonly struct Drawers
{
    private readonly Cluster _cluster;
    private readonly SkuId _sku;

    internal Drawers(Cluster cluster, SkuId sku) => (_cluster, _sku) = (cluster, sku);

    /// <summary>Walks them: the members of the cluster by number, of each its levels in their order.</summary>
    public Enumerator GetEnumerator() => new(_cluster, _sku);

    /// <summary>The walk.</summary>
    public struct Enumerator
    {
        private readonly Cluster _cluster;
        private readonly SkuId _sku;
        private int _member;
        private int _each;
        private int _level;

        internal Enumerator(Cluster cluster, SkuId sku) => (_cluster, _sku, _member, _level) = (cluster, sku, -1, 0);

        /// <summary>Where the walk is.</summary>
        public Drawer Current { get; private set; }

        /// <summary>Goes on; false once all were seen.</summary>
        public bool MoveNext()
        {
            while (true)
            {
                while (_each > 0 && _level < _cluster.Skus[_member].Levels.Length)
                {
                    var owner = _cluster.Skus[_member];
                    var level = owner.Levels[_level++];
                    if (!level.SoldAsParts)
                    {
                        Current = new Drawer(owner.Sku, level, _each * level.UnitsPerSale);
                        return true;
                    }
                }

                if (++_member >= _cluster.Skus.Length)
                {
                    return false;
                }

                (_each, _level) = (Draws.UnitsOf(_cluster, _cluster.Skus[_member], _sku), 0);
            }
        }
    }
}
