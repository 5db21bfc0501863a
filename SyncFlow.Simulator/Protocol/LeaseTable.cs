using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>The leases of a world's connections and the workers that live, as the store keeps them by its own clock.</summary>
/// <param name="connections">How many.</param>
internal sealed class LeaseTable(int connections, Agenda agenda, WorldSettings settings)
{
    private readonly LeaseRow[] _rows = [.. Enumerable.Repeat(LeaseRow.Free, connections)];
    private readonly long[] _given = new long[connections];
    private readonly SortedDictionary<string, DateTimeOffset> _workers = new(StringComparer.Ordinal);

    /// <summary>Whether nobody holds a lease.</summary>
    /// <param name="desk">The connection's place among all.</param>
    public bool IsFree(int desk) => _rows[desk].IsFree(agenda.Now);

    /// <summary>Whether something may be stored under an epoch.</summary>
    public bool Permits(int desk, long epoch) => _rows[desk].Permits(Looked(desk, epoch), agenda.Now);

    /// <summary>Whether an epoch is the last that was given: counted apart from the rules, to see that nobody else stores anything.</summary>
    public bool IsLast(int desk, long epoch) => _given[desk] == epoch;

    /// <summary>Takes a lease that is free; its new epoch, or null.</summary>
    public long? Take(int desk, string owner)
    {
        if (_rows[desk].Take(owner, LeaseMachine.Ttl, agenda.Now) is not { } taken)
        {
            return null;
        }

        _rows[desk] = taken;
        _given[desk]++;
        return taken.Epoch;
    }

    /// <summary>Gives a lease more time; false where it is lost.</summary>
    public bool Renew(int desk, long epoch)
    {
        var renewed = _rows[desk].Renew(Looked(desk, epoch), LeaseMachine.Ttl, agenda.Now);
        _rows[desk] = renewed ?? _rows[desk];
        return renewed is not null;
    }

    /// <summary>A worker says that it lives, for so long.</summary>
    public void Beat(string worker, TimeSpan aliveFor) => _workers[worker] = agenda.Now + aliveFor;

    /// <summary>Those that live, in order of their names.</summary>
    public List<string> Living() => [.. _workers.Where(w => w.Value > agenda.Now).Select(w => w.Key)];

    /// <summary>From now on no lease ends.</summary>
    public void StandStill()
    {
        for (var desk = 0; desk < _rows.Length; desk++)
        {
            _rows[desk] = _rows[desk] with { Until = DateTimeOffset.MaxValue };
        }
    }

    /// <summary>The epoch as it is looked at; by mistake, not at all.</summary>
    private long Looked(int desk, long epoch) => settings.Mistake == Mistake.CommitUnderAnOldEpoch ? _rows[desk].Epoch : epoch;
}
