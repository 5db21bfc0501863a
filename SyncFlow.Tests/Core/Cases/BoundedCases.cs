using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Bounded guard (rule R15): channel 2 takes whatever value it is told, and keeps a lag reserve instead of going through zero.</summary>
public sealed class BoundedCases
{
    /// <summary>With nine units in a thousand seconds: three.</summary>
    private static readonly BoundedGuard Guard = new(100);

    [Theory]
    [InlineData(0, 100, 3, 0)]
    [InlineData(0.000001, 100, 3, 1)]
    [InlineData(0.01, 100, 3, 3)]
    [InlineData(0.0101, 100, 3, 4)]
    [InlineData(0.1, 30, 1, 3)]
    [InlineData(0.0002, 10, 10, 1)]
    [InlineData(2, 3_600, 10, 72_000)]
    [InlineData(1e12, 3_600, 10, int.MaxValue / 4)]
    public void R15_The_reserve_is_pace_times_lag_times_factor_rounded_up(double pace, double lag, double factor, int units) =>
        LagReserves.Units(pace, new BoundedGuard(lag, factor)).ShouldBe(units);

    [Fact]
    public void R15_The_pace_is_the_channels_own_lately_or_over_all_and_fades()
    {
        var now = new DateTimeOffset(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
        var pace = new ChannelPace(new ConnectionId(2), 0, 0, now, Showing: true);
        pace.PerSecond(now).ShouldBe(0, "nothing was ever sold there");

        // A single sale is no spike: one unit is kept.
        LagReserves.Units(pace.After(1, true, now).PerSecond(now), Guard).ShouldBe(1);
        for (var n = 0; n < 30; n++)
        {
            pace = pace.After(1, true, now = now.AddSeconds(4));
        }

        // Thirty within two minutes: 27 of them still count, over ten minutes.
        LagReserves.Units(pace.PerSecond(now), Guard).ShouldBe(14);
        LagReserves.Units(pace.PerSecond(now.AddMinutes(30)), Guard).ShouldBe(3, "30 units in the first hour");
        LagReserves.Units(pace.PerSecond(now.AddDays(20)), Guard).ShouldBe(1);
        LagReserves.Units(pace.After(0, true, now).PerSecond(now), Guard).ShouldBe(14, "sales elsewhere are none of its own");
    }

    [Fact]
    public void R15_A_bounded_level_goes_straight_to_its_quota_and_keeps_its_reserve()
    {
        var desk = Bounded(onHand: 20, 4, 13, reserve: 3);
        desk.Touch();
        var push = desk.Plan(2)!;
        (push.Elements[0].From, push.Elements[0].To).ShouldBe((13, 7), "its share of ten less three");
        desk[2].InFlight!.Kind.ShouldBe(WriteKind.Overwrite);
        desk.Settle(push, ElementOutcome.Acknowledged);
        (desk[2].Belief, desk[2].LagReserve, desk[2].UpperBound).ShouldBe((7, 3, 16), "six are acknowledged and not proven");
        desk.Plan(1).ShouldBeNull();
        desk.Read(2, ReadingKind.Drained, available: 7);
        (desk[2].UpperBound, desk.Publish(1)!.To).ShouldBe((10, 10));
        desk.Exposure.ShouldBe(new Exposure(20, 20, 0, ""));

        // The other way too, without a word of zero.
        desk.Receive("r", 40);
        (desk.Publish(1)!.To, desk.Publish(2)!.To).ShouldBe((30, 27));
        desk[2].InFlight.ShouldBeNull("an acknowledgement ends it");
    }

    [Fact]
    public void R15_What_a_write_put_back_is_covered_by_the_reserve_until_a_reading_finds_it()
    {
        var desk = Bounded(onHand: 20, 10, 7, reserve: 3);
        desk.Touch();
        desk.Receive("r", 20);
        desk.Publish(1);

        // Two were sold there before the write arrives, and nobody knew.
        desk.Publish(2)!.To.ShouldBe(17);
        desk.Order(2, Desk.Snapshot("1", 2, desk.Now));
        (desk[2].Belief, desk.Ats).ShouldBe((15, 38));
        desk[2].UpperBound.ShouldBeGreaterThanOrEqualTo(17, "it shows 17");
        desk.Exposure.Units.ShouldBe(0);
        desk.Read(2, ReadingKind.Drained, available: 17);
        (desk[2].Belief, desk.Drift.Count, desk[2].FailedVerifications).ShouldBe((17, 0, 0));
    }

    [Fact]
    public void R15_More_than_the_reserve_is_exposed_and_named()
    {
        var desk = Bounded(onHand: 20, 10, 7, reserve: 3);
        desk.Touch();
        desk.Receive("r", 20);
        desk.Publish(1);
        desk.Read(1, ReadingKind.Drained, available: 20);
        desk.Publish(2)!.To.ShouldBe(17);
        desk.Order(2, Desk.Snapshot("1", 9, desk.Now));
        desk.Read(2, ReadingKind.Drained, available: 17);
        desk[2].Belief.ShouldBe(17);
        desk.State.Mode.ShouldBe(EffectiveMode.Guard);
        (desk.Exposure.Units, desk.Exposure.Cause).ShouldBe((desk[2].LagReserve + 17 + 20 - 31, Exposures.BoundedCause));
        Exposures.BoundedCause.ShouldStartWith("bounded");
        desk.Publish(2)!.To.ShouldBeLessThan(17, "and taken back at once");
    }

    [Fact]
    public void R15_A_spike_takes_units_off_the_channel_and_is_exposed_until_they_are()
    {
        var desk = Bounded(onHand: 60, 30, 27, reserve: 3);
        desk.Touch();
        desk.Plan(2).ShouldBeNull();
        for (var n = 1; n <= 12; n++)
        {
            desk.Now = desk.Now.AddSeconds(5);
            desk.Order(2, Desk.Snapshot($"{n}", 1, desk.Now));
        }

        desk[2].LagReserve.ShouldBe(6);
        (desk.Exposure.Units, desk.Exposure.Cause).ShouldBe((3, Exposures.BoundedCause));
        desk.Publish(1)!.To.ShouldBe(27, "it has more than its share, so it gives what the reserve rose by");
        desk.Read(1, ReadingKind.Drained, available: 27);
        desk.Exposure.Units.ShouldBe(0);
        desk.State.OversoldGuardedUnits.ShouldBe(0);
    }

    [Fact]
    public void R15_A_share_no_larger_than_the_reserve_goes_through_zero()
    {
        var desk = Bounded(onHand: 6, 0, 6);
        desk.Touch();
        var push = desk.Plan(2)!;
        push.Elements[0].To.ShouldBe(0);
        desk[2].InFlight!.Kind.ShouldBe(WriteKind.ThroughZero);
        desk.Settle(push, ElementOutcome.Acknowledged);
        desk.Read(2, ReadingKind.Drained, available: 0);
        (desk.Publish(2)!.To, desk[2].LagReserve).ShouldBe((3, 0), "nothing on it is in doubt, so all of its share is sold");
        desk.Publish(1)!.To.ShouldBe(3);
        desk.Exposure.ShouldBe(new Exposure(6, 6, 0, ""));
    }

    [Fact]
    public void R15_A_level_that_sold_what_values_put_back_is_not_written_below_zero()
    {
        // By our account two units were sold there beyond what it showed, and it may show some still.
        var desk = Bounded(onHand: 3, 2, -2, reserve: 1, sold: 1);
        desk.Arrange(2, level => level with { NeedsReading = true });
        desk.Touch();
        desk.Exposure.ShouldBe(new Exposure(3, 2, 0, ""));
        desk.Plan(2).ShouldBeNull("one unit is free: it would be lifted to one below zero, and its reserve would cover nothing");
        (desk[2].Target, desk[2].UpperBound).ShouldBe((-2, -1));

        // With enough of them it rises to something that sells, and keeps its reserve.
        desk.Receive("r", 9);
        desk.Publish(2)!.To.ShouldBeGreaterThan(0);
        desk[2].LagReserve.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(5)]
    public void R15_Units_that_went_missing_after_a_reading_was_taken_stay_in_suspense(int read)
    {
        var desk = Bounded(onHand: 20, 10, 7, reserve: 3);
        desk.Touch();
        var taken = desk.Mark(2, ReadingKind.Drained);
        desk.Now = desk.Now.AddSeconds(1);
        desk.Announce(2, 3, desk.Now);
        (desk[2].Belief, desk[2].Suspense).ShouldBe((3, 4));
        desk.Read(2, taken with { Available = read, Committed = desk[2].OpenClaims });
        (desk[2].Belief, desk[2].Suspense, desk[2].NeedsReading).ShouldBe((3, 4, true), "of four that are missing the reading may miss some too");

        // One that is taken after them tells.
        desk.Now = desk.Now.AddSeconds(1);
        desk.Read(2, ReadingKind.Drained, available: 7);
        (desk[2].Belief, desk[2].Suspense).ShouldBe((7, 0));
    }

    [Fact]
    public void R15_What_was_missing_when_a_value_was_written_is_not_found_by_a_reading_from_before_it()
    {
        var desk = Bounded(onHand: 20, 10, 7, reserve: 3);
        desk.Touch();
        desk.Announce(2, 3, desk.Now);
        desk.Now = desk.Now.AddSeconds(1);
        var taken = desk.Mark(2, ReadingKind.Drained);
        desk.Receive("r", 20);
        desk.Publish(1);
        var value = desk.Publish(2)!.To;
        desk.Read(2, taken with { Available = 7, Committed = desk[2].OpenClaims });
        (desk[2].Belief, desk[2].Suspense).ShouldBe((value, 4), "the value counted them as gone and lies there");
    }

    [Fact]
    public void R15_A_level_that_only_seems_to_be_at_zero_is_no_proven_zero()
    {
        var desk = Bounded(onHand: 20, 10, 7, sold: 0);
        desk.Arrange(2, level => level with { Belief = 0, NeedsReading = true });
        desk.Touch();
        desk.Plan(2)!.Elements[0].To.ShouldBe(10);
        desk[2].InFlight!.Kind.ShouldBe(WriteKind.Overwrite, "what it shows is not known");
    }

    [Fact]
    public void R15_The_reserve_stays_while_a_reading_cannot_tell_and_after_the_setting_is_gone()
    {
        var desk = Bounded(onHand: 20, 4, 16);
        desk.Touch();
        desk.Publish(2);
        var before = desk.Mark(2, ReadingKind.Drained);
        desk.Order(2, Desk.Snapshot("1", 1, desk.Now));
        desk.Read(2, before with { Available = 12, Committed = 1 });
        (desk[2].NeedsReading, desk[2].LagReserve).ShouldBe((true, 3), "a sale on either side may hide what was put back");

        desk.Arrange(sku => sku with { Sales = SalesMemory.None });
        desk.Touch();
        desk[2].LagReserve.ShouldBe(3, "the pace is gone, the doubt is not");
        desk.Configure(2, settings => settings with { Bounded = null });
        desk.Touch();
        desk[2].LagReserve.ShouldBe(3);
        desk.Read(2, ReadingKind.Drained, available: 12);
        (desk[2].NeedsReading, desk[2].LagReserve).ShouldBe((false, 0));
    }

    [Fact]
    public void R15_A_reserve_rises_at_once_and_falls_when_half_of_it_is_enough()
    {
        var desk = Bounded(onHand: 40, 20, 17, reserve: 6, sold: 200);
        desk.Touch();
        desk[2].LagReserve.ShouldBe(6, "six are still needed for 0.02 a second");
        Sold(desk, 120);
        desk.Touch();
        desk[2].LagReserve.ShouldBe(6, "four would do, and each fall is a write");
        Sold(desk, 90);
        desk.Touch();
        desk[2].LagReserve.ShouldBe(3);
        Sold(desk, 400);
        desk.Touch();
        desk[2].LagReserve.ShouldBe(12);
    }

    [Fact]
    public void R15_A_channel_that_compares_is_never_bounded()
    {
        BoundedGuard.Check(compares: true, null, null)!.Field.ShouldBe("enabled");
        BoundedGuard.Check(compares: false, null, null).ShouldBeNull();
        BoundedGuard.Check(compares: false, 0.5, null)!.Field.ShouldBe("lagSeconds");
        BoundedGuard.Check(compares: false, 3_601, 3)!.Field.ShouldBe("lagSeconds");
        BoundedGuard.Check(compares: false, double.NaN, 3)!.Field.ShouldBe("lagSeconds");
        BoundedGuard.Check(compares: false, 30, 0.9)!.Field.ShouldBe("factor");
        BoundedGuard.Check(compares: false, 30, 10.1)!.Field.ShouldBe("factor");
        BoundedGuard.Check(compares: false, 1, 10).ShouldBeNull();
        BoundedGuard.Of(null, null, 60, 10).ShouldBe(new BoundedGuard(70, 3));
        BoundedGuard.Of(null, 2, null, 10).ShouldBe(new BoundedGuard(130, 2));
        BoundedGuard.Of(45, null, 60, 10).ShouldBe(new BoundedGuard(45, 3));

        var desk = Bounded(onHand: 20, 4, 16);
        desk.Configure(2, settings => settings with { CompareAndSet = true });
        desk.Touch();
        desk.Publish(2)!.To.ShouldBe(10, "nothing is kept off it");
        desk[2].LagReserve.ShouldBe(0);
    }

    [Fact]
    public void R15_Units_kept_off_are_nobodys_and_no_reservation_gets_them()
    {
        var desk = Bounded(onHand: 20, 10, 7, reserve: 3);
        desk.Touch();
        Exposures.UpperBound(desk.State, desk.Context, 1).ShouldBe(20);
        desk.Plan(1).ShouldBeNull();
        desk.Arrange(sku => sku with { Policy = sku.Policy with { Mode = SharingMode.Shared } });
        desk.Touch();
        desk[2].LagReserve.ShouldBe(0, "shared mode runs more risk anyway");
        desk[2].Target.ShouldBe(20);
    }

    [Fact]
    public void R15_A_preview_of_the_setting_shows_the_writes_that_are_then_made()
    {
        var desk = Bounded(onHand: 20, 4, 16);
        var bounded = desk.Context;
        desk.Configure(2, settings => settings with { Bounded = null });
        var preview = desk.Run(set => RulePreview.Run(set, bounded, sku => sku, desk.Now)).Writes;
        preview.Select(w => ((int)w.Connection.Value, w.From, w.To, w.Step)).ShouldBe([(2, 16, 13, 1), (2, 13, 7, 2), (1, 4, 10, 3)]);

        desk.Context = bounded;
        desk.Touch();
        var done = ImmutableArray.CreateBuilder<(int, int, int, int)>();
        for (var step = 1; step <= 3; step++)
        {
            foreach (var channel in new[] { 1, 2 })
            {
                if (desk.Publish(channel) is { } write)
                {
                    done.Add((channel, write.From, write.To, step));
                }
            }

            desk.Read(1, ReadingKind.Drained, desk[1].Belief!.Value);
            desk.Read(2, ReadingKind.Drained, desk[2].Belief!.Value);
        }

        done.ShouldBe([(2, 16, 13, 1), (2, 13, 7, 2), (1, 4, 10, 3)]);
    }

    /// <summary>Channel 2 is bounded, and both sell alike: in ten thousand seconds as many units as are said.</summary>
    private static Desk Bounded(int onHand, int first, int second, int reserve = 0, double sold = 90)
    {
        var desk = new Desk(2, onHand, SharingMode.Guard, first, second);
        desk.Configure(2, settings => settings with { CompareAndSet = false, Bounded = Guard });
        desk.Arrange(2, level => level with { LagReserve = reserve });
        Sold(desk, sold);
        return desk;
    }

    private static void Sold(Desk desk, double units) => desk.Arrange(sku => sku with
    {
        Sales = SalesMemory.None
            .With(new ChannelPace(new ConnectionId(1), units, 10_000, desk.Now, Showing: true))
            .With(new ChannelPace(new ConnectionId(2), units, 10_000, desk.Now, Showing: true)),
    });
}
