using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>
/// What a freeze does to targets. It is configuration that every plan reads under the lock that the switch takes, so a
/// push planned after the switch's commit cannot break it.
/// </summary>
public static class Freezes
{
    /// <summary>What a level shows once its push on the way has arrived; null before its baseline.</summary>
    public static int? Coming(LevelState level)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level.Coming;
    }

    /// <summary>
    /// The brake on a level: its connection's own or its tenant's, the stronger of both. Where billing has stopped growth, or
    /// a source that feeds its location is frozen, or what raises its SKU waits for a person, it is as if increases were frozen;
    /// none of these ever freezes more.
    /// </summary>
    public static BrakeStrength On(SkuState sku, LevelState level, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(context);
        var channel = context.FindChannel(level.Connection);
        var brake = channel?.Brake ?? BrakeStrength.None;
        var stopped = channel is { GrowthStopped: true } || context.FindLocation(level.Location) is { SourceFrozen: true };
        return (stopped || sku.Policy.RaisesHeld) && brake == BrakeStrength.None ? BrakeStrength.Increases : brake;
    }

    /// <summary>
    /// A target under the brake: no higher than what the level shows or is about to show; below it there is no limit.
    /// </summary>
    public static int? Held(SkuState sku, LevelState level, int? target, EngineContext context) =>
        On(sku, level, context) == BrakeStrength.Increases && Coming(level) is { } coming && target > coming ? coming : target;

    /// <summary>
    /// The share that guard may plan with for a level: one that cannot rise now keeps what it shows, so nobody is
    /// lowered for its sake; what it cannot take stays set aside for it.
    /// </summary>
    public static int Share(SkuState sku, LevelState level, int share, EngineContext context) =>
        On(sku, level, context) == BrakeStrength.Increases ? Math.Min(share, Math.Max(0, Coming(level) ?? 0)) : share;
}
