using SyncFlow.Core;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>The leases of a world's connections and the workers that live, as the store keeps them by its own clock.</summary>
internal sealed class LeaseTable(Agenda agenda, WorldSettings settings)
{
    private readonly List<ConnectionId> _connections = [];
    private readonly List<LeaseRow> _rows = [];
    private readonly List<long> _given = [];
    private readonly SortedDictionary<string, DateTimeOffset> _workers = new(StringComparer.Ordinal);

    /// <summary>A connection gets a lease of its own, whoever else has one of its number.</summary>
    /// <returns>Its place among all, by which everybody knows it: numbers are each tenant's own.</returns>
    public int Add(ConnectionId connection)
    {
        _connections.Add(connection);
        _rows.Add(LeaseRow.Free);
        _given.Add(0);
        return _rows.Count - 1;
    }

    /// <summary>Whether nobody holds a lease.</summary>
    /// <param name="desk">The connection's place among all.</param>
    public bool IsFree(int desk) => _rows[Row(desk)].IsFree(agenda.Now);

    /// <summary>Whether something may be stored under an epoch.</summary>
    public bool Permits(int desk, long epoch) => _rows[Row(desk)].Permits(Looked(desk, epoch), agenda.Now);

    /// <summary>Whether an epoch is the last that was given: counted apart from the rules, to see that nobody else stores anything.</summary>
    public bool IsLast(int desk, long epoch) => _given[desk] == epoch;

    /// <summary>Takes a lease that is free; its new epoch, or null.</summary>
    public long? Take(int desk, string owner)
    {
        if (_rows[Row(desk)].Take(owner, LeaseMachine.Ttl, agenda.Now) is not { } taken)
        {
            return null;
        }

        _rows[Row(desk)] = taken;
        _given[desk]++;
        return taken.Epoch;
    }

    /// <summary>Gives a lease more time; false where it is lost.</summary>
    public bool Renew(int desk, long epoch)
    {
        var renewed = _rows[Row(desk)].Renew(Looked(desk, epoch), LeaseMachine.Ttl, agenda.Now);
        _rows[Row(desk)] = renewed ?? _rows[Row(desk)];
        return renewed is not null;
    }

    /// <summary>A worker says that it lives, for so long.</summary>
    public void Beat(string worker, TimeSpan aliveFor) => _workers[worker] = agenda.Now + aliveFor;

    /// <summary>Those that live, in order of their names.</summary>
    public List<string> Living() => [.. _workers.Where(w => w.Value > agenda.Now).Select(w => w.Key)];

    /// <summary>From now on no lease ends.</summary>
    public void StandStill()
    {
        for (var desk = 0; desk < _rows.Count; desk++)
        {
            _rows[desk] = _rows[desk] with { Until = DateTimeOffset.MaxValue };
        }
    }

    /// <summary>The epoch as it is looked at; by mistake, not at all.</summary>
    private long Looked(int desk, long epoch) => settings.Mistake == Mistake.CommitUnderAnOldEpoch ? _rows[Row(desk)].Epoch : epoch;

    /// <summary>Where a connection's lease is kept; by mistake, by its number alone.</summary>
    private int Row(int desk) => settings.Mistake == Mistake.LeaseByNumber ? _connections.IndexOf(_connections[desk]) : desk;
}
