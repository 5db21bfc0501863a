using System.Collections.Immutable;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>Carries out the verify cycle of one connection, for one of its two purposes.</summary>
internal sealed class VerifierLoop(Tenure tenure, VerifyPurpose purpose)
{
    /// <summary>Nothing is missed for longer than this, whatever wake-up got lost.</summary>
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(20);

    private readonly ChannelDesk _desk = tenure.Desk;
    private VerifyState _state = VerifyState.Of(purpose);
    private long _ticket;
    private DateTimeOffset _tickAt = DateTimeOffset.MaxValue;

    private VerifySettings Settings => _desk.Settings.Mistake == Mistake.IgnoreVisibilityLag
        ? VerifySettings.Default with { Lag = TimeSpan.Zero }
        : VerifySettings.Default;

    /// <summary>Begins from rest.</summary>
    public void Begin()
    {
        _ticket++;
        Tick();
    }

    /// <summary>Something changed: look again when it is time, if anything waits now.</summary>
    public void Wake()
    {
        if (!tenure.IsOver && _state.Phase == VerifyPhase.Idle && _tickAt > _desk.Agenda.Now + Least && _desk.Any(Waits))
        {
            TickIn(Least);
        }
    }

    private void TickIn(TimeSpan wait)
    {
        var ticket = ++_ticket;
        _tickAt = _desk.Agenda.Now + wait;
        tenure.Later(wait, () =>
        {
            if (ticket == _ticket)
            {
                Tick();
            }
        });
    }

    private void Tick() => Advance(new VerifyInput.Tick(_desk.Any(Waits)));

    private bool Waits(LevelState level)
    {
        if (!level.MayBeRead(_desk.Agenda.Now))
        {
            return false;
        }

        return level.Status != LevelStatus.Gone && (purpose == VerifyPurpose.Attribute
            ? level.AwaitsAttribution
            : level.WantsReading || level.UnverifiedUnits > 0 || level.Suspense > 0 || level.Surplus > 0
                || level.InFlight is not null || level.Status == LevelStatus.New);
    }

    private void Advance(VerifyInput input)
    {
        (_state, var effect) = VerifyCycle.Step(_state, input, _desk.Agenda.Now, Settings);
        switch (effect)
        {
            case VerifyEffect.Wait wait:
                var pause = wait.Until - _desk.Agenda.Now;
                TickIn(pause < Least ? Least : pause < Sweep ? pause : Sweep);
                break;
            case VerifyEffect.FetchOrders:
                Call(() => _desk.FetchOrders(() => tenure.Now(() => Advance(new VerifyInput.OrdersApplied()))));
                break;
            case VerifyEffect.ReadLevels read:
                Read(read.Kind);
                break;
            case VerifyEffect.Store store:
                Store(store.Readings);
                break;
        }
    }

    private void Call(Action what, Action? failed = null) => tenure.Later(_desk.Between(20, 500), () =>
    {
        if (!_desk.Shop.Down && !_desk.Shop.Refuses)
        {
            what();
            return;
        }

        failed?.Invoke();

        if (_desk.Shop.Refuses && !_desk.Shop.Down && _desk.Channel.Publishes)
        {
            _desk.SetStatus(ConnectionStatus.Suspended);
        }

        Advance(new VerifyInput.Failed());
    });

    private void Read(ReadingKind kind)
    {
        var marked = _desk.Agenda.Now;
        var marks = _desk.Levels().Select(l => l.Level).Where(Waits).ToList();
        var levels = marks.Select(l => l.Id).ToHashSet();
        tenure.Hold(levels, 1);
        _desk.Tally.Add(kind == ReadingKind.Drained ? "drained readings" : "plain readings", marks.Count);
        Call(Look, () => tenure.Hold(levels, -1));

        // A level that is new, or counted again, is taken into service by its reading.
        ReadingKind KindOf(LevelState mark) =>
            kind == ReadingKind.Drained && mark.Status == LevelStatus.New ? ReadingKind.Baseline : kind;

        void Look()
        {
            var readings = marks.Select(mark => new Reading(
                mark.Id, KindOf(mark), mark.Generation, _desk.Shop.Available(SkuOf(mark), (int)mark.Location.Value), 0,
                _desk.Shop.Committed(SkuOf(mark), (int)mark.Location.Value), marked, mark.SoldTotal, mark.PutBackTotal,
                mark.PushedTotal, mark.OpenClaims, Reserved: _desk.Shop.Reserved(SkuOf(mark), (int)mark.Location.Value),
                Version: _desk.Shop.LastTick, SafetyStock: _desk.Shop.Parked(SkuOf(mark), (int)mark.Location.Value),
                ParkedMark: mark.Shelf?.MovedTotal ?? 0)).Select(r => r with { OnHand = r.Available + r.Committed + r.Reserved + r.SafetyStock!.Value }).ToImmutableArray();
            tenure.Later(_desk.Between(20, 500), () =>
            {
                tenure.Hold(levels, -1);
                tenure.Then(() => Advance(new VerifyInput.LevelsRead(readings, _desk.Agenda.Now, More: false)));
            });
        }
    }

    private static int SkuOf(LevelState level) => WorldSettings.IndexOf(new Core.SkuId(level.Listing.Value / 100));

    private void Store(ImmutableArray<Reading> readings)
    {
        if (!tenure.MayStore())
        {
            return; // Its marks count on no push but its own.
        }

        var (left, inbox) = (readings.Length, tenure.Worker.Find(_desk, Mistake.DeliverByNumber).Pipeline);
        foreach (var reading in readings)
        {
            var fact = new LevelRead(
                $"reading:{_desk.Shop.Number}:{purpose}:{++_desk.Readings}", _desk.Connection, null, _desk.Agenda.Now, reading);
            inbox.Deliver(fact, () => tenure.Now(() =>
            {
                if (--left == 0)
                {
                    Advance(new VerifyInput.Stored());
                }
            }));
        }
    }
}
