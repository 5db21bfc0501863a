using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>Carries out the verify cycle of one connection, for one of its two purposes.</summary>
internal sealed class VerifierLoop(ChannelDesk desk, VerifyPurpose purpose)
{
    /// <summary>Nothing is missed for longer than this, whatever wake-up got lost.</summary>
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(20);

    private VerifyState _state = VerifyState.Of(purpose);
    private long _readings;
    private long _ticket;
    private DateTimeOffset _tickAt;

    private VerifySettings Settings => desk.Settings.Mistake == Mistake.IgnoreVisibilityLag
        ? VerifySettings.Default with { Lag = TimeSpan.Zero }
        : VerifySettings.Default;

    /// <summary>A new worker begins from rest.</summary>
    public void Restart()
    {
        _state = VerifyState.Of(purpose);
        _tickAt = DateTimeOffset.MaxValue;
        _ticket++;
        Tick();
    }

    /// <summary>Something changed: look again when it is time, if anything waits now.</summary>
    public void Wake()
    {
        if (desk.Alive && _state.Phase == VerifyPhase.Idle && _tickAt > desk.Agenda.Now + Least && desk.Any(Waits))
        {
            TickIn(Least);
        }
    }

    private void TickIn(TimeSpan wait)
    {
        var ticket = ++_ticket;
        _tickAt = desk.Agenda.Now + wait;
        desk.Later(wait, () =>
        {
            if (ticket == _ticket)
            {
                Tick();
            }
        });
    }

    private void Tick() => Advance(new VerifyInput.Tick(desk.Any(Waits)));

    private bool Waits(LevelState level)
    {
        if (!level.MayBeRead(desk.Agenda.Now))
        {
            return false;
        }

        return level.Status != LevelStatus.Gone && (purpose == VerifyPurpose.Attribute
            ? level.AwaitsAttribution
            : level.NeedsReading || level.UnverifiedUnits > 0 || level.Suspense > 0 || level.Surplus > 0
                || level.InFlight is not null || level.Status == LevelStatus.New);
    }

    private void Advance(VerifyInput input)
    {
        (_state, var effect) = VerifyCycle.Step(_state, input, desk.Agenda.Now, Settings);
        switch (effect)
        {
            case VerifyEffect.Wait wait:
                var pause = wait.Until - desk.Agenda.Now;
                TickIn(pause < Least ? Least : pause < Sweep ? pause : Sweep);
                break;
            case VerifyEffect.FetchOrders:
                Call(() => desk.FetchOrders(Still(() => Advance(new VerifyInput.OrdersApplied()))));
                break;
            case VerifyEffect.ReadLevels read:
                Read(read.Kind);
                break;
            case VerifyEffect.Store store:
                Store(store.Readings);
                break;
        }
    }

    /// <summary>Not for a worker that has died since.</summary>
    private Action Still(Action what)
    {
        var life = desk.Life;
        return () =>
        {
            if (life == desk.Life)
            {
                what();
            }
        };
    }

    private void Call(Action what, Action? failed = null) => desk.Later(desk.Between(20, 500), () =>
    {
        if (!desk.Shop.Down && !desk.Shop.Refuses)
        {
            what();
            return;
        }

        failed?.Invoke();

        if (desk.Shop.Refuses && !desk.Shop.Down && desk.Channel.Publishes)
        {
            desk.SetStatus(ConnectionStatus.Suspended);
        }

        Advance(new VerifyInput.Failed());
    });

    private void Read(ReadingKind kind)
    {
        var marked = desk.Agenda.Now;
        var marks = desk.Levels().Select(l => l.Level).Where(Waits).ToList();
        var levels = marks.Select(l => l.Id).ToHashSet();
        desk.Hold(levels, 1);
        desk.Tally.Add(kind == ReadingKind.Drained ? "drained readings" : "plain readings", marks.Count);
        Call(Look, () => desk.Hold(levels, -1));

        // A level that is new, or counted again, is taken into service by its reading.
        ReadingKind KindOf(LevelState mark) =>
            kind == ReadingKind.Drained && mark.Status == LevelStatus.New ? ReadingKind.Baseline : kind;

        void Look()
        {
            var readings = marks.Select(mark => new Reading(
                mark.Id, KindOf(mark), mark.Generation, desk.Shop.Available(SkuOf(mark), (int)mark.Location.Value), 0,
                desk.Shop.Committed(SkuOf(mark), (int)mark.Location.Value), marked, mark.SoldTotal, mark.PutBackTotal,
                mark.PushedTotal, mark.OpenClaims, Reserved: desk.Shop.Reserved(SkuOf(mark), (int)mark.Location.Value),
                Version: desk.Shop.LastTick, SafetyStock: desk.Shop.Parked(SkuOf(mark), (int)mark.Location.Value),
                ParkedMark: mark.Shelf?.MovedTotal ?? 0)).Select(r => r with { OnHand = r.Available + r.Committed + r.Reserved + r.SafetyStock!.Value }).ToImmutableArray();
            desk.Later(desk.Between(20, 500), () =>
            {
                desk.Hold(levels, -1);
                Advance(new VerifyInput.LevelsRead(readings, desk.Agenda.Now, More: false));
            });
        }
    }

    private static int SkuOf(LevelState level) => WorldSettings.IndexOf(new Core.SkuId(level.Listing.Value / 100));

    private void Store(ImmutableArray<Reading> readings)
    {
        var left = readings.Length;
        foreach (var reading in readings)
        {
            var fact = new LevelRead(
                $"reading:{desk.Shop.Number}:{purpose}:{++_readings}", desk.Connection, null, desk.Agenda.Now, reading);
            desk.Pipeline.Deliver(fact, Still(() =>
            {
                if (--left == 0)
                {
                    Advance(new VerifyInput.Stored());
                }
            }));
        }
    }
}
