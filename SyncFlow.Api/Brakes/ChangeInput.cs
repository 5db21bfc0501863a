using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Brakes;

/// <summary>A correction of on-hand as a caller names it.</summary>
/// <param name="Units">The difference; not zero.</param>
internal sealed record AdjustmentInput(string? Sku, string? Location, int? Units);

/// <summary>New settings of a SKU as a caller names them; what is left out stays.</summary>
internal sealed record SkuPolicyInput(string? Sku, SharingMode? Mode, int? SafetyBuffer, int? RiskBudget);

/// <summary>A bulk change as a caller sends it.</summary>
/// <param name="Why">For whoever finds it later.</param>
internal sealed record ChangeRequest<T>(string? Why, IReadOnlyList<T?>? Items);

/// <summary>Checks bulk changes item by item, and makes values of them.</summary>
internal static class ChangeInput
{
    /// <summary>Most items of one change; it is done in one transaction.</summary>
    public const int MostItems = 5_000;

    public const int LongestWhy = 500;

    /// <summary>More units in one correction are a slip of the keyboard.</summary>
    private const int MostUnits = 10_000_000;

    /// <summary>Checks what every bulk change has.</summary>
    public static Check Check<T>(ChangeRequest<T> request) => new Check()
        .Text(request.Why, "why", LongestWhy)
        .That(request.Items is { Count: > 0 }, "items", "At least one item.")
        .That(request.Items is null || request.Items.Count <= MostItems, "items", $"At most {MostItems} items.")
        .That(request.Items is null || request.Items.All(i => i is not null), "items", "An item is null.");

    public static AdjustmentsChange Adjustments(IReadOnlyList<AdjustmentInput?> items, CodeBook codes, Check check)
    {
        var made = new List<AdjustmentItem>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i]!;
            var (sku, location) = (Known(item.Sku, codes.Sku), Known(item.Location, codes.Location));
            check.That(sku is not null, $"items[{i}].sku", "There is no such SKU.")
                .That(location is not null, $"items[{i}].location", "There is no location with this code.")
                .That(item.Units is not null and not 0, $"items[{i}].units", "A number other than zero is needed.")
                .That(item.Units is null || Math.Abs((long)item.Units.Value) <= MostUnits, $"items[{i}].units", $"At most {MostUnits} units.");
            if (sku is { } s && location is { } l && item.Units is { } units)
            {
                made.Add(new AdjustmentItem(new SkuId(s), new LocationId(l), units));
            }
        }

        return new AdjustmentsChange([.. made]);
    }

    public static SkuPoliciesChange Policies(IReadOnlyList<SkuPolicyInput?> items, CodeBook codes, Check check)
    {
        var made = new Dictionary<long, SkuPolicyItem>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i]!;
            var sku = Known(item.Sku, codes.Sku);
            check.That(sku is not null, $"items[{i}].sku", "There is no such SKU.")
                .That(item with { Sku = null } != new SkuPolicyInput(null, null, null, null), $"items[{i}].mode", "Name at least one setting to change.")
                .That(item.SafetyBuffer is null or (>= 0 and <= Limits.Units), $"items[{i}].safetyBuffer", $"0 to {Limits.Units}.")
                .That(item.RiskBudget is null or (>= 0 and <= Limits.Units), $"items[{i}].riskBudget", $"0 to {Limits.Units}.");
            if (sku is { } s)
            {
                check.That(made.TryAdd(s, new SkuPolicyItem(new SkuId(s), item.Mode, item.SafetyBuffer, item.RiskBudget)), $"items[{i}].sku", "This SKU stands twice.");
            }
        }

        return new SkuPoliciesChange([.. made.Values]);
    }

    private static long? Known(string? code, Func<string, long?> find) =>
        string.IsNullOrWhiteSpace(code) || code.Length > SkuCode.Longest ? null : find(code);
}
