using SyncFlow.Core.Engine;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>Publishes one connection: plans under lock, stores the intent, sends, settles; each a step that a crash may follow.</summary>
internal sealed class PublisherLoop(ChannelDesk desk)
{
    private const int MostInFlight = 4;
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Waits before a lost answer is asked for again.</summary>
    private static readonly TimeSpan[] Replays =
        [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    private readonly MistakenPlans _plans = new(desk);
    private long _pushes;
    private int _flying;
    private bool _arranged;
    private DateTimeOffset _pausedUntil;

    /// <summary>Looks for something to say, soon.</summary>
    public void Wake(bool now = true)
    {
        if (!_arranged && desk.Alive)
        {
            _arranged = true;
            desk.Later(now ? desk.Between(1, 60) : Sweep, () =>
            {
                _arranged = false;
                Publish();
            });
        }
    }

    /// <summary>Something was committed.</summary>
    public void Told()
    {
        if (!_arranged && desk.Alive && desk.Any(_plans.WantsPush))
        {
            Wake();
        }
    }

    /// <summary>
    /// A new worker: nothing of the old one's memory is left. Where the channel keeps keys it asks again what became of
    /// the pushes it finds without an answer; they may never have been sent.
    /// </summary>
    public void Restart()
    {
        _flying = 0;
        _arranged = false;
        var left = desk.Levels().Select(l => l.Level.InFlight?.Push).OfType<Guid>().Distinct().ToList();
        foreach (var push in desk.Shop.KeepsKeys ? left : [])
        {
            if (Extend(desk.Pushes[push]))
            {
                _flying++;
                Send(desk.Pushes[push], replays: 1);
            }
        }

        Wake();
    }

    private void Publish()
    {
        if (_flying >= MostInFlight || !desk.Channel.Publishes)
        {
            return;
        }

        var candidates = desk.Levels()
            .Where(l => _plans.WantsPush(l.Level) && !desk.Held.ContainsKey(l.Level.Id))
            .OrderBy(l => PushPriority.Of(l.Sku, l.Level)).ThenBy(l => l.Level.Id.Value)
            .Take(PublishLimits.LevelsPerPush)
            .Select(l => new PlanCandidate(l.Sku.Sku, l.Level.Id, Shop.Item(WorldSettings.IndexOf(l.Sku.Sku)), Shop.Place((int)l.Level.Location.Value)))
            .ToList();
        if (candidates.Count == 0)
        {
            return;
        }

        if (desk.Agenda.Now < _pausedUntil)
        {
            Wake(now: false);
            return;
        }

        var set = desk.Store.LoadSkus(candidates.Select(c => c.Sku));
        var id = new Guid(desk.Shop.Number, 0, 0, BitConverter.GetBytes(++_pushes));
        var planned = _plans.Plan(set, candidates, id);
        if (!desk.Pipeline.Commit(set))
        {
            Wake();
        }
        else if (planned is { } push)
        {
            _flying++;
            desk.Writes++;
            desk.Pushes[push.Id] = push;
            Send(push, replays: 0);
            Wake();
        }
    }

    private void Send(Push push, int replays)
    {
        var faults = desk.Faults;
        if (desk.Chance(faults.Late))
        {
            // It hangs somewhere on the way, and arrives when nobody waits for it any more.
            desk.Tally.Add("requests that arrive minutes late");
            var wait = desk.Random.NextDouble() * (PublishLimits.LateArrival - TimeSpan.FromSeconds(1));
            desk.Agenda.In(wait, () => Arrive(push));
            desk.Later(Timeout, () => Lost(push, replays));
            return;
        }

        desk.Agenda.In(desk.Between(20, 800), () =>
        {
            if (desk.Shop.Down || desk.Shop.Refuses)
            {
                var refused = desk.Shop.Refuses && !desk.Shop.Down;
                desk.Later(desk.Between(5, 100), () => NotDone(push, replays, refused));
                return;
            }

            var outcomes = Arrive(push);
            var lost = desk.Chance(faults.LostAnswer);
            if (lost)
            {
                desk.Tally.Add("answers lost");
                desk.Later(Timeout, () => Lost(push, replays));
            }
            else
            {
                desk.Later(desk.Between(5, 800), () => Settle(push, outcomes));
            }
        });
    }

    /// <summary>No answer: asked for again under the same key where that is proven to do nothing twice (rule R8).</summary>
    private void Lost(Push push, int replays)
    {
        if (!desk.Shop.KeepsKeys || replays == Replays.Length)
        {
            Settle(push, [.. push.Elements.Select(_ => ElementOutcome.Unknown)]);
            return;
        }

        desk.Later(Replays[replays], () =>
        {
            if (Extend(push))
            {
                desk.Tally.Add("requests asked again under their key");
                Send(push, replays + 1);
            }
            else
            {
                Settle(push, [.. push.Elements.Select(_ => ElementOutcome.Unknown)]);
            }
        });
    }

    /// <summary>The request goes out once more, so it may arrive for as long again; false when nobody waits for it.</summary>
    private bool Extend(Push push)
    {
        var set = desk.Store.LoadSkus(push.Elements.Select(e => e.Sku));
        var waits = false;
        foreach (var element in push.Elements)
        {
            var sku = set.FindSku(element.Sku)!;
            var level = sku.FindLevel(element.Level)!;
            if (level.InFlight is { } flying && flying.Push == push.Id)
            {
                waits = true;
                set.Put(sku.With(level with { InFlight = flying with { Deadline = desk.Agenda.Now + PublishLimits.LateArrival } }));
            }
        }

        return waits && desk.Pipeline.Commit(set);
    }

    /// <summary>The write reaches the channel.</summary>
    private ElementOutcome[] Arrive(Push push)
    {
        var persists = !desk.Chance(desk.Faults.NotPersisted);
        desk.Tally.Add("writes", push.Elements.Length);
        desk.Tally.Add("writes acknowledged and not done", persists ? 0 : push.Elements.Length);
        desk.Tally.Add("writes that park or bring back units", push.Kind == PushKind.Move ? push.Elements.Length : 0);
        desk.Tally.Add("writes of on-hand beside parked units", push.Kind == PushKind.Adjust ? push.Elements.Length : 0);
        var elements = push.Elements.Select(e => new LevelWrite(
            WorldSettings.IndexOf(e.Sku), int.Parse(e.ExternalLocation[1..], System.Globalization.CultureInfo.InvariantCulture),
            e.From, e.To, e.ParkedFrom, e.ParkedTo)).ToList();
        if (desk.Settings.Mistake == Mistake.CompareWithFreshRead)
        {
            elements = [.. elements.Select(e => e with { From = desk.Shop.Available(e.Sku, e.Location) })];
        }

        return desk.Shop.Write(push.Id, push.Kind, elements, persists);
    }

    /// <summary>Surely not carried out; but of a request that was sent before, under the same key, it says nothing.</summary>
    private void NotDone(Push push, int replays, bool refused)
    {
        if (replays == 0)
        {
            Settle(push, [.. push.Elements.Select(_ => ElementOutcome.NotSent)]);
        }
        else
        {
            Lost(push, replays);
        }

        _pausedUntil = desk.Agenda.Now + TimeSpan.FromSeconds(5);
        if (refused && desk.Channel.Publishes)
        {
            desk.SetStatus(ConnectionStatus.Suspended);
        }
    }

    private void Settle(Push push, ElementOutcome[] outcomes)
    {
        var set = desk.Store.LoadSkus(push.Elements.Select(e => e.Sku));
        Settlement.Settle(set, push, [.. push.Elements.Select((e, i) => new ElementAnswer(e.Level, outcomes[i], null, desk.Shop.DoneBy(push.Id)))], desk.Agenda.Now);
        _plans.Settled(set, push, outcomes);
        if (!desk.Pipeline.Commit(set))
        {
            desk.Later(Sweep, () => Settle(push, outcomes));
            return;
        }

        _flying--;
        if (outcomes.Contains(ElementOutcome.Unknown))
        {
            desk.Unanswered.Add(push.Id);
        }

        if (outcomes.Contains(ElementOutcome.Acknowledged))
        {
            desk.Measure(push.Elements.Where(e => e.To < e.From).Select(e => e.CauseAt).OfType<DateTimeOffset>());
        }

        if (desk.Settings.Mistake == Mistake.TrustAcknowledgements)
        {
            Forget(push, l => l with { Unverified = [] });
        }
        else if (desk.Settings.Mistake == Mistake.ForgetLateRequests)
        {
            Forget(push, l => l.InFlight?.Push == push.Id ? l with { InFlight = l.InFlight with { Deadline = desk.Agenda.Now } } : l);
        }

        Wake();
    }

    private void Forget(Push push, Func<Core.Levels.LevelState, Core.Levels.LevelState> change)
    {
        var set = desk.Store.LoadSkus(push.Elements.Select(e => e.Sku));
        foreach (var element in push.Elements)
        {
            var sku = set.FindSku(element.Sku)!;
            set.Put(sku.With(change(sku.FindLevel(element.Level)!)));
        }

        Replanner.Replan(set, desk.Agenda.Now);
        desk.Store.Save(set);
    }
}
