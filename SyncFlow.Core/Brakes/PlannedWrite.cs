using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>A write that follows from targets as they stand.</summary>
/// <param name="From">Units the level shows, or is about to show.</param>
/// <param name="To">Units it is to show.</param>
public sealed record PlannedWrite(SkuId Sku, LevelId Level, ConnectionId Connection, int From, int To)
{
    /// <summary>Whether a level that shows units is to show none.</summary>
    public bool Zeroes => From > 0 && To <= 0;

    /// <summary>The writes that a SKU's targets ask for, by level.</summary>
    public static IEnumerable<PlannedWrite> Of(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        foreach (var level in sku.Levels)
        {
            if (level is { Status: LevelStatus.Live, Target: { } target } && Freezes.Coming(level) is { } coming && target != coming)
            {
                yield return new PlannedWrite(sku.Sku, level.Id, level.Connection, coming, target);
            }
        }
    }
}
