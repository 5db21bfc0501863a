using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Preorders;

/// <summary>What a preorder adds to the rules of stock.</summary>
public static class PreorderRules
{
    /// <summary>Units that may be sold at a location beyond what is there; 0 without an open preorder there.</summary>
    public static int Sellable(SkuPolicy policy, LocationId location)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Preorder is { Open: true } preorder && preorder.Location == location ? preorder.Allowance : 0;
    }

    /// <summary>
    /// Units that are promised at a location and not oversold: what was sold while the preorder was open waits for the
    /// same goods after it ended.
    /// </summary>
    public static int Awaited(SkuPolicy policy, LocationId location)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Preorder is { } preorder && preorder.Location == location ? preorder.Allowance : 0;
    }

    /// <summary>The SKU at a moment: its preorder open or ended.</summary>
    public static SkuState At(SkuState sku, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return sku.Policy.Preorder is { } preorder && preorder.At(now) is var then && then != preorder
            ? sku with { Policy = sku.Policy with { Preorder = then } }
            : sku;
    }

    /// <summary>The SKU after a ledger entry.</summary>
    public static SkuState After(SkuState sku, LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return sku.Policy.Preorder is { } preorder && preorder.After(entry) is var then && then != preorder
            ? sku with { Policy = sku.Policy with { Preorder = then } }
            : sku;
    }
}
