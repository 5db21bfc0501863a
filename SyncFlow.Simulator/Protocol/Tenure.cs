using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// One worker's work on one connection under one epoch, from the lease that it got to the one it lost; what it has in
/// memory is nobody else's. A later one may have begun before it knows.
/// </summary>
internal sealed class Tenure
{
    private readonly PublisherLoop _publisher;
    private readonly VerifierLoop[] _verifiers;

    public Tenure(LeasedWorker worker, ChannelDesk desk, long epoch)
    {
        (Worker, Desk, Epoch) = (worker, desk, epoch);
        _publisher = new PublisherLoop(this);
        _verifiers = [new VerifierLoop(this, VerifyPurpose.Prove), new VerifierLoop(this, VerifyPurpose.Attribute)];
    }

    public LeasedWorker Worker { get; }

    public ChannelDesk Desk { get; }

    public long Epoch { get; }

    /// <summary>Whether its work has ended, because the lease was lost or the worker died.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Levels being read, and by how many loops: no push is planned for them meanwhile.</summary>
    public Dictionary<LevelId, int> Held { get; } = [];

    /// <summary>Whether the lease is held, by the worker's own clock.</summary>
    public bool IsHeld => Desk.Settings.Mistake == Mistake.SendPastTheLease || Worker.Holds(this);

    /// <summary>Begins to publish.</summary>
    public void Publish() => _publisher.TakeOver();

    /// <summary>Begins to verify.</summary>
    public void Verify()
    {
        foreach (var verifier in _verifiers)
        {
            verifier.Begin();
        }
    }

    /// <summary>Ends: nothing of it goes on but what is on its way.</summary>
    public void End() => IsOver = true;

    /// <summary>Something was committed: is there anything to say?</summary>
    public void Told() => _publisher.Told();

    /// <summary>Something was committed: is there anything to be read?</summary>
    public void Wake()
    {
        foreach (var verifier in _verifiers)
        {
            verifier.Wake();
        }
    }

    /// <summary>Later, unless it is over by then; and later still where the worker stands still.</summary>
    public void Later(TimeSpan wait, Action what) => Desk.Agenda.In(wait, () => Now(what));

    /// <summary>The next step, before which the worker may stand still.</summary>
    public void Then(Action what)
    {
        Worker.MayStandStill();
        Now(what);
    }

    /// <summary>Now, unless it is over; or as soon as the worker does not stand still any more.</summary>
    public void Now(Action what)
    {
        if (IsOver)
        {
            return;
        }

        if (Worker.StandsFor is { } wait)
        {
            Later(wait, what);
        }
        else
        {
            what();
        }
    }

    /// <summary>Does one transaction; false when a crash rolled it back, or the store refused it for its epoch.</summary>
    public bool Commit(WorkingSet set) => MayStore() && Worker.Find(Desk, Mistake.CommitByNumber).Pipeline.Commit(set);

    /// <summary>Whether the store takes what is written under this epoch; else all ends here.</summary>
    public bool MayStore()
    {
        if (Desk.Leases.Permits(Desk.Index, Epoch))
        {
            if (!Desk.Leases.IsLast(Desk.Index, Epoch))
            {
                Desk.Complain($"something is stored for channel {Desk.Shop.Number} under epoch {Epoch}, which another has followed");
            }

            return true;
        }

        Desk.Tally.Add("transactions refused for their epoch");
        Worker.Refused(this);
        return false;
    }

    /// <summary>Holds levels, or lets go of them.</summary>
    public void Hold(IEnumerable<LevelId> levels, int by)
    {
        foreach (var level in levels)
        {
            var count = Held.GetValueOrDefault(level) + by;
            if (count == 0)
            {
                Held.Remove(level);
            }
            else
            {
                Held[level] = count;
            }
        }
    }
}
