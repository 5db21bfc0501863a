using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Publishing;

/// <summary>In which order levels are pushed: decreases first, then the fastest sellers, then the shortest stock (rule R1).</summary>
public static class PushPriority
{
    /// <summary>Lower comes first.</summary>
    public static int Of(SkuState sku, LevelState level)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(level);
        var increase = level.Target > level.Belief ? 1 : 0;
        if (level.Shelf is not null && level.Target == level.Belief)
        {
            increase = 1; // On-hand alone: nothing on sale waits for it.
        }

        var slow = 1023 - (int)Math.Min(1023, sku.Velocity.Fast * 256);
        var stock = Math.Clamp(level.Target ?? 0, 0, 0xFFFF);
        return (increase << 26) | (slow << 16) | stock;
    }
}
