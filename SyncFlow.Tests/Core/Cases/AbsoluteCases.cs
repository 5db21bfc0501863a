using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Channels without compare-and-set (rule R15): channel 2 takes whatever value it is told.</summary>
public sealed class AbsoluteCases
{
    [Fact]
    public void R15_A_level_without_compare_and_set_goes_down_to_zero_and_not_to_its_quota()
    {
        var desk = Guarded(onHand: 10, 0, 10);
        desk.Touch();
        var push = desk.Plan(2)!;
        (push.Elements[0].From, push.Elements[0].To).ShouldBe((10, 0));
        desk.Plan(1).ShouldBeNull("nobody is raised before zero is proven");

        // Two units are sold just before the write arrives, and it swallows them.
        desk.Settle(push, ElementOutcome.Acknowledged);
        (desk[2].UpperBound, desk[2].Belief).ShouldBe((10, 10), "an acknowledgement proves nothing");
        desk.Plan(1).ShouldBeNull();
        desk.Order(2, Desk.Snapshot("1", 2, desk.Now));
        desk.Exposure.Units.ShouldBe(0);
        desk.Read(2, ReadingKind.Drained, available: 0);
        (desk[2].Belief, desk[2].UpperBound, desk.Ats).ShouldBe((0, 0, 8));
        desk.Drift.ShouldBeEmpty("what a write to zero swallowed is no drift");

        // The channel that sold has the greater share of the eight that are left.
        desk.Publish(1)!.To.ShouldBe(3);
        desk.Publish(2)!.To.ShouldBe(5);
        desk.Exposure.ShouldBe(new Exposure(8, 8, 0, ""));
    }

    [Fact]
    public void R15_A_rise_from_zero_stays_on_its_way_until_a_reading_shows_it()
    {
        var desk = Guarded(onHand: 6, 3, 0);
        desk.Touch();
        desk.Publish(2)!.To.ShouldBe(3);
        desk[2].InFlight!.AcknowledgedAt.ShouldBe(desk.Now);
        desk[2].Belief.ShouldBe(0);
        desk[2].UpperBound.ShouldBe(3);

        // A feed that was accepted may be carried out minutes later.
        desk.Now = desk.Now.AddSeconds(20);
        desk.Read(2, ReadingKind.Drained, available: 0);
        (desk[2].InFlight is not null, desk[2].UpperBound, desk[2].Suspense).ShouldBe((true, 3, 0));
        desk.Order(2, Desk.Snapshot("1", 1, desk.Now));
        desk.Read(2, ReadingKind.Drained, available: 2);
        (desk[2].InFlight is null, desk[2].Belief, desk[2].UpperBound).ShouldBe((true, 2, 2));
        desk.Exposure.Units.ShouldBe(0);
        desk.Verifications.ShouldNotBeEmpty();
    }

    [Fact]
    public void R15_Only_a_reading_after_the_deadline_settles_a_rise_that_never_shows()
    {
        var desk = Guarded(onHand: 6, 3, 0);
        desk.Touch();
        var push = desk.Plan(2)!;
        desk.Settle(push, ElementOutcome.Unknown);
        desk.Now = desk.Now.AddMinutes(5);
        desk.Read(2, ReadingKind.Drained, available: 0);
        desk[2].UpperBound.ShouldBe(3, "the request may still arrive");
        desk.Now = push.Deadline.AddSeconds(1);
        desk.Read(2, ReadingKind.Drained, available: 0);
        (desk[2].InFlight is null, desk[2].UpperBound).ShouldBe((true, 0));
        desk[2].FailedVerifications.ShouldBe(0, "nobody had acknowledged it");
        desk.Plan(2).ShouldNotBeNull("and it is said again");
    }

    [Fact]
    public void R7_What_appears_beside_a_zero_on_its_way_may_be_sold_until_that_is_settled()
    {
        // Found by the simulation (seed 918242): a location was closed into one that a zero was on its way to, and its units counted nowhere.
        var desk = Guarded(onHand: 10, 0, 10);
        desk.Touch();
        var push = desk.Plan(2)!;
        desk.Settle(push, ElementOutcome.Unknown);
        desk.Read(2, ReadingKind.Drained, available: 11, onHand: 11);
        (desk[2].Belief, desk[2].Surplus, desk[2].UpperBound, desk.Ats).ShouldBe((10, 1, 11, 10));
        desk.Exposure.Units.ShouldBe(1);

        // A sale that is known by now, and was not when the level was read, hides nothing and adds nothing.
        var mark = desk.Mark(2, ReadingKind.Drained) with { Available = 11, OnHand = 11 };
        desk.Order(2, Desk.Snapshot("1", 1, desk.Now));
        desk.Read(2, mark);
        (desk[2].Surplus, desk[2].UpperBound, desk[2].InFlight is not null).ShouldBe((1, 10, true));

        // It arrives after all, and took off whatever was there.
        desk.Read(2, ReadingKind.Drained, available: 0);
        (desk[2].Surplus, desk[2].UpperBound, desk[2].InFlight is null).ShouldBe((0, 0, true));
        desk.Exposure.Units.ShouldBe(0);
    }

    [Fact]
    public void C06_An_accepted_feed_that_is_read_back_unchanged_is_no_success_and_the_third_halts_it()
    {
        var desk = Guarded(onHand: 20, 0, 40);
        desk.Touch();
        for (var failure = 1; failure <= PublishLimits.FailedVerifications; failure++)
        {
            var push = desk.Plan(2)!;
            push.Elements[0].To.ShouldBe(0);
            desk.Settle(push, ElementOutcome.Acknowledged);
            desk.Now = push.Deadline.AddMinutes(5);
            desk.Read(2, ReadingKind.Drained, available: 40);
            (desk[2].FailedVerifications, desk[2].UpperBound).ShouldBe((failure, 40));
        }

        desk[2].Status.ShouldBe(LevelStatus.Halted);
        desk.Drift.Count(d => d.Class == DriftClass.UnpersistedWrite).ShouldBe(3);
        desk.Incidents.Count(i => i.Kind == "unpersisted-write").ShouldBe(1);
        desk.Exposure.Units.ShouldBe(20, "shown before any order");
    }

    [Fact]
    public void R15_Own_sales_need_no_write_and_a_small_receipt_does_not_send_it_through_zero()
    {
        var desk = Guarded(onHand: 10, 5, 5);
        desk.Touch();
        desk.Order(2, Desk.Snapshot("1", 1, desk.Now));
        desk.Plan(2).ShouldBeNull();
        desk.Receive("r", 3);
        desk.Plan(2).ShouldBeNull("it has cover enough");
        (desk[2].Belief, desk[2].Target).ShouldBe((4, 4));
    }

    [Fact]
    public void R15_A_channel_short_of_cover_goes_through_zero_only_when_it_can_rise_to_its_share()
    {
        var desk = Guarded(onHand: 2, 1, 1);
        desk.Touch();
        desk.Receive("r", 10);
        desk.Plan(2)!.Elements[0].To.ShouldBe(0);

        var busy = Guarded(onHand: 12, 11, 1);
        busy.Touch();
        busy.Plan(1)!.Elements[0].To.ShouldBe(6);
        busy.Plan(2).ShouldBeNull("what it is to get is still shown elsewhere");
    }

    [Fact]
    public void R15_Guard_begins_only_when_a_reading_tells_what_was_written_over()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        desk.Configure(2, settings => settings with { CompareAndSet = false });
        desk.Order(1, Desk.Snapshot("1", 5, desk.Now));
        var push = desk.Plan(2)!;
        desk[2].InFlight!.Kind.ShouldBe(WriteKind.Overwrite);

        // Two were sold there a moment before: the value puts them back, and nobody knows yet.
        desk.Settle(push, ElementOutcome.Acknowledged);
        desk.Arrange(1, level => level with { Belief = 0, Target = 0, Unverified = [] });
        desk.Arrange(2, level => level with { Unverified = [] });
        desk.Arrange(sku => sku with { Policy = sku.Policy with { Mode = SharingMode.Guard } });
        desk.Touch();
        desk.State.Mode.ShouldBe(EffectiveMode.EnteringGuard, "5 of 5 are shown, as far as we know");
        desk.Order(2, Desk.Snapshot("2", 2, desk.Now));
        desk.Read(2, ReadingKind.Drained, available: 5);
        (desk[2].Belief, desk.Ats).ShouldBe((5, 3));
        desk.State.Mode.ShouldBe(EffectiveMode.EnteringGuard);
        desk.Plan(2)!.Elements[0].To.ShouldBe(0);
        desk[2].FailedVerifications.ShouldBe(0);
    }

    [Fact]
    public void R15_A_seller_without_a_cap_may_take_what_is_not_set_aside_and_others_get_only_that()
    {
        var desk = Guarded(onHand: 4, 0, 0);
        desk.Configure(2, settings => settings with { Uncappable = true });
        desk.Touch();
        desk.Exposure.ShouldBe(new Exposure(4, 4, 0, ""));
        (desk.Plan(1), desk.Plan(2)).ShouldBe((null, null), "all of it may go over the counter");

        SetAside(desk, 2);
        desk.Publish(1)!.To.ShouldBe(2);
        desk.Exposure.UpperBound.ShouldBe(4);

        // Sold online: gone from what was aside, and not replaced from what the till may have sold already.
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        desk.State.PoolAt(Desk.Main).SetAside.ShouldBe(1);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now.AddSeconds(1), open: 0, fulfilled: 1));
        (desk.State.PoolAt(Desk.Main).SetAside, desk.Ats).ShouldBe((1, 3));
        desk.Plan(1).ShouldBeNull();

        // Sold over the counter: the shelf outside is emptier, what is aside is not.
        desk.Order(2, Desk.Snapshot("2", 2, desk.Now, open: 0, fulfilled: 2, source: "pos"));
        (desk.State.PoolAt(Desk.Main).SetAside, desk.Ats, desk.Exposure.Units).ShouldBe((1, 1, 0));
        desk.Receive("r", 3);
        desk.Plan(1).ShouldBeNull("a receipt lies in the shop until somebody puts it aside");
        SetAside(desk, 3);
        desk.Publish(1)!.To.ShouldBe(3);
    }

    [Fact]
    public void R15_A_sale_first_seen_as_missing_units_takes_them_from_what_is_aside_once()
    {
        var desk = Guarded(onHand: 4, 0, 0);
        desk.Configure(2, settings => settings with { Uncappable = true });
        SetAside(desk, 1);
        desk.Publish(1)!.To.ShouldBe(1);
        desk.Announce(1, 0, desk.Now);
        desk.State.PoolAt(Desk.Main).SetAside.ShouldBe(0);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        (desk.State.PoolAt(Desk.Main).SetAside, desk.Exposure.Units).ShouldBe((0, 0));
        desk.Plan(1).ShouldBeNull();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public void R15_What_a_hand_took_off_a_capped_level_is_not_replaced_from_what_the_till_may_have_sold(int shown, int aside)
    {
        var desk = Guarded(onHand: 4, 0, 0);
        desk.Configure(1, settings => settings with { OwnsOnHand = true });
        desk.Configure(2, settings => settings with { Uncappable = true });
        SetAside(desk, 2);
        desk.Publish(1)!.To.ShouldBe(2);
        desk.Read(1, ReadingKind.Drained, available: 2, onHand: 4);
        for (var reading = 0; reading < PublishLimits.SuspenseReadings; reading++)
        {
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, ReadingKind.Drained, available: shown, onHand: 4);
        }

        (desk.Ats, desk.State.PoolAt(Desk.Main).SetAside).ShouldBe((2 + shown, aside), "the authority says that they are not for sale");
        (desk.Exposure.UpperBound, desk.Plan(1)).ShouldBe((2 + shown, null), "two lie in the shop, as before");
    }

    [Fact]
    public void R15_What_others_sold_beyond_what_was_aside_still_lies_where_the_till_takes_from()
    {
        var desk = Guarded(onHand: 5, 0, 0);
        desk.Configure(2, settings => settings with { Uncappable = true });
        SetAside(desk, 2);
        desk.Publish(1)!.To.ShouldBe(2);

        // The store took a whole order from this place, two units of it beyond what was aside.
        desk.Order(1, Desk.Snapshot("1", 4, desk.Now));

        (desk.Ats, desk.State.PoolAt(Desk.Main).SetAside).ShouldBe((1, -2));
        desk.Exposure.UpperBound.ShouldBe(3, "the till never heard of that order");
        desk.Exposure.Units.ShouldBe(2);
    }

    [Fact]
    public void R15_What_came_back_over_the_counter_may_be_sold_again_where_by_the_books_nothing_lies()
    {
        var desk = Guarded(onHand: 3, 0, 0);
        desk.Configure(2, settings => settings with { Uncappable = true });
        SetAside(desk, 2);
        desk.Publish(1)!.To.ShouldBe(2);

        // The one unit outside is sold over the counter, and the store ships a whole order from this place, one unit more than was aside.
        desk.Order(2, Desk.Snapshot("1", 1, desk.Now, source: "pos"));
        desk.Order(1, Desk.Snapshot("2", 3, desk.Now));
        desk.Order(1, Desk.Snapshot("2", 3, desk.Now.AddSeconds(1), open: 0, fulfilled: 3));
        (desk.Position.OnHand, desk.State.PoolAt(Desk.Main).SetAside, desk.Exposure.UpperBound).ShouldBe((0, -1, 0));

        desk.Order(2, Desk.Snapshot(
            "1", 1, desk.Now.AddSeconds(2), open: 0, cancelled: true, source: "pos", restocks: new Restock("r1", RestockKind.Cancel, 1, "x1")));
        (desk.Ats, desk.Exposure.UpperBound, desk.Exposure.Units).ShouldBe((0, 1, 1), "it lies on the counter, whatever was booked as shipped from there");

        // Somebody looks, and says that nothing is aside there.
        SetAside(desk, 0);
        desk.Exposure.ShouldBe(new Exposure(0, 0, 0, ""));
    }

    [Fact]
    public void C37_A_till_that_sells_what_was_set_aside_is_an_exposure_at_once()
    {
        var desk = Guarded(onHand: 4, 0, 0);
        desk.Configure(2, settings => settings with { Uncappable = true });
        SetAside(desk, 2);
        desk.Publish(1)!.To.ShouldBe(2);
        desk.Order(2, Desk.Snapshot("1", 3, desk.Now, open: 0, fulfilled: 3, source: "pos"));
        (desk.Ats, desk.Exposure.Units).ShouldBe((1, 1));
        desk.Order(1, Desk.Snapshot("2", 2, desk.Now));
        (desk.Ats, desk.State.Shortfall).ShouldBe((-1, 1));
    }

    [Fact]
    public void R17_A_request_takes_nothing_that_a_seller_without_a_cap_may_take()
    {
        var desk = Guarded(onHand: 4, 0, 0);
        desk.Configure(2, settings => settings with { Uncappable = true });
        SetAside(desk, 1);
        var scope = SyncFlow.Core.Requests.RequestScopes.Of(desk.State, SyncFlow.Core.Stock.Cluster.Alone(desk.State, desk.Context), null).Single();
        (scope.Free, scope.Obtainable).ShouldBe((1, 1));
    }

    private static void SetAside(Desk desk, int units) => desk.Run(set =>
    {
        SyncFlow.Core.Stock.SetAsides.Put(set, Desk.Sku, Desk.Main, units);
        Replanner.Replan(set, desk.Now);
        return units;
    });

    private static Desk Guarded(int onHand, params int[] shown)
    {
        var desk = new Desk(2, onHand, SharingMode.Guard, shown);
        desk.Configure(2, settings => settings with { CompareAndSet = false });
        return desk;
    }
}
