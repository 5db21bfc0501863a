using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Levels that are announced, read, pushed, lost, undone and written by others.</summary>
public sealed class LevelCases
{
    private static readonly DateTimeOffset T1 = new(2026, 11, 27, 10, 0, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset T2 = T1.AddSeconds(1);

    [Fact]
    public void C04_An_older_level_is_history_only()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Announce(1, 7, T2);

        desk.Announce(1, 9, T1).ShouldBe(FactOutcome.Older);

        desk[1].Observed!.Available.ShouldBe(7);
        desk[1].Belief.ShouldBe(7);
    }

    [Fact]
    public void C05_An_acknowledged_decrease_that_never_happened_frees_nothing_and_halts_after_three()
    {
        var desk = new Desk(2, 60, SharingMode.Guard, 50, 10);
        desk.Arrange(s => s with { Pools = [new(Desk.Main, s.Pools[0].Buckets with { OnHand = 40 }, true)] });
        desk.Touch();
        for (var failure = 1; failure <= PublishLimits.FailedVerifications; failure++)
        {
            desk.Publish(1).ShouldNotBeNull().To.ShouldBeLessThan(50);
            desk[1].UpperBound.ShouldBe(50, "an acknowledgement proves nothing");
            desk[2].Target!.Value.ShouldBeLessThanOrEqualTo(10);
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, ReadingKind.Drained, 50);
            desk[1].FailedVerifications.ShouldBe(failure);
        }

        desk[1].Status.ShouldBe(LevelStatus.Halted);
        desk.Incidents.Count(i => i.Kind == "unpersisted-write").ShouldBe(1);
        desk.Exposure.Units.ShouldBe(20);
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void C07_A_reading_below_belief_is_a_sale_not_yet_seen_and_never_raised()
    {
        var desk = new Desk(1, 1, SharingMode.Guard, 1);
        desk.Now += TimeSpan.FromSeconds(10);
        desk.Read(1, ReadingKind.Plain, 0);
        desk.Ats.ShouldBe(0);
        desk.Plan(1).ShouldBeNull();

        desk.Now += TimeSpan.FromSeconds(80);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));

        desk.Ats.ShouldBe(0);
        desk.Position.Suspense.ShouldBe(0);
        desk[1].Belief.ShouldBe(0);
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void C08_After_a_stale_compare_the_new_target_is_set_from_what_the_reading_explains()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("receipt", 4);
        var push = desk.Plan(1).ShouldNotBeNull();
        (push.Elements[0].From, push.Elements[0].To).ShouldBe((10, 14));

        desk.Settle(push, ElementOutcome.Stale);
        desk.Plan(1).ShouldBeNull("nothing is pushed before a reading has attributed the difference");
        desk.Read(1, ReadingKind.Plain, 7);
        desk.Order(1, Desk.Snapshot("1", 3, T1));

        var next = desk.Publish(1).ShouldNotBeNull();
        (next.From, next.To).ShouldBe((7, 11));
        desk[1].Belief.ShouldBe(11);
    }

    [Fact]
    public void C08_The_reading_may_come_before_the_order()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("receipt", 4);
        desk.Settle(desk.Plan(1)!, ElementOutcome.Stale);
        desk.Read(1, ReadingKind.Plain, 7);

        var next = desk.Publish(1).ShouldNotBeNull();
        (next.From, next.To).ShouldBe((7, 11));
        desk.Order(1, Desk.Snapshot("1", 3, T1));

        desk[1].Belief.ShouldBe(11);
        desk.Ats.ShouldBe(11);
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void C08_The_order_alone_is_reason_enough_to_compare_again_with_the_new_belief()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("receipt", 4);
        desk.Settle(desk.Plan(1)!, ElementOutcome.Stale);
        desk.Order(1, Desk.Snapshot("1", 3, T1));

        var next = desk.Publish(1).ShouldNotBeNull();
        (next.From, next.To).ShouldBe((7, 11));
    }

    [Fact]
    public void C09_Our_own_write_comes_back_and_changes_nothing()
    {
        var desk = new Desk(3, 10, SharingMode.Shared, 10, 10, 10);
        desk.Order(1, Desk.Snapshot("1", 2, T1));
        var writes = Enumerable.Range(1, 3).Count(n => desk.Publish(n) is not null);
        writes.ShouldBe(2);
        var entries = desk.Ledger.Count;

        desk.Announce(2, 8, T2);
        desk.Announce(3, 8, T2);
        for (var second = 0; second < 600; second += 5)
        {
            desk.Now += TimeSpan.FromSeconds(5);
            for (var n = 1; n <= 3; n++)
            {
                desk.Read(n, ReadingKind.Drained, 8);
                desk.Touch();
                desk.Plan(n).ShouldBeNull();
            }
        }

        desk.Ledger.Count.ShouldBe(entries);
    }

    [Fact]
    public void C10_The_last_unit_is_shown_once_in_guard()
    {
        var desk = new Desk(2, 1, SharingMode.Guard, 1, 0);
        desk.Touch();
        Enumerable.Range(1, 2).Sum(n => desk[n].UpperBound).ShouldBe(1);
        desk.Order(1, Desk.Snapshot("1", 1, T1));

        desk.Ats.ShouldBe(0);
        desk.Exposure.Units.ShouldBe(0);
    }

    [Fact]
    public void C10_The_last_unit_in_shared_mode_shows_its_exposure_before_it_oversells()
    {
        var desk = new Desk(2, 1, SharingMode.Shared, 1, 1);
        desk.Exposure.Units.ShouldBe(1);
        desk.Order(1, Desk.Snapshot("1", 1, T1));
        desk.Order(2, Desk.Snapshot("2", 1, T1));

        desk.Ats.ShouldBe(-1);
        desk.State.OversoldUnits.ShouldBe(1);
        desk.State.OversoldGuardedUnits.ShouldBe(0);
        desk[1].Target.ShouldBe(0);
        desk[2].Target.ShouldBe(0);
    }

    [Fact]
    public void C10_Adaptive_guards_the_last_unit()
    {
        var desk = new Desk(2, 1, SharingMode.Adaptive, 1, 0);
        desk.Touch();

        desk.State.Mode.ShouldBe(EffectiveMode.Guard);
    }

    [Fact]
    public void C16_A_level_that_had_to_be_stocked_first_is_said_again_and_a_refused_one_wants_a_person()
    {
        var desk = new Desk(2, 20, SharingMode.Shared, 10, 10);
        desk.Touch();
        var first = desk.Plan(1).ShouldNotBeNull();
        desk.Settle(first, ElementOutcome.NotSent);
        var again = desk.Plan(1).ShouldNotBeNull("stocked now, so the same is said once more");
        (again.Elements[0].From, again.Elements[0].To).ShouldBe((10, 20));
        desk.Settle(again, ElementOutcome.Acknowledged);
        desk[1].Belief.ShouldBe(20);

        desk.Settle(desk.Plan(2).ShouldNotBeNull(), ElementOutcome.Blocked);
        desk.Receive("r-1", 5);
        desk[2].Status.ShouldBe(LevelStatus.Blocked);
        desk.Plan(2).ShouldBeNull("nothing is tried again by itself");
        desk.Incidents.Count(i => i.Kind == "level-blocked").ShouldBe(1);
        desk.Publish(1).ShouldNotBeNull().To.ShouldBe(25, "its neighbour is not held up");
    }

    [Theory]
    [InlineData(ElementOutcome.Blocked)]
    [InlineData(ElementOutcome.Stale)]
    public void C17_What_was_beside_a_refused_element_is_as_it_was_and_goes_out_alone(ElementOutcome refused)
    {
        var desk = new Desk(2, 20, SharingMode.Shared, 10, 10);
        desk.Touch();
        desk.Settle(desk.Plan(1).ShouldNotBeNull(), ElementOutcome.NotSent);
        desk.Settle(desk.Plan(2).ShouldNotBeNull(), refused);

        (desk[1].Belief, desk[1].InFlight).ShouldBe((10, null));
        desk.Publish(1).ShouldNotBeNull().To.ShouldBe(20);
        desk.Plan(2).ShouldBeNull("it waits for a person, or for what made it stale");
        desk[2].Belief.ShouldBe(10, "nothing was written");
    }

    [Fact]
    public void C29_A_lost_answer_counts_both_outcomes_until_a_reading_after_its_deadline()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 10, 0);
        desk.Arrange(2, l => l with { Target = null });
        desk.Touch();
        var push = desk.Plan(1).ShouldNotBeNull();
        push.Elements[0].To.ShouldBe(5);
        desk.Settle(push, ElementOutcome.Unknown);

        desk.Now += TimeSpan.FromMinutes(1);
        desk.Read(1, ReadingKind.Drained, 5);
        desk[1].InFlight.ShouldNotBeNull("the request may still arrive");
        desk[1].UpperBound.ShouldBe(10);
        desk.Plan(2).ShouldBeNull();

        desk.Now += PublishLimits.LateArrival;
        desk.Read(1, ReadingKind.Drained, 5);

        desk[1].InFlight.ShouldBeNull();
        desk[1].Belief.ShouldBe(5);
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(5);
    }

    [Fact]
    public void C42_An_uninstalled_shop_goes_on_selling_and_nobody_is_raised_from_its_share()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(1, ConnectionStatus.Uninstalled);
        desk[2].Target.ShouldBe(5);
        for (var i = 0; i < 5; i++)
        {
            desk.Order(1, Desk.Snapshot($"{i}", 1, T1));
        }

        desk.Ats.ShouldBe(5);
        desk[2].Target.ShouldBe(5);
        desk.State.OversoldUnits.ShouldBe(0);
    }

    [Fact]
    public void C42_A_shop_attested_closed_gives_its_share_to_the_others()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(1, ConnectionStatus.Uninstalled);
        desk.SetStatus(1, ConnectionStatus.Closed);

        desk[2].Target.ShouldBe(10);
    }

    [Fact]
    public void C45_A_sale_whose_order_is_visible_late_stays_in_suspense()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.Announce(1, 2, T1);
        for (var i = 0; i < 5; i++)
        {
            desk.Now += TimeSpan.FromSeconds(30);
            desk.Read(1, ReadingKind.Drained, 2, committed: 3);
            desk.Position.Suspense.ShouldBe(3);
            desk.Ats.ShouldBe(7);
            desk.Plan(2)?.Elements[0].To.ShouldBeLessThanOrEqualTo(5);
        }

        desk.Order(1, Desk.Snapshot("1", 3, T1));

        (desk.Position.Suspense, desk.Position.Committed, desk.Ats).ShouldBe((0, 3, 7));
    }

    [Fact]
    public void Steady_sales_in_guard_cause_no_writes()
    {
        var desk = new Desk(2, 200, SharingMode.Guard, 100, 100);
        for (var i = 0; i < 40; i++)
        {
            desk.Order(1 + (i % 2), Desk.Snapshot($"{i}", 1, T1.AddSeconds(i)));
            desk.Plan(1).ShouldBeNull();
            desk.Plan(2).ShouldBeNull();
        }
    }

    [Fact]
    public void Units_move_between_channels_by_decrease_then_proof_then_increase()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 10, 0);
        desk.Touch();
        desk.Plan(2).ShouldBeNull();
        desk.Publish(1).ShouldNotBeNull().To.ShouldBe(5);
        desk.Plan(2).ShouldBeNull("acknowledged is not verified");
        desk.Now += TimeSpan.FromSeconds(5);

        desk.Read(1, ReadingKind.Drained, 5);

        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(5);
        desk.Verifications.ShouldContain(v => v.Level.Value == 1);
    }
}
