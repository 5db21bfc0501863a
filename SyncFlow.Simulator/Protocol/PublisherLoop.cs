using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// Publishes one connection under one lease: plans under lock, stores the intent, and does with each push what
/// <see cref="PushMachine"/> says; each a step that a crash may follow, or a long pause.
/// </summary>
internal sealed class PublisherLoop(Tenure tenure)
{
    private const int MostInFlight = 4;
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The deadline counts from when a request was stored. It is sent at once, but for a worker that stands still with its
    /// clock just then and cannot know: so much longer everything else may take.
    /// </summary>
    private static readonly TimeSpan LongestOnItsWay =
        PublishLimits.LateArrival - LeaseMachine.Ttl - Workforce.LongestWithClock - TimeSpan.FromSeconds(1);

    private readonly ChannelDesk _desk = tenure.Desk;
    private readonly MistakenPlans _plans = new(tenure);
    private int _flying;
    private bool _arranged;
    private DateTimeOffset _pausedUntil;

    /// <summary>Looks for something to say, soon.</summary>
    public void Wake(bool now = true)
    {
        if (!_arranged && !tenure.IsOver)
        {
            _arranged = true;
            tenure.Later(now ? _desk.Between(1, 60) : Sweep, () =>
            {
                _arranged = false;
                Publish();
            });
        }
    }

    /// <summary>Something was committed.</summary>
    public void Told()
    {
        if (!_arranged && !tenure.IsOver && _desk.Any(_plans.WantsPush))
        {
            Wake();
        }
    }

    /// <summary>Begins: with the pushes that it finds without an answer, which may never have been sent.</summary>
    public void TakeOver()
    {
        foreach (var push in _desk.Levels().Select(l => l.Level.InFlight?.Push).OfType<Guid>().Distinct().ToList())
        {
            var step = _desk.Settings.Mistake == Mistake.TakeOverAtOnce
                ? (Sending.Planned(_desk.Pushes[push], false), new SendEffect.Settle(ElementAnswer.All(_desk.Pushes[push], ElementOutcome.NotSent, null)))
                : PushMachine.TakeOver(
                    _desk.Pushes[push], _desk.Shop.KeepsKeys, _desk.Channel.Publishes, _desk.Unanswered.Contains(push), _desk.Agenda.Now);
            if (step.Effect is not SendEffect.Leave && !tenure.IsOver)
            {
                _desk.Tally.Add("pushes without an answer taken over");
                _flying++;
                CarryOut(step);
            }
        }

        Wake();
    }

    private void Publish()
    {
        if (_flying >= MostInFlight || !_desk.Channel.Publishes)
        {
            return;
        }

        var candidates = _desk.Levels()
            .Where(l => _plans.WantsPush(l.Level) && !tenure.Held.ContainsKey(l.Level.Id))
            .OrderBy(l => PushPriority.Of(l.Sku, l.Level)).ThenBy(l => l.Level.Id.Value)
            .Take(PublishLimits.LevelsPerPush)
            .Select(l => new PlanCandidate(l.Sku.Sku, l.Level.Id, Shop.Item(WorldSettings.IndexOf(l.Sku.Sku)), Shop.Place((int)l.Level.Location.Value)))
            .ToList();
        if (candidates.Count == 0)
        {
            return;
        }

        if (_desk.Agenda.Now < _pausedUntil)
        {
            Wake(now: false);
            return;
        }

        var set = _desk.Store.LoadSkus(candidates.Select(c => c.Sku));
        var id = new Guid(_desk.Shop.Number, 0, 0, BitConverter.GetBytes(_desk.Pushes.Count + 1L));
        var planned = _plans.Plan(set, candidates, id);
        if (!tenure.Commit(set))
        {
            Wake();
        }
        else if (planned is { } push)
        {
            _flying++;
            _desk.Writes++;
            _desk.Pushes[push.Id] = push;
            _desk.Possible[push.Id] = push.Deadline;
            tenure.Then(() => Go(Sending.Planned(push, _desk.Shop.KeepsKeys), new SendInput.Due(tenure.IsHeld)));
            Wake();
        }
    }

    private void Go(Sending sending, SendInput input) => CarryOut(PushMachine.Step(sending, input));

    private void CarryOut((Sending Sending, SendEffect Effect) step)
    {
        switch (step.Effect)
        {
            case SendEffect.Send:
                Send(step.Sending);
                break;
            case SendEffect.Wait wait:
                tenure.Later(wait.For, () => Go(step.Sending, new SendInput.Due(tenure.IsHeld)));
                break;
            case SendEffect.Extend:
                Extend(step.Sending);
                break;
            case SendEffect.Settle settle:
                Settle(step.Sending.Push, settle.Answers);
                break;
            case SendEffect.Leave:
                _desk.Tally.Add("pushes left by a worker that came back too late");
                break;
        }
    }

    private void Send(Sending sending)
    {
        var (faults, push) = (_desk.Faults, sending.Push);
        if (_desk.Chance(faults.Late))
        {
            // It hangs somewhere on the way, and arrives when nobody waits for it any more.
            _desk.Tally.Add("requests that arrive minutes late");
            var wait = _desk.Random.NextDouble() * LongestOnItsWay;
            _desk.Agenda.In(wait, () => Arrive(push));
            tenure.Later(Timeout, () => Go(sending, new SendInput.Lost(null)));
            return;
        }

        _desk.Agenda.In(_desk.Between(20, 800), () =>
        {
            if (_desk.Shop.Down || _desk.Shop.Refuses)
            {
                var refused = _desk.Shop.Refuses && !_desk.Shop.Down;
                tenure.Later(_desk.Between(5, 100), () => NotDone(sending, refused));
                return;
            }

            var outcomes = Arrive(push);
            var lost = _desk.Chance(faults.LostAnswer);
            if (lost)
            {
                _desk.Tally.Add("answers lost");
                tenure.Later(Timeout, () => Go(sending, new SendInput.Lost(null)));
            }
            else
            {
                var doneBy = _desk.Shop.DoneBy(push.Id);
                var answers = push.Elements.Select((e, i) => new ElementAnswer(e.Level, outcomes[i], null, doneBy)).ToImmutableArray();
                tenure.Later(_desk.Between(5, 800), () => tenure.Then(() => Go(sending, new SendInput.Answered(answers))));
            }
        });
    }

    /// <summary>The request goes out once more, so it may arrive for as long again.</summary>
    private void Extend(Sending sending)
    {
        var set = _desk.Store.LoadSkus(sending.Push.Elements.Select(e => e.Sku));
        var carried = Deadlines.Extend(set, sending.Push, _desk.Agenda.Now);
        if (carried && !tenure.Commit(set))
        {
            tenure.Later(Sweep, () => Extend(sending));
            return;
        }

        if (carried)
        {
            _desk.Tally.Add("requests asked again under their key");
            _desk.Possible[sending.Push.Id] = Deadlines.Of(_desk.Agenda.Now);
        }

        tenure.Then(() => Go(sending, new SendInput.Extended(carried, tenure.IsHeld)));
    }

    /// <summary>The write reaches the channel.</summary>
    private ElementOutcome[] Arrive(Push push)
    {
        if (_desk.Agenda.Now >= _desk.Possible[push.Id])
        {
            _desk.Complain($"a request reaches channel {_desk.Shop.Number} at a moment when it is not counted as possible any more");
        }

        var persists = !_desk.Chance(_desk.Faults.NotPersisted);
        _desk.Tally.Add("writes", push.Elements.Length);
        _desk.Tally.Add("writes acknowledged and not done", persists ? 0 : push.Elements.Length);
        _desk.Tally.Add("writes that park or bring back units", push.Kind == PushKind.Move ? push.Elements.Length : 0);
        _desk.Tally.Add("writes of on-hand beside parked units", push.Kind == PushKind.Adjust ? push.Elements.Length : 0);
        var elements = push.Elements.Select(e => new LevelWrite(
            WorldSettings.IndexOf(e.Sku), int.Parse(e.ExternalLocation[1..], System.Globalization.CultureInfo.InvariantCulture),
            e.From, e.To, e.ParkedFrom, e.ParkedTo)).ToList();
        if (_desk.Settings.Mistake == Mistake.CompareWithFreshRead)
        {
            elements = [.. elements.Select(e => e with { From = _desk.Shop.Available(e.Sku, e.Location) })];
        }

        return tenure.Worker.Find(_desk, Mistake.SendByNumber).Shop.Write(push.Id, push.Kind, elements, persists);
    }

    /// <summary>Surely not carried out.</summary>
    private void NotDone(Sending sending, bool refused)
    {
        Go(sending, new SendInput.NotDone(null, Wrong: false, MayRepeat: !refused));
        _pausedUntil = _desk.Agenda.Now + TimeSpan.FromSeconds(5);
        if (refused && _desk.Channel.Publishes)
        {
            _desk.SetStatus(ConnectionStatus.Suspended);
        }
    }

    private void Settle(Push push, ImmutableArray<ElementAnswer> answers)
    {
        var set = _desk.Store.LoadSkus(push.Elements.Select(e => e.Sku));
        Settlement.Settle(set, push, answers, _desk.Agenda.Now);
        ElementOutcome[] outcomes = [.. answers.Select(a => a.Outcome)];
        _plans.Settled(set, push, outcomes);
        if (!tenure.Commit(set))
        {
            tenure.Later(Sweep, () => Settle(push, answers));
            return;
        }

        _flying--;
        if (outcomes.Contains(ElementOutcome.Unknown))
        {
            _desk.Unanswered.Add(push.Id);
        }

        if (outcomes.Contains(ElementOutcome.Acknowledged))
        {
            _desk.Measure(push.Elements.Where(e => e.To < e.From).Select(e => e.CauseAt).OfType<DateTimeOffset>());
        }

        if (_desk.Settings.Mistake == Mistake.TrustAcknowledgements)
        {
            Forget(push, l => l with { Unverified = [] });
        }
        else if (_desk.Settings.Mistake == Mistake.ForgetLateRequests)
        {
            Forget(push, l => l.InFlight?.Push == push.Id ? l with { InFlight = l.InFlight with { Deadline = _desk.Agenda.Now } } : l);
        }

        Wake();
    }

    private void Forget(Push push, Func<Core.Levels.LevelState, Core.Levels.LevelState> change)
    {
        var set = _desk.Store.LoadSkus(push.Elements.Select(e => e.Sku));
        foreach (var element in push.Elements)
        {
            var sku = set.FindSku(element.Sku)!;
            set.Put(sku.With(change(sku.FindLevel(element.Level)!)));
        }

        Replanner.Replan(set, _desk.Agenda.Now);
        _desk.Store.Save(set);
    }
}
