using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Publishing;

/// <summary>Until when a request may arrive, and with it when a reading may settle a lost answer (rule R8).</summary>
public static class Deadlines
{
    /// <summary>Of a request that goes out now.</summary>
    public static DateTimeOffset Of(DateTimeOffset now) => now + PublishLimits.LateArrival;

    /// <summary>
    /// A request is to go out once more, so it may arrive for as long again: every level that carries it waits for that, of
    /// an older generation too, or a reading could settle it too early.
    /// </summary>
    /// <returns>
    /// Whether any level of the push's own generation carries it. If none does it must not go out again, nobody could take
    /// its answer, and nothing was changed: the deadline stays the one of what was sent.
    /// </returns>
    public static bool Extend(WorkingSet set, Push push, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(push);
        var carrying = push.Elements.Where(e => Carrier(set, push, e) is not null).ToList();
        if (!carrying.Exists(e => Generations.IsCurrent(Carrier(set, push, e)!, e.Generation)))
        {
            return false;
        }

        foreach (var element in carrying)
        {
            var level = Carrier(set, push, element)!;
            set.Put(set.FindSku(element.Sku)!.With(level with { InFlight = level.InFlight! with { Deadline = Of(now) } }));
        }

        return true;
    }

    private static LevelState? Carrier(WorkingSet set, Push push, PushElement element) =>
        set.FindSku(element.Sku)?.FindLevel(element.Level) is { InFlight: { } flying } level && flying.Push == push.Id ? level : null;
}
