using System.Collections.Immutable;
using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Stock;

/// <summary>
/// What a sale takes from where: the one place that knows. A level counts sales; pools count units. A sale of a listing
/// takes its units per sale of the SKU, and of a kit all of that in components.
/// </summary>
public static class Draws
{
    /// <summary>The parts, none of them a kit, of units of a SKU; the SKU itself where it is no kit. By number.</summary>
    /// <param name="set">Holds the SKU and its cluster.</param>
    /// <param name="sku">Whose.</param>
    /// <param name="units">Units of it, &gt; 0.</param>
    public static ImmutableArray<Component> ComponentsOf(WorkingSet set, SkuId sku, int units = 1)
    {
        ArgumentNullException.ThrowIfNull(set);
        return Parts(set.FindSku, sku, units);
    }

    /// <inheritdoc cref="ComponentsOf(WorkingSet, SkuId, int)"/>
    public static ImmutableArray<Component> ComponentsOf(Cluster cluster, SkuId sku, int units = 1)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (cluster.Find(sku) is not { IsKit: true })
        {
            return [new Component(sku, units)];
        }

        var parts = cluster.PartsOf(sku, kit => Parts(cluster.Find, kit, 1));
        return Times(parts, units);
    }

    /// <summary>The levels that sell from a SKU's pools: its own, and those of kits it is part of.</summary>
    public static Drawers On(Cluster cluster, SkuId sku)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return new Drawers(cluster, sku);
    }

    /// <summary>Units of a SKU that one unit of a member of its cluster takes; 0 where it takes none.</summary>
    internal static int UnitsOf(Cluster cluster, SkuState member, SkuId sku)
    {
        if (!member.IsKit)
        {
            return member.Sku == sku ? 1 : 0;
        }

        foreach (var part in ComponentsOf(cluster, member.Sku))
        {
            if (part.Sku == sku)
            {
                return part.Units;
            }
        }

        return 0;
    }

    /// <summary>The same parts of so many units.</summary>
    public static ImmutableArray<Component> Times(ImmutableArray<Component> parts, int units) =>
        units == 1 ? parts : [.. parts.Select(p => p with { Units = checked(p.Units * units) })];

    private static ImmutableArray<Component> Parts(Func<SkuId, SkuState?> find, SkuId sku, int units)
    {
        if (find(sku) is not { IsKit: true } kit)
        {
            return [new Component(sku, units)];
        }

        var sums = new SortedDictionary<long, int>();
        Add(find, kit, units, depth: 1, sums);
        return [.. sums.Select(s => new Component(new SkuId(s.Key), s.Value))];
    }

    private static void Add(
        Func<SkuId, SkuState?> find, SkuState kit, int units, int depth, SortedDictionary<long, int> sums)
    {
        if (depth > KitLimits.MostDepth)
        {
            throw new InvalidOperationException($"Kit {kit.Sku.Value} is nested deeper than {KitLimits.MostDepth}.");
        }

        foreach (var component in kit.Components)
        {
            var taken = checked(units * component.Units);
            if (find(component.Sku) is { IsKit: true } inner)
            {
                Add(find, inner, taken, depth + 1, sums);
            }
            else
            {
                sums[component.Sku.Value] = checked(sums.GetValueOrDefault(component.Sku.Value) + taken);
            }
        }
    }
}
