using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>A write that a change would cause.</summary>
/// <param name="From">Sales the level shows.</param>
/// <param name="To">Sales it is to show.</param>
/// <param name="Step">1 is written at once; 2 and later wait for the decreases of the step before to be proven.</param>
public sealed record PreviewedWrite(SkuId Sku, LevelId Level, ConnectionId Connection, int From, int To, int Step);

/// <summary>What follows from a change.</summary>
/// <param name="Skus">As they are in the end; a level that nothing could be written to has the target it waits for.</param>
public sealed record PreviewedRun(ImmutableArray<PreviewedWrite> Writes, IReadOnlyList<SkuState> Skus);

/// <summary>
/// The writes that a change of rules would cause, found by planning, acknowledging and proving them on a copy with the
/// rules that would plan them if the change were made. Stock that moves meanwhile moves the writes as well.
/// </summary>
public static class RulePreview
{
    /// <summary>Steps after which a preview ends; two are the rule.</summary>
    public const int MostSteps = 10;

    /// <summary>The writes, in order.</summary>
    /// <param name="loaded">SKUs as they are; not changed.</param>
    /// <param name="change">A SKU as it would be before it is planned.</param>
    public static ImmutableArray<PreviewedWrite> Of(WorkingSet loaded, Func<SkuState, SkuState> change, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        return Run(loaded, loaded.Context, change, now).Writes;
    }

    /// <summary>The writes, in order, and the SKUs as they are when all of that is done.</summary>
    /// <param name="loaded">SKUs as they are; not changed.</param>
    /// <param name="context">The configuration as it would be.</param>
    /// <param name="change">A SKU as it would be before it is planned.</param>
    public static PreviewedRun Run(WorkingSet loaded, EngineContext context, Func<SkuState, SkuState> change, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(change);
        var set = new WorkingSet(context);
        foreach (var sku in loaded.Skus)
        {
            set.Load(change(sku));
        }

        var all = loaded.Skus.Select(s => s.Sku).Order(ByNumber).ToList();
        Replanner.Touch(set, all, now);
        var writes = ImmutableArray.CreateBuilder<PreviewedWrite>();
        for (var step = 1; step <= MostSteps; step++)
        {
            var pushes = Publish(set, all, step, now);
            if (pushes.Count == 0)
            {
                break;
            }

            writes.AddRange(pushes.SelectMany(p => p.Elements.Where(e => e.From != e.To).Select(
                e => new PreviewedWrite(e.Sku, e.Level, p.Connection, e.From, e.To, step))));
            Prove(set, pushes, now);
        }

        return new PreviewedRun(writes.ToImmutable(), all.ConvertAll(sku => set.FindSku(sku)!));
    }

    /// <summary>Everything that can be written now is, and is acknowledged.</summary>
    private static List<Push> Publish(WorkingSet set, List<SkuId> skus, int step, DateTimeOffset now)
    {
        var pushes = new List<Push>();
        var wanting = skus.SelectMany(s => set.FindSku(s)!.Levels.Where(l => l.WantsPush).Select(l => (Sku: s, Level: l)))
            .GroupBy(w => w.Level.Connection).OrderBy(g => g.Key.Value).ToList();
        foreach (var channel in wanting)
        {
            foreach (var part in channel.Chunk(PublishLimits.LevelsPerPush))
            {
                var candidates = part.Select(w => new PlanCandidate(w.Sku, w.Level.Id, "", "")).ToList();
                var id = new Guid(step, (short)pushes.Count, 0, BitConverter.GetBytes(channel.Key.Value));
                if (Planner.Plan(set, channel.Key, candidates, id, now).Push is { } push)
                {
                    pushes.Add(push);
                }
            }
        }

        foreach (var push in pushes)
        {
            Settlement.Settle(
                set, push, [.. push.Elements.Select(e => new ElementAnswer(e.Level, ElementOutcome.Acknowledged, null))], now);
        }

        return pushes;
    }

    /// <summary>Drained readings that show what was acknowledged.</summary>
    private static void Prove(WorkingSet set, List<Push> pushes, DateTimeOffset now)
    {
        foreach (var element in pushes.SelectMany(p => p.Elements))
        {
            var level = set.FindSku(element.Sku)!.FindLevel(element.Level)!;
            var shown = level.Explained!.Value;
            FactEngine.Apply(
                set,
                new LevelRead("preview", level.Connection, null, now, new Reading(
                    level.Id, ReadingKind.Drained, level.Generation, shown, shown, level.OpenClaims, now, level.SoldTotal,
                    level.PutBackTotal, level.PushedTotal, level.OpenClaims, level.DraftHolds, SafetyStock: level.Shelf?.Parked,
                    ParkedMark: level.Shelf?.MovedTotal ?? 0)),
                now);
        }

        Replanner.Replan(set, now);
    }

    private static readonly IComparer<SkuId> ByNumber = Comparer<SkuId>.Create((a, b) => a.Value.CompareTo(b.Value));
}
