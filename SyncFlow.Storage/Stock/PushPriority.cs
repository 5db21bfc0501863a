using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Storage.Stock;

/// <summary>Which levels are pushed first (rule R1).</summary>
internal static class PushPriority
{
    private const int Increase = 1 << 30;
    private const int VelocitySteps = 1_000;
    private const int StockSteps = 100_000;

    /// <summary>Lower goes first: decreases before increases, then what sells fastest, then what is shortest.</summary>
    public static int Of(SkuState sku, LevelState level)
    {
        var perHour = sku.Velocity.UnitsPerSecond(sku.Velocity.At) * 3_600;
        var slowness = VelocitySteps - 1 - (int)Math.Min(VelocitySteps - 1, perHour);
        var stock = (int)Math.Clamp(sku.Pools.Sum(p => (long)p.Buckets.Unencumbered), 0, StockSteps - 1);
        var first = level.Target < level.Belief ? 0 : Increase;
        return first + (slowness * StockSteps) + stock;
    }
}
