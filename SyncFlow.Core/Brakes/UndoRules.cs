using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>Why a part of a change cannot be taken back.</summary>
/// <param name="Location">Null where no location is concerned.</param>
/// <param name="Short">Units that later facts have promised or taken; 0 where units are not the matter.</param>
public sealed record UndoBlock(SkuId Sku, LocationId? Location, int Short, string Reason);

/// <summary>Whether a change may be taken back safely, in the light of what happened since.</summary>
public static class UndoRules
{
    /// <summary>
    /// Corrections that add units to on-hand may always be taken back by adding; those that would take units away only
    /// where the units are still free: what was sold, held or set aside since is not taken from under its buyers.
    /// </summary>
    /// <param name="compensation">The entries that would take the change back, as on-hand differences.</param>
    public static IReadOnlyList<UndoBlock> Of(IEnumerable<AdjustmentItem> compensation, Func<SkuId, SkuState?> find)
    {
        ArgumentNullException.ThrowIfNull(compensation);
        ArgumentNullException.ThrowIfNull(find);
        var blocks = new List<UndoBlock>();
        foreach (var group in compensation.GroupBy(i => (i.Sku, i.Location)))
        {
            var taken = -group.Sum(i => i.Delta);
            var free = find(group.Key.Sku)?.PoolAt(group.Key.Location).Buckets.Unencumbered ?? 0;
            if (taken > 0 && free < taken)
            {
                blocks.Add(new UndoBlock(
                    group.Key.Sku, group.Key.Location, taken - Math.Max(0, free),
                    $"{taken} units would be taken back and {Math.Max(0, free)} are free: the others were sold, held or moved since"));
            }
        }

        return blocks;
    }

    /// <summary>Settings may be put back only where they still are what the change made them.</summary>
    public static IReadOnlyList<UndoBlock> Of(IEnumerable<(SkuPolicyItem Set, SkuPolicyItem Now)> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return
        [
            .. settings.Where(pair => Differs(pair.Set, pair.Now))
                .Select(pair => new UndoBlock(pair.Set.Sku, null, 0, "its settings were changed again since")),
        ];
    }

    private static bool Differs(SkuPolicyItem set, SkuPolicyItem now) =>
        (set.Mode is not null && set.Mode != now.Mode) || (set.SafetyBuffer is not null && set.SafetyBuffer != now.SafetyBuffer)
        || (set.RiskBudget is not null && set.RiskBudget != now.RiskBudget);
}
