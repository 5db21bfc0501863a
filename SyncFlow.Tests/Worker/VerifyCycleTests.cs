using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class VerifyCycleTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly VerifySettings Settings = VerifySettings.Default;

    private DateTimeOffset _now = Start;
    private VerifyState _state = VerifyState.Of(VerifyPurpose.Prove);

    [Fact]
    public void A_reading_counts_only_after_every_order_up_to_it_is_visible_and_fetched()
    {
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
        Step(new VerifyInput.OrdersApplied()).ShouldBe(new VerifyEffect.ReadLevels(ReadingKind.Drained));
        var wait = Step(new VerifyInput.LevelsRead([Reading()], _now, false)).ShouldBeOfType<VerifyEffect.Wait>();
        wait.Until.ShouldBe(_now + Settings.Lag);

        _now = wait.Until - TimeSpan.FromMilliseconds(1);
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.Wait>();
        _now = wait.Until;
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
        Step(new VerifyInput.OrdersApplied()).ShouldBeOfType<VerifyEffect.Store>().Readings.Length.ShouldBe(1);
        Step(new VerifyInput.Stored()).ShouldBeOfType<VerifyEffect.Wait>();
        _state.Phase.ShouldBe(VerifyPhase.Idle);
    }

    [Fact]
    public void Attribution_reads_and_stores_without_waiting_for_visibility()
    {
        _state = VerifyState.Of(VerifyPurpose.Attribute);
        Step(new VerifyInput.Tick(false)).ShouldBeOfType<VerifyEffect.Wait>();
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
        Step(new VerifyInput.OrdersApplied()).ShouldBe(new VerifyEffect.ReadLevels(ReadingKind.Plain));
        Step(new VerifyInput.LevelsRead([Reading()], _now, false)).ShouldBeOfType<VerifyEffect.Store>();
        Step(new VerifyInput.Stored());

        _now += VerifySettings.AttributeEvery - TimeSpan.FromMilliseconds(1);
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.Wait>();
        _now += TimeSpan.FromMilliseconds(1);
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
    }

    [Fact]
    public void With_nothing_unproven_orders_are_polled_once_a_minute_and_no_level_is_read()
    {
        Step(new VerifyInput.Tick(false)).ShouldBeOfType<VerifyEffect.FetchOrders>();
        Step(new VerifyInput.OrdersApplied()).ShouldBeOfType<VerifyEffect.Wait>();
        _now = Start + TimeSpan.FromSeconds(59);
        Step(new VerifyInput.Tick(false)).ShouldBe(new VerifyEffect.Wait(Start + TimeSpan.FromSeconds(60)));
        _now = Start + TimeSpan.FromSeconds(60);
        Step(new VerifyInput.Tick(false)).ShouldBeOfType<VerifyEffect.FetchOrders>();
    }

    [Fact]
    public void A_cycle_that_left_levels_over_is_followed_at_once_and_others_after_five_seconds()
    {
        Cycle(more: true);
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
        Step(new VerifyInput.OrdersApplied());
        Step(new VerifyInput.LevelsRead([], _now, false));
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.Wait>();
        _now += Settings.Every;
        Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
    }

    [Fact]
    public void Failures_wait_longer_each_time_up_to_a_minute_and_a_success_forgets_them()
    {
        var waits = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            Step(new VerifyInput.Tick(true)).ShouldBeOfType<VerifyEffect.FetchOrders>();
            var until = Step(new VerifyInput.Failed()).ShouldBeOfType<VerifyEffect.Wait>().Until;
            waits.Add((until - _now).TotalSeconds);
            _now = until;
        }

        waits.ShouldBe([5, 10, 20, 40, 60, 60]);
        Cycle(more: false);
        _state.Failures.ShouldBe(0);
    }

    [Fact]
    public void A_lease_holder_that_cannot_renew_stops_before_another_may_start()
    {
        var (state, effect) = LeaseMachine.Step(LeaseState.None, new LeaseInput.Tick(), Start);
        effect.ShouldBe(LeaseEffect.Acquire);
        (state, effect) = LeaseMachine.Step(state, new LeaseInput.Granted(7, Start), Start + TimeSpan.FromSeconds(1));
        effect.ShouldBe(LeaseEffect.Start);
        for (var now = Start + TimeSpan.FromSeconds(3); ; now += TimeSpan.FromSeconds(1))
        {
            (state, effect) = LeaseMachine.Step(state, new LeaseInput.Tick(), now);
            if (effect == LeaseEffect.Stop)
            {
                now.ShouldBeLessThan(Start + LeaseMachine.Ttl);
                state.Held.ShouldBeFalse();
                return;
            }

            effect.ShouldBe(LeaseEffect.Renew);
            (state, effect) = LeaseMachine.Step(state, new LeaseInput.Failed(), now);
            if (effect == LeaseEffect.Stop)
            {
                now.ShouldBeLessThan(Start + LeaseMachine.Ttl);
                return;
            }
        }
    }

    [Fact]
    public void A_renewal_under_another_epoch_stops_the_loop()
    {
        var held = new LeaseState(7, Start + LeaseMachine.Ttl, Start);
        LeaseMachine.Step(held, new LeaseInput.Granted(8, Start), Start).Effect.ShouldBe(LeaseEffect.Stop);
        LeaseMachine.Step(held, new LeaseInput.Refused(), Start).Effect.ShouldBe(LeaseEffect.Stop);
    }

    private void Cycle(bool more)
    {
        Step(new VerifyInput.Tick(true));
        Step(new VerifyInput.OrdersApplied());
        Step(new VerifyInput.LevelsRead([Reading()], _now, more));
        _now += Settings.Lag;
        Step(new VerifyInput.Tick(true));
        Step(new VerifyInput.OrdersApplied());
        Step(new VerifyInput.Stored());
    }

    private VerifyEffect Step(VerifyInput input)
    {
        (_state, var effect) = VerifyCycle.Step(_state, input, _now, Settings);
        return effect;
    }

    private static Reading Reading() => new(new LevelId(1), ReadingKind.Drained, 1, 5, 5, 0, Start, 0, 0, 0, 0);
}
