using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Levels;

/// <summary>
/// After a reinstall the levels of a connection are a new generation (rule R13): readings and answers to pushes of the
/// one before change nothing. What they may still sell stays as it is until a drained reading of the new one; orders
/// are real whatever their generation.
/// </summary>
public static class Generations
{
    /// <summary>Raises the generation of a loaded SKU's levels on a connection.</summary>
    /// <returns>How many levels were raised.</returns>
    public static int Raise(WorkingSet set, SkuId sku, ConnectionId connection)
    {
        ArgumentNullException.ThrowIfNull(set);
        var state = set.FindSku(sku) ?? throw new ArgumentException($"SKU {sku.Value} is not loaded.", nameof(sku));
        var raised = state.Levels.Count(l => l.Connection == connection);
        set.Put(state with { Levels = [.. state.Levels.Select(l => l.Connection == connection ? Next(l) : l)] });
        return raised;
    }

    /// <summary>Whether an answer to a push of this generation may still change the level.</summary>
    public static bool IsCurrent(LevelState level, int generation)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level.Generation == generation;
    }

    // A push without an answer stays in flight: whether it happened is found out by a reading after its deadline.
    private static LevelState Next(LevelState level) => level with
    {
        Generation = level.Generation + 1,
        NeedsReading = level.Belief is not null && level.Status != LevelStatus.Gone,
        AwaitsAttribution = false,
    };
}
