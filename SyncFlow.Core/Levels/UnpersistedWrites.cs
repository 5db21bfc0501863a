using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Core.Levels;

/// <summary>Acknowledged writes that are not there (rule R5): said again, and after the third time in a row halted.</summary>
internal static class UnpersistedWrites
{
    /// <summary>The level after one more; a person is told when it was the last.</summary>
    public static LevelState Count(WorkingSet set, SkuId sku, LevelState level, DateTimeOffset now)
    {
        var failures = level.FailedVerifications + 1;
        level = level with { FailedVerifications = failures, CauseAt = level.CauseAt ?? now };
        if (failures < PublishLimits.FailedVerifications || level.IsLeaving)
        {
            return level;
        }

        set.Incidents.Add(new Incident(
            LevelLife.UnpersistedKey(level.Id), "unpersisted-write",
            $"Acknowledged writes were undone {failures} times in a row; writes to this level are halted.",
            level.Connection, sku, level.Id, now));
        return level with { Status = LevelStatus.Halted };
    }
}
