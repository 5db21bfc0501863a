using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Parking;

namespace SyncFlow.Core.Publishing;

/// <summary>A level that wants a push, and how its channel names it.</summary>
public sealed record PlanCandidate(SkuId Sku, LevelId Level, string ItemRef, string ExternalLocation);

/// <summary>What was planned; no push when nothing is to be said any more.</summary>
public sealed record PlanResult(Push? Push);

/// <summary>
/// Plans one push under the locks of its SKUs: targets are recomputed, every level gets its intent, and the intent
/// reserves the budget (rule R8). Several changes of a level are one element: the last value (rule R9).
/// </summary>
public static class Planner
{
    /// <summary>Plans a push of one connection; candidates come in order of priority.</summary>
    public static PlanResult Plan(
        WorkingSet set, ConnectionId connection, IReadOnlyList<PlanCandidate> candidates, Guid pushId, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(candidates);
        Replanner.Touch(set, [.. candidates.Select(c => c.Sku).Where(s => set.FindSku(s) is not null)], now);

        var deadline = Deadlines.Of(now);
        var elements = ImmutableArray.CreateBuilder<PushElement>();
        PushKind? kind = null;
        foreach (var candidate in candidates)
        {
            if (elements.Count == PublishLimits.LevelsPerPush)
            {
                break;
            }

            if (set.FindSku(candidate.Sku)?.FindLevel(candidate.Level) is { WantsPush: true } level
                && level.Connection == connection
                && ShelfWrite.Next(level) is { } write && write.Kind == (kind ??= write.Kind))
            {
                elements.Add(Intend(set, candidate, level, write, pushId, now, deadline));
            }
        }

        return new PlanResult(
            elements.Count == 0
                ? null
                : new Push(pushId, connection, elements.ToImmutable(), now, deadline) { Kind = kind ?? PushKind.Set });
    }

    private static PushElement Intend(
        WorkingSet set, PlanCandidate candidate, LevelState level, ShelfWrite write, Guid pushId, DateTimeOffset now,
        DateTimeOffset deadline)
    {
        var (from, to) = (level.Belief!.Value, level.Target!.Value);
        to = write.Kind == PushKind.Set ? to : from + write.Available;
        var cause = write.Kind == PushKind.Adjust ? null : level.CauseAt;
        var compares = set.Context.Channels[level.Connection].CompareAndSet;
        set.Put(set.FindSku(candidate.Sku)!.With(level with
        {
            InFlight = new InFlight(pushId, from, to, now, deadline, cause)
            {
                Kind = compares ? WriteKind.Compared : ZeroBarrier.KindOf(level, to, set.Context),
            },
            CauseAt = write.Kind == PushKind.Adjust ? level.CauseAt : null,
            Shelf = level.Shelf is { } shelf ? shelf with { InFlight = write.Parked } : null,
        }));
        return new PushElement(
            candidate.Sku, level.Id, level.Generation, candidate.ItemRef, candidate.ExternalLocation, from, to, cause)
        {
            ParkedFrom = level.Shelf?.Parked ?? 0,
            ParkedTo = (level.Shelf?.Parked ?? 0) + write.Parked,
        };
    }
}
