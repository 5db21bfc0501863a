using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// The inbox and the worker that applies it. What is delivered is stored at once and never lost; it is applied in
/// batches, each whole or not at all, soon after a wake-up or with the next sweep.
/// </summary>
internal sealed class Pipeline(MemoryStore store, Agenda agenda, Random random, WorldFaults faults, Tally tally)
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly List<(Fact Fact, Action? Applied)> _inbox = [];
    private double _rollback = faults.Rollback;
    private bool _arranged;

    /// <summary>No wake-up gets through until then.</summary>
    public DateTimeOffset DeafUntil { get; set; }

    /// <summary>A mistake in what is decided: it changes a batch before it is saved.</summary>
    public Action<WorkingSet>? Mistaken { get; set; }

    /// <summary>Told after each commit: which SKUs changed.</summary>
    public event Action? Committed;

    /// <summary>Told of calls that the rules want made.</summary>
    public event Action<WorkItem>? Asked;

    /// <summary>How many facts were folded.</summary>
    public int Facts { get; private set; }

    /// <summary>How many facts came, folded or not.</summary>
    public int Delivered { get; private set; }

    public bool IsEmpty => _inbox.Count == 0;

    /// <summary>Stores a fact; <paramref name="applied"/> is called once its batch has committed.</summary>
    public void Deliver(Fact fact, Action? applied = null)
    {
        Delivered++;
        _inbox.Add((fact, applied));
        Arrange();
    }

    /// <summary>From now on every commit succeeds.</summary>
    public void Calm() => _rollback = 0;

    /// <summary>Does one transaction; false when a crash rolled it back.</summary>
    public bool Commit(WorkingSet set)
    {
        if (random.NextDouble() < _rollback)
        {
            tally.Add("transactions rolled back by a crash");
            return false;
        }

        Mistaken?.Invoke(set);
        store.Save(set);
        foreach (var work in set.Work)
        {
            Asked?.Invoke(work);
        }

        Committed?.Invoke();
        return true;
    }

    private void Arrange()
    {
        if (!_arranged)
        {
            _arranged = true;
            agenda.In(agenda.Now < DeafUntil ? Sweep : TimeSpan.FromMilliseconds(random.Next(2, 40)), Apply);
        }
    }

    private void Apply()
    {
        _arranged = false;
        if (_inbox.Count == 0)
        {
            return;
        }

        var batch = _inbox.ToList();
        var set = store.Load(FactRefs.Of(batch.Select(b => b.Fact)));
        foreach (var (fact, _) in batch)
        {
            FactEngine.Apply(set, fact, agenda.Now);
        }

        Replanner.Replan(set, agenda.Now);
        if (!Commit(set))
        {
            Arrange();
            return;
        }

        Facts += batch.Count;
        _inbox.RemoveRange(0, batch.Count);
        foreach (var (_, applied) in batch)
        {
            applied?.Invoke();
        }
    }
}
