using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// One start of a worker among others: it beats, holds leases by <see cref="LeaseMachine"/> and works on the connections
/// that it holds. It may stand still at any step, with its clock or without, and go on as if nothing had happened.
/// </summary>
/// <param name="name">Never used again.</param>
internal sealed class LeasedWorker(string name, Workforce workforce, WorkerClock clock)
{
    /// <summary>How long the others count on a worker whose beats do not come.</summary>
    private static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(3);

    private static readonly LeaseInput.Tick Tick = new();

    private readonly LeaseState[] _states = [.. workforce.Desks.Select(_ => LeaseState.None)];
    private readonly Tenure?[] _tenures = new Tenure?[workforce.Desks.Count];
    private readonly DateTimeOffset?[] _freeSince = new DateTimeOffset?[workforce.Desks.Count];
    private DateTimeOffset _standsUntil;
    private bool _dead;

    /// <summary>How long it still stands still; null where it does not.</summary>
    public TimeSpan? StandsFor => _standsUntil > workforce.Agenda.Now ? _standsUntil - workforce.Agenda.Now : null;

    /// <summary>Whether it works on a connection, as far as it knows.</summary>
    /// <param name="desk">The connection's place among all.</param>
    public bool WorksOn(int desk) => _states[desk].Held;

    /// <summary>Whether it works for more than one tenant, as far as it knows.</summary>
    public bool ServesSeveral => workforce.Desks.Where(d => WorksOn(d.Index)).Select(d => d.Settings.Tenant).Distinct().Count() > 1;

    /// <summary>A connection as it finds it again when it has something for it; by mistake, whichever tenant's has the number first.</summary>
    public ChannelDesk Find(ChannelDesk desk, Mistake byNumber) =>
        workforce.Mistake == byNumber ? workforce.Desks.First(d => d.Connection == desk.Connection) : desk;

    /// <summary>Whether a lease is held by its own clock.</summary>
    public bool Holds(Tenure tenure) => Is(tenure) && LeaseMachine.MayWork(_states[tenure.Desk.Index], clock.Now);

    /// <summary>A transaction was refused for its epoch.</summary>
    public void Refused(Tenure tenure)
    {
        if (Is(tenure))
        {
            Step(tenure.Desk.Index, new LeaseInput.Refused());
        }
    }

    /// <summary>Says that it lives.</summary>
    public void Join() => workforce.Leases.Beat(name, AliveFor);

    /// <summary>Looks after its leases, now and once a second by its own clock.</summary>
    public void Beat()
    {
        if (_dead || workforce.IsStill)
        {
            return;
        }

        if (StandsFor is { } wait)
        {
            workforce.Agenda.In(wait, Beat);
            return;
        }

        Ask();
        workforce.Agenda.In(clock.Of(LeaseMachine.Beat), Beat);
    }

    /// <summary>Stands still, perhaps.</summary>
    public void MayStandStill()
    {
        if (StandsFor is null && workforce.StandStill(this) is var (wait, withItsClock))
        {
            _standsUntil = workforce.Agenda.Now + wait;
            clock.StandStill(withItsClock ? wait : TimeSpan.Zero);
        }
    }

    /// <summary>Dies, and everything it had in memory with it.</summary>
    public void Kill()
    {
        _dead = true;
        foreach (var tenure in _tenures)
        {
            tenure?.End();
        }

        workforce.Changed();
    }

    /// <summary>From now on none of its leases ends.</summary>
    public void HoldForGood()
    {
        for (var desk = 0; desk < _states.Length; desk++)
        {
            _states[desk] = _states[desk].Held ? _states[desk] with { Until = DateTimeOffset.MaxValue } : _states[desk];
        }
    }

    private bool Is(Tenure tenure) => _tenures[tenure.Desk.Index] == tenure && _states[tenure.Desk.Index].Epoch == tenure.Epoch;

    /// <summary>One question to the store, of all that it holds and would take; the answer may come when it stood still meanwhile.</summary>
    private void Ask()
    {
        var askedAt = clock.Now;
        var answered = workforce.IsAnswered();
        List<(int Desk, long Epoch, LeaseInput Input)>? answers = null;
        for (var desk = 0; desk < _states.Length; desk++)
        {
            var answer = _states[desk].Held ? Renew(desk, askedAt, answered) : answered ? Take(desk, askedAt) : null;
            if (answer is not null)
            {
                (answers ??= []).Add(answer.Value);
            }
        }

        if (answered)
        {
            workforce.Leases.Beat(name, AliveFor);
        }

        MayStandStill();
        if (answers is not null)
        {
            Hear(answers);
        }
    }

    private (int, long, LeaseInput)? Renew(int desk, DateTimeOffset askedAt, bool answered)
    {
        _freeSince[desk] = null;
        var epoch = _states[desk].Epoch;
        if (Step(desk, Tick) != LeaseEffect.Renew)
        {
            return null;
        }

        LeaseInput input = !answered ? new LeaseInput.Failed()
            : workforce.Leases.Renew(desk, epoch) ? new LeaseInput.Granted(epoch, askedAt)
            : new LeaseInput.Refused();
        return (desk, epoch, input);
    }

    private (int, long, LeaseInput)? Take(int desk, DateTimeOffset askedAt)
    {
        if (!workforce.Leases.IsFree(desk))
        {
            _freeSince[desk] = null;
            return null;
        }

        _freeSince[desk] ??= askedAt;
        return LeaseShares.Takes(workforce.Desks[desk].Connection, name, [.. workforce.Leases.Living().Append(name).Distinct()], askedAt - _freeSince[desk]!.Value)
            && workforce.Leases.Take(desk, name) is { } epoch
            ? (desk, 0, new LeaseInput.Granted(epoch, askedAt))
            : null;
    }

    private void Hear(List<(int Desk, long Epoch, LeaseInput Input)> answers)
    {
        if (_dead)
        {
            return;
        }

        if (StandsFor is { } wait)
        {
            workforce.Agenda.In(wait, () => Hear(answers));
            return;
        }

        foreach (var (desk, epoch, input) in answers)
        {
            if (_states[desk].Epoch == epoch)
            {
                Step(desk, input);
            }
        }
    }

    private LeaseEffect Step(int desk, LeaseInput input)
    {
        (_states[desk], var effect) = LeaseMachine.Step(_states[desk], input, clock.Now);
        if (effect == LeaseEffect.Start)
        {
            _tenures[desk] = new Tenure(this, workforce.Desks[desk], _states[desk].Epoch);
            workforce.Begin(_tenures[desk]!);
        }
        else if (effect == LeaseEffect.Stop)
        {
            _tenures[desk]?.End();
            workforce.Changed();
        }

        return effect;
    }
}
