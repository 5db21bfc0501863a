using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Levels that a person gives free again: halted ones (rule R5) and blocked ones (rule R10) do not come back by
/// themselves, for nobody else can know that the cause is gone.
/// </summary>
internal static class LevelReleases
{
    public static FactOutcome Apply(WorkingSet set, LevelReleased fact)
    {
        var sku = set.FindSku(fact.Level);
        if (sku?.FindLevel(fact.Level) is not { } level || set.Context.FindChannel(level.Connection) is not { } channel)
        {
            return FactOutcome.Unmapped;
        }

        // Where no call is made no reading would ever tell what it shows; bringing the connection back comes first.
        if (!level.IsStopped || !channel.Status.MayBeCalled())
        {
            return FactOutcome.Refused;
        }

        set.Cured.Add(LevelLife.UnpersistedKey(level.Id));
        set.Cured.Add(LevelLife.BlockedKey(level.Id));
        set.Put(sku.With(LevelLife.Release(level)));
        set.NoteCause(sku.Sku, fact.OccurredAt);
        return FactOutcome.Applied;
    }
}
