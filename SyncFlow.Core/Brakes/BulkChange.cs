using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>What a bulk change does. The numbers are stored; they never change meaning.</summary>
public enum ChangeKind : short
{
    /// <summary>On-hand of many SKUs is corrected.</summary>
    Adjustments = 1,

    /// <summary>Settings of many SKUs are changed.</summary>
    SkuPolicies = 2,

    /// <summary>The allocation policy of the tenant, a group or a SKU is changed.</summary>
    AllocationPolicy = 110,

    /// <summary>The buffers by how fast SKUs sell are changed.</summary>
    BufferPolicy = 111,

    /// <summary>What a kit is made of is changed.</summary>
    Kit = 112,

    /// <summary>SKUs are put into other groups, and so under other policies.</summary>
    Groups = 113,

    /// <summary>What a location does is changed: whether online orders may ship from it, and which it may ship for.</summary>
    Location = 114,

    /// <summary>Who is the authority for on-hand of something is changed.</summary>
    Authority = 115,

    /// <summary>Corrections and counts were told one by one or as a file; they are booked, and what they raise waits.</summary>
    StockFacts = 120,

    /// <summary>Such corrections and counts are taken back.</summary>
    FactsTakenBack = 121,
}

/// <summary>
/// One cause that changes many levels at once: told by a person or an integrator, not by what happened to stock. It is
/// a value, so what it would do can be looked at before it is done.
/// </summary>
public abstract record BulkChange
{
    /// <summary>What it does.</summary>
    public abstract ChangeKind Kind { get; }
}

/// <summary>A change that names its SKUs one by one, and what becomes of each.</summary>
public abstract record SkuChange : BulkChange
{
    /// <summary>The SKUs it names, each once.</summary>
    public abstract IReadOnlyList<SkuId> Skus { get; }

    /// <summary>A SKU after it, before it is planned.</summary>
    public abstract SkuState On(SkuState sku);
}

/// <summary>A correction of on-hand.</summary>
/// <param name="Delta">Units; never zero.</param>
public sealed record AdjustmentItem(SkuId Sku, LocationId Location, int Delta);

/// <inheritdoc cref="ChangeKind.Adjustments"/>
public sealed record AdjustmentsChange(ImmutableArray<AdjustmentItem> Items) : SkuChange
{
    private readonly ILookup<SkuId, AdjustmentItem> _bySku = Items.ToLookup(i => i.Sku);

    public override ChangeKind Kind => ChangeKind.Adjustments;

    public override IReadOnlyList<SkuId> Skus => [.. _bySku.Select(g => g.Key)];

    public override SkuState On(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        foreach (var item in _bySku[sku.Sku])
        {
            var pool = sku.PoolAt(item.Location);
            sku = sku.With(pool with { Buckets = pool.Buckets.Add(Bucket.OnHand, item.Delta), Opened = true });
        }

        return sku;
    }
}

/// <summary>New settings of a SKU; what is null stays.</summary>
public sealed record SkuPolicyItem(SkuId Sku, SharingMode? Mode, int? SafetyBuffer, int? RiskBudget);

/// <inheritdoc cref="ChangeKind.SkuPolicies"/>
public sealed record SkuPoliciesChange(ImmutableArray<SkuPolicyItem> Items) : SkuChange
{
    private readonly Dictionary<SkuId, SkuPolicyItem> _bySku = Items.ToDictionary(i => i.Sku);

    public override ChangeKind Kind => ChangeKind.SkuPolicies;

    public override IReadOnlyList<SkuId> Skus => [.. _bySku.Keys];

    public override SkuState On(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return _bySku.TryGetValue(sku.Sku, out var item)
            ? sku with
            {
                Policy = sku.Policy with
                {
                    Mode = item.Mode ?? sku.Policy.Mode,
                    SafetyBuffer = item.SafetyBuffer ?? sku.Policy.SafetyBuffer,
                    RiskBudget = item.RiskBudget ?? sku.Policy.RiskBudget,
                },
            }
            : sku;
    }
}
