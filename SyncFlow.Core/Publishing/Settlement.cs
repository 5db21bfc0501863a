using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Publishing;

/// <summary>
/// What the answer to a push does. An acknowledgement moves belief and proves nothing (rule R5); a stale compare asks
/// for a reading and is never repeated (rule R4); a lost answer stays in flight (rule R8); one refused element says
/// nothing about its neighbours (rule R10).
/// </summary>
public static class Settlement
{
    /// <summary>Settles the elements that are answered; an answer to a push that is no longer in flight, or to a level of an older generation, changes nothing.</summary>
    public static void Settle(WorkingSet set, Push push, IReadOnlyList<ElementAnswer> answers, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(push);
        ArgumentNullException.ThrowIfNull(answers);
        var elements = push.Elements.ToDictionary(e => e.Level);
        foreach (var answer in answers)
        {
            if (elements.TryGetValue(answer.Level, out var element)
                && set.FindSku(element.Sku) is { } sku
                && sku.FindLevel(answer.Level) is { InFlight: { } inFlight } level
                && inFlight.Push == push.Id && Generations.IsCurrent(level, element.Generation))
            {
                set.Put(sku.With(Answered(set, sku.Sku, level, inFlight, answer, now)));
            }
        }

        Replanner.Replan(set, now);
    }

    private static LevelState Answered(
        WorkingSet set, SkuId sku, LevelState level, InFlight push, ElementAnswer answer, DateTimeOffset now)
    {
        var refused = level with { InFlight = null, CauseAt = push.CauseAt ?? level.CauseAt, Shelf = level.Shelf?.Refused() };
        return answer.Outcome switch
        {
            ElementOutcome.Acknowledged => Acknowledged(level, push, answer.DoneBy, now),
            ElementOutcome.Stale => refused with { AwaitsAttribution = true, NeedsReading = true },
            ElementOutcome.NotSent => refused,
            ElementOutcome.Blocked => Stop(set, sku, refused with { Status = LevelStatus.Blocked }, answer, now),
            ElementOutcome.Gone => Gone(set, sku, refused, answer, now),
            ElementOutcome.Unknown => level,
        };
    }

    private static LevelState Acknowledged(LevelState level, InFlight push, DateTimeOffset? doneBy, DateTimeOffset now)
    {
        if (push.Kind == WriteKind.ThroughZero)
        {
            return level with { InFlight = push with { AcknowledgedAt = now }, NeedsReading = true };
        }

        // Whatever may be on the level beyond belief, because the write did not happen or put something back.
        var belief = level.Belief!.Value + push.Change;
        var doubt = level.MostByWrites - belief;
        return level with
        {
            InFlight = null,
            Belief = belief,
            PushedTotal = level.PushedTotal + push.Change,

            // What the level showed before this write is behind belief: an earlier write of ours that comes back late too. A
            // write of the parked state alone did not look at what the level shows.
            ExplainedThrough = push.Change == 0 ? level.ExplainedThrough : Math.Max(level.ExplainedThrough, doneBy?.UtcTicks ?? 0),
            Shelf = level.Shelf?.Acknowledged(push.Change, now),
            Unverified = doubt > 0 ? Add(level.Unverified, new Unverified(doubt, now)) : level.Unverified,
            NeedsReading = true,
        };
    }

    /// <summary>The item or its place is gone, says the answer; which of them, and whether for good, must be asked.</summary>
    private static LevelState Gone(WorkingSet set, SkuId sku, LevelState refused, ElementAnswer answer, DateTimeOffset now)
    {
        set.Work.Add(new WorkItem(refused.Connection, WorkKind.RefreshLocations, "", now));
        return Stop(set, sku, LevelLife.Leave(refused, LevelStatus.Leaving), answer, now);
    }

    private static LevelState Stop(
        WorkingSet set, SkuId sku, LevelState level, ElementAnswer answer, DateTimeOffset now)
    {
        var gone = level.Status != LevelStatus.Blocked;
        set.Incidents.Add(new Incident(
            gone ? LevelLife.GoneKey(level.Id) : LevelLife.BlockedKey(level.Id), gone ? "level-gone" : "level-blocked",
            $"The channel refused the level for a lasting reason ({answer.Code ?? "no code"}); it is not written any more.",
            level.Connection, sku, level.Id, now));
        return level;
    }

    /// <summary>The list stays short: the oldest two are merged, as if both had happened at the later moment.</summary>
    private static ImmutableArray<Unverified> Add(ImmutableArray<Unverified> list, Unverified next)
    {
        const int Longest = 16;
        var own = list.Where(u => u.Sought is null).ToList();
        if (own.Count < Longest)
        {
            return list.Add(next);
        }

        var merged = new Unverified(own[0].Units + own[1].Units, own[1].At);
        return [.. list.Where(u => u.Sought is not null), merged, .. own.Skip(2), next];
    }
}
