using System.Collections.Immutable;
using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Stock;

/// <summary>
/// SKUs that kits tie together: what one of them sells, another may miss, so they are locked, and planned, as one. A
/// SKU that is no kit and part of none is a cluster of its own.
/// </summary>
public sealed class Cluster
{
    /// <summary>Parts of its kits as far as they were asked for: every level of a kit asks.</summary>
    private readonly Dictionary<SkuId, ImmutableArray<Component>> _parts;

    private Cluster(
        EngineContext context, ImmutableArray<SkuState> skus, Dictionary<SkuId, ImmutableArray<Component>> parts)
    {
        Context = context;
        Skus = skus;
        _parts = parts;
    }

    /// <summary>The tenant's configuration.</summary>
    public EngineContext Context { get; }

    /// <summary>The members, by number.</summary>
    public ImmutableArray<SkuState> Skus { get; }

    /// <summary>Whether kits are among them.</summary>
    public bool HasKits => Skus.Length > 1;

    /// <summary>A SKU as if nothing shared its units.</summary>
    public static Cluster Alone(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return new Cluster(context, [sku], []);
    }

    /// <summary>SKUs that are known to be all that kits tie together.</summary>
    public static Cluster Of(IEnumerable<SkuState> members, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(context);
        return new Cluster(context, Sorted(members.ToDictionary(m => m.Sku)), []);
    }

    /// <summary>A loaded SKU with all that kits tie to it; storage loads them together.</summary>
    /// <exception cref="ArgumentException">The SKU is not loaded.</exception>
    public static Cluster Of(WorkingSet set, SkuId sku)
    {
        ArgumentNullException.ThrowIfNull(set);
        var first = set.FindSku(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not loaded.", nameof(sku));
        if (set.Kits.Count == 0)
        {
            return Alone(first, set.Context);
        }

        var members = new Dictionary<SkuId, SkuState> { [sku] = first };
        for (var open = new Queue<SkuState>([first]); open.TryDequeue(out var member);)
        {
            foreach (var next in Neighbours(set, member).Where(n => members.TryAdd(n.Sku, n)))
            {
                open.Enqueue(next);
            }
        }

        return new Cluster(set.Context, Sorted(members), []);
    }

    /// <summary>A member, or null.</summary>
    public SkuState? Find(SkuId sku) => IndexOf(sku) is var index && index >= 0 ? Skus[index] : null;

    /// <summary>This cluster with one member changed.</summary>
    /// <exception cref="ArgumentException">It is no member.</exception>
    public Cluster With(SkuState changed) => With([changed]);

    /// <summary>This cluster with members changed.</summary>
    /// <exception cref="ArgumentException">One is no member.</exception>
    public Cluster With(IEnumerable<SkuState> changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        ImmutableArray<SkuState>.Builder? skus = null;
        var parts = _parts;
        foreach (var sku in changed)
        {
            var index = IndexOf(sku.Sku);
            if (index < 0)
            {
                throw new ArgumentException($"SKU {sku.Sku.Value} is not in the cluster.", nameof(changed));
            }

            if (!ReferenceEquals(Skus[index], sku))
            {
                parts = Skus[index].Components == sku.Components ? parts : [];
                skus ??= Skus.ToBuilder();
                skus[index] = sku;
            }
        }

        return skus is null ? this : new Cluster(Context, skus.DrainToImmutable(), parts);
    }

    /// <summary>The parts of one unit of a kit; found once, for a plan changes no kit.</summary>
    internal ImmutableArray<Component> PartsOf(SkuId kit, Func<SkuId, ImmutableArray<Component>> find)
    {
        if (!_parts.TryGetValue(kit, out var parts))
        {
            _parts[kit] = parts = find(kit);
        }

        return parts;
    }

    private static ImmutableArray<SkuState> Sorted(Dictionary<SkuId, SkuState> members) =>
        [.. members.Values.OrderBy(s => s.Sku.Value)];

    /// <summary>Where a member is, or below zero.</summary>
    private int IndexOf(SkuId sku)
    {
        var (low, high) = (0, Skus.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = Skus[middle].Sku.Value.CompareTo(sku.Value);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    private static IEnumerable<SkuState> Neighbours(WorkingSet set, SkuState sku) => sku.Components
        .Select(c => set.FindSku(c.Sku) ?? throw new InvalidOperationException(
            $"SKU {c.Sku.Value}, a component of kit {sku.Sku.Value}, is not loaded."))
        .Concat(set.Kits.Select(k => set.FindSku(k)!).Where(k => k.Components.Any(c => c.Sku == sku.Sku)));
}
