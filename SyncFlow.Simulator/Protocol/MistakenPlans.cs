using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// Classic mistakes in planning, put around the production planner: it is shown the state that the mistake would see, and
/// what it decides there is carried out.
/// </summary>
internal sealed class MistakenPlans(Tenure tenure)
{
    /// <summary>Writes without an answer, of levels that are written again.</summary>
    private readonly Dictionary<LevelId, InFlight> _lost = [];

    private Mistake Mistake => tenure.Desk.Settings.Mistake;

    /// <summary>Whether a level is to be written.</summary>
    public bool WantsPush(LevelState level) => level.WantsPush || Mistake switch
    {
        Mistake.BudgetPerLevel => IsBelowZero(level),
        Mistake.LaterCompareSettles => IsLost(level) && (level with { InFlight = null }).WantsPush,
        _ => false,
    };

    /// <summary>Plans as the mistake would.</summary>
    public Push? Plan(WorkingSet set, IReadOnlyList<PlanCandidate> candidates, Guid id)
    {
        var now = tenure.Desk.Agenda.Now;
        if (Mistake == Mistake.NegativeLends)
        {
            View(set, Together);
        }
        else if (Mistake == Mistake.LaterCompareSettles)
        {
            View(set, PutAside);
        }

        var push = Planner.Plan(set, tenure.Desk.Connection, candidates, id, now).Push;
        switch (Mistake)
        {
            case Mistake.NegativeLends:
                View(set, Apart);
                return push;
            case Mistake.LaterCompareSettles:
                View(set, level => level.InFlight is null && _lost.Remove(level.Id, out var before) ? level with { InFlight = before } : level);
                return push;
            case Mistake.BudgetPerLevel:
                return RaiseToZero(set, push ?? new Push(id, tenure.Desk.Connection, [], now, now + PublishLimits.LateArrival));
            default:
                return push;
        }
    }

    /// <summary>A later compare that held is taken for the answer that was lost; one that did not says nothing of it.</summary>
    public void Settled(WorkingSet set, Push push, ElementOutcome[] outcomes)
    {
        for (var i = 0; i < outcomes.Length && _lost.Count > 0; i++)
        {
            var sku = set.FindSku(push.Elements[i].Sku)!;
            var level = sku.FindLevel(push.Elements[i].Level)!;
            if (_lost.Remove(level.Id, out var before) && level.InFlight is null && outcomes[i] != ElementOutcome.Acknowledged)
            {
                set.Put(sku.With(level with { InFlight = before }));
            }
        }
    }

    /// <summary>Replans what changed, with all stores in one account: what one of them lacks, the others are lent.</summary>
    public static void Lend(WorkingSet set, DateTimeOffset now)
    {
        View(set, Together);
        Replanner.Replan(set, now);
        View(set, Apart);
    }

    private static void View(WorkingSet set, Func<LevelState, LevelState> view)
    {
        foreach (var sku in set.Skus.ToList())
        {
            set.Put(sku with { Levels = [.. sku.Levels.Select(view)] });
        }
    }

    private static LevelState Together(LevelState level) => level with { Listing = new ListingId(level.Listing.Value / 100 * 100) };

    private static LevelState Apart(LevelState level) =>
        level with { Listing = new ListingId((level.Listing.Value / 100 * 100) + level.Connection.Value) };

    private static bool IsBelowZero(LevelState level) =>
        level is { Status: LevelStatus.Live, Belief: < 0, InFlight: null, AwaitsAttribution: false };

    private bool IsLost(LevelState level) => level.InFlight is { } push && tenure.Desk.Unanswered.Contains(push.Push);

    private LevelState PutAside(LevelState level)
    {
        if (level.Connection != tenure.Desk.Connection || !IsLost(level))
        {
            return level;
        }

        _lost[level.Id] = level.InFlight!;
        return level with { InFlight = null };
    }

    /// <summary>A level that shows less than nothing sells nothing, so to set it to zero costs its budget nothing.</summary>
    private Push? RaiseToZero(WorkingSet set, Push push)
    {
        var elements = push.Elements.ToBuilder();
        foreach (var sku in set.Skus.ToList())
        {
            foreach (var level in sku.Levels.Where(l => l.Connection == tenure.Desk.Connection && IsBelowZero(l) && !tenure.Held.ContainsKey(l.Id)))
            {
                var from = level.Belief!.Value;
                set.Put(set.FindSku(sku.Sku)!.With(level with { InFlight = new InFlight(push.Id, from, 0, push.PlannedAt, push.Deadline, null) }));
                elements.Add(new PushElement(
                    sku.Sku, level.Id, level.Generation, Shop.Item(WorldSettings.IndexOf(sku.Sku)),
                    Shop.Place((int)level.Location.Value), from, 0, null));
            }
        }

        return elements.Count == 0 ? null : push with { Elements = elements.ToImmutable() };
    }
}
