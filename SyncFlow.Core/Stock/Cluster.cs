using System.Collections.Immutable;
using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Stock;

/// <summary>
/// SKUs that kits tie together: what one of them sells, another may miss, so they are locked, and planned, as one. A
/// SKU that is no kit and part of none is a cluster of its own.
/// </summary>
public sealed class Cluster
{
    private readonly Dictionary<SkuId, SkuState> _skus;

    private Cluster(EngineContext context, Dictionary<SkuId, SkuState> skus)
    {
        Context = context;
        _skus = skus;
    }

    /// <summary>The tenant's configuration.</summary>
    public EngineContext Context { get; }

    /// <summary>The members, by number.</summary>
    public IEnumerable<SkuState> Skus => _skus.Count == 1 ? _skus.Values : _skus.Values.OrderBy(s => s.Sku.Value);

    /// <summary>Whether kits are among them.</summary>
    public bool HasKits => _skus.Count > 1;

    /// <summary>A SKU as if nothing shared its units.</summary>
    public static Cluster Alone(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return new Cluster(context, new Dictionary<SkuId, SkuState> { [sku.Sku] = sku });
    }

    /// <summary>SKUs that are known to be all that kits tie together.</summary>
    public static Cluster Of(IEnumerable<SkuState> members, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(context);
        return new Cluster(context, members.ToDictionary(m => m.Sku));
    }

    /// <summary>A loaded SKU with all that kits tie to it; storage loads them together.</summary>
    /// <exception cref="ArgumentException">The SKU is not loaded.</exception>
    public static Cluster Of(WorkingSet set, SkuId sku)
    {
        ArgumentNullException.ThrowIfNull(set);
        var first = set.FindSku(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not loaded.", nameof(sku));
        var members = new Dictionary<SkuId, SkuState> { [sku] = first };
        if (set.Kits.Count > 0)
        {
            for (var open = new Queue<SkuState>([first]); open.TryDequeue(out var member);)
            {
                foreach (var next in Neighbours(set, member).Where(n => members.TryAdd(n.Sku, n)))
                {
                    open.Enqueue(next);
                }
            }
        }

        return new Cluster(set.Context, members);
    }

    /// <summary>A member, or null.</summary>
    public SkuState? Find(SkuId sku) => _skus.GetValueOrDefault(sku);

    /// <summary>This cluster with one member changed.</summary>
    public Cluster With(SkuState changed) => With([changed]);

    /// <summary>This cluster with members changed.</summary>
    public Cluster With(IEnumerable<SkuState> changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        var skus = new Dictionary<SkuId, SkuState>(_skus);
        foreach (var sku in changed)
        {
            skus[sku.Sku] = sku;
        }

        return new Cluster(Context, skus);
    }

    private static IEnumerable<SkuState> Neighbours(WorkingSet set, SkuState sku) => sku.Components
        .Select(c => set.FindSku(c.Sku) ?? throw new InvalidOperationException(
            $"SKU {c.Sku.Value}, a component of kit {sku.Sku.Value}, is not loaded."))
        .Concat(set.Kits.Select(k => set.FindSku(k)!).Where(k => k.Components.Any(c => c.Sku == sku.Sku)));
}
