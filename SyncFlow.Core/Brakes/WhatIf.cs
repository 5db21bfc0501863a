using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>Plans SKUs as if something were different, by the rules that would plan them if it were; changes nothing.</summary>
public static class WhatIf
{
    /// <summary>What loaded SKUs would become.</summary>
    /// <param name="loaded">As they are; it is not changed.</param>
    /// <param name="context">The configuration as it would be.</param>
    /// <param name="change">The SKU as it would be before it is planned.</param>
    /// <param name="now">Our clock.</param>
    public static IReadOnlyList<SkuState> Replanned(
        WorkingSet loaded, EngineContext context, Func<SkuState, SkuState> change, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(change);
        var set = new WorkingSet(context);
        var skus = loaded.Skus.Select(change).ToList();
        skus.ForEach(set.Load);
        Replanner.Touch(set, skus.ConvertAll(sku => sku.Sku), now);
        return skus.ConvertAll(sku => set.FindSku(sku.Sku)!);
    }
}
