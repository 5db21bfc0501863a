using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>What somebody's hand at the shelf does, and how a shelf begins, ends, and comes back (rule R14).</summary>
public sealed class ShelfEditCases
{
    [Fact]
    public void R14_Parked_units_moved_back_by_hand_may_be_sold_at_once_are_not_stock_and_are_parked_again()
    {
        var desk = ShelfDesk.Shared();
        desk.Announce(1, 8, desk.Now.AddSeconds(1));
        (desk[1].UpperBound, desk.Ats).ShouldBe((8, 10));

        desk.Shows(1, 8, 2);
        (desk[1].Belief, desk[1].Surplus, desk.Shelf().Parked, desk.Position.OnHand, desk.Ats).ShouldBe((8, 0, 2, 10, 10));
        desk.Drift.Single().Class.ShouldBe(DriftClass.ParkedMove);
        desk[2].Target.ShouldBe(5);

        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.From, element.To, element.ParkedFrom, element.ParkedTo).ShouldBe((PushKind.Move, 8, 5, 2, 5));
        desk.Shows(1, 5, 5);
        desk.Position.OnHand.ShouldBe(10);
    }

    [Fact]
    public void R14_A_reading_without_the_parked_state_concludes_nothing_where_units_are_parked()
    {
        var desk = ShelfDesk.Shared();
        for (var time = 0; time < 3; time++)
        {
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, desk.Shown(1, 8, 2) with { SafetyStock = null }).ShouldBe(FactOutcome.Unchanged);
        }

        (desk.Position.OnHand, desk[1].Belief, desk[1].NeedsReading).ShouldBe((10, 5, true));
    }

    [Fact]
    public void R14_A_reading_marked_before_the_parked_state_was_known_concludes_nothing()
    {
        var desk = ShelfDesk.Shared();
        var reading = desk.Shown(1, 8, 2) with { MarkedAt = desk.Shelf().Since!.Value.AddSeconds(-1) };
        desk.Read(1, reading).ShouldBe(FactOutcome.Unchanged);
        desk[1].Belief.ShouldBe(5);
    }

    [Fact]
    public void R14_Units_that_the_merchant_parks_himself_are_neither_sold_nor_lost_and_come_back()
    {
        var desk = ShelfDesk.Shared();
        desk.Announce(1, 3, desk.Now.AddSeconds(1));
        desk.Position.Suspense.ShouldBe(2, "until the states are read it may be a sale");

        desk.Shows(1, 3, 7);
        (desk[1].Belief, desk.Position.Suspense, desk.Shelf().Parked, desk.Ats).ShouldBe((3, 0, 7, 10));
        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.From, element.To, element.ParkedTo).ShouldBe((PushKind.Move, 3, 5, 5));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public void R14_An_edit_of_on_hand_is_booked_as_ever_and_the_shelf_is_owed_nothing_for_it(int units)
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5 + units, 5);
        desk.Position.OnHand.ShouldBe(10, "seen once");
        desk.Shows(1, 5 + units, 5);

        (desk.Position.OnHand, desk.Ats, desk.Shelf().Owed, desk.Shelf().Parked).ShouldBe((10 + units, 10 + units, 0, 5));
    }

    [Fact]
    public void R14_Parked_units_that_are_gone_are_booked_after_two_readings()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 3);
        (desk.Position.OnHand, desk.Shelf().Unplaced, desk[1].NeedsReading).ShouldBe((10, -2, true));
        desk.Shows(1, 5, 3);

        (desk.Position.OnHand, desk.Ats, desk.Shelf().Parked, desk.Shelf().Owed, desk.Shelf().Unplaced).ShouldBe((8, 8, 3, 0, 0));
        desk.Ledger[^1].Reason.ShouldBe(EntryReason.ChannelEdit);
    }

    [Fact]
    public void R14_Parked_units_found_damaged_are_unavailable_and_not_lost()
    {
        var desk = ShelfDesk.Shared();
        for (var time = 0; time < 2; time++)
        {
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, desk.Shown(1, 5, 3) with { OnHand = 10 });
        }

        (desk.Position.OnHand, desk.Position.Unavailable, desk.Ats).ShouldBe((10, 2, 8));
    }

    [Fact]
    public void R14_Units_that_appear_among_the_parked_ones_are_on_hand_and_nobodys_to_sell()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 7);
        desk.Shows(1, 5, 7);

        (desk.Position.OnHand, desk.Position.Unavailable, desk.Ats).ShouldBe((12, 2, 10));
        desk.Say().ShouldBeNull();
    }

    [Fact]
    public void R14_Units_found_among_the_parked_ones_are_not_those_that_come_to_available_later()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 7);
        desk.Shows(1, 5, 7);
        desk.Shows(1, 8, 7);
        desk.Shows(1, 8, 7);

        (desk.Position.OnHand, desk.Position.Unavailable, desk.Ats).ShouldBe((15, 2, 13));
    }

    [Fact]
    public void R14_Units_found_among_the_parked_ones_that_are_taken_away_again_are_lacking_to_nobody()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 7);
        desk.Shows(1, 5, 7);
        desk.Shows(1, 5, 4);
        desk.Shows(1, 5, 4);

        (desk.Position.OnHand, desk.Position.Unavailable, desk.Ats, desk.Shelf().Found).ShouldBe((9, 0, 9, 0));
    }

    [Fact]
    public void R14_Units_found_among_the_parked_ones_and_released_are_found_no_more()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 7);
        desk.Shows(1, 5, 7);
        desk.Shelf().Found.ShouldBe(2);
        desk.Apply(new StockMovement("u1", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.Unavailable, -2, EntryReason.Adjustment));

        (desk.Shelf().Found, desk.Ats).ShouldBe((0, 12));
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move, "they are on sale from where they lie");
    }

    [Fact]
    public void R14_A_difference_that_does_not_last_is_booked_as_nothing()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 3);
        desk.Shows(1, 5, 5);
        desk.Shows(1, 5, 4);

        (desk.Position.OnHand, desk.Shelf().Unplaced).ShouldBe((10, -1));
    }

    [Fact]
    public void R14_Switched_on_a_level_is_read_first_and_parks_only_where_nobody_keeps_safety_stock()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.Own(1);
        desk.SwitchTo(parks: true);
        (desk[1].NeedsReading, desk.Shelf().IsKept).ShouldBe((true, false));

        desk.Shows(1, 5, 3);
        desk.Shelf().IsKept.ShouldBeFalse();
        desk.Incidents.Single().Kind.ShouldBe("safety-stock-in-use");
        desk.Receive("r1", 2);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Set, "as without parking");
        desk.Shows(1, 6, 3);

        desk.Shows(1, 6, 0);
        (desk.Shelf().IsKept, desk.Shelf().Parked, desk.Shelf().Owed).ShouldBe((true, 0, 0));
        desk.Cured.ShouldContain("safety-stock-in-use:1");
    }

    [Fact]
    public void R14_Switched_off_what_is_parked_is_taken_out_as_if_it_had_never_been_parked()
    {
        var desk = ShelfDesk.Shared();
        desk.SwitchTo(parks: false);

        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.From, element.To, element.ParkedFrom, element.ParkedTo).ShouldBe((PushKind.Adjust, 5, 5, 5, 0));
        desk[1].Shelf.ShouldNotBeNull("until it is proven");
        desk.Shows(1, 5, 0);

        desk[1].Shelf.ShouldBeNull();
        (desk.Position.OnHand, desk.Ats).ShouldBe((10, 10));
        desk.ShipElsewhere(1);
        desk.Say().ShouldBeNull();
    }

    [Fact]
    public void R14_Switched_off_units_moved_back_before_they_are_taken_out_are_not_stock_either()
    {
        var desk = ShelfDesk.Shared();
        desk.SwitchTo(parks: false);
        desk.Shows(1, 8, 2);
        desk.Shows(1, 8, 2);

        (desk.Position.OnHand, desk[1].Belief).ShouldBe((10, 8));
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Set);
        desk.Say().ShouldNotBeNull().Element.ParkedTo.ShouldBe(0);
    }

    [Fact]
    public void R14_A_location_that_is_closed_keeps_its_count_and_comes_back_with_it()
    {
        var desk = ShelfDesk.Shared();
        desk.Configure(1, c => c with { ClosedPlaces = c.Locations, Locations = c.Locations.Clear() });
        desk.Touch();
        desk.Shows(1, 5, 5);
        desk[1].Status.ShouldBe(LevelStatus.Closed);
        desk.ShipElsewhere(2);
        desk.Say().ShouldBeNull();

        desk.Configure(1, c => c with { Locations = c.ClosedPlaces, ClosedPlaces = c.ClosedPlaces.Clear() });
        desk.Touch();
        desk.Shows(1, 5, 5);
        (desk[1].Status, desk.Shelf().Owed).ShouldBe((LevelStatus.Live, -2));
    }

    [Theory]
    [InlineData(3, LevelStatus.Live)]
    [InlineData(4, LevelStatus.New)]
    public void R14_A_level_that_is_counted_again_varies_by_what_guard_did_not_do(int parked, LevelStatus after)
    {
        var desk = ShelfDesk.Shared();
        desk.Arrange(1, level => level with { Opened = true });
        desk.Apply(Item(SellingLimit.Untracked));
        desk.ShipElsewhere(1, "b1");
        desk.ShipElsewhere(1, "b2");
        desk.Apply(Item(SellingLimit.Shown));
        (desk[1].Status, desk.Shelf().Owed).ShouldBe((LevelStatus.New, -2));

        // Eight lie there: five available, and of the five that were parked the two that were shipped are still shown.
        desk.Shows(1, 5, parked + 2, ReadingKind.Baseline);

        desk[1].Status.ShouldBe(after);
        desk.Incidents.Any(i => i.Kind == "baseline-variance").ShouldBe(after == LevelStatus.New);
    }

    [Fact]
    public void R14_A_correction_that_brings_the_ledger_to_what_the_channel_shows_is_not_written_to_the_channel()
    {
        var desk = ShelfDesk.Shared();
        desk.Arrange(1, level => level with { Opened = true });
        desk.Apply(Item(SellingLimit.Untracked));
        desk.Apply(Item(SellingLimit.Shown));
        desk.Shows(1, 5, 4, ReadingKind.Baseline);
        desk[1].Status.ShouldBe(LevelStatus.New);

        desk.Apply(new StockMovement("c1", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -1, EntryReason.Adjustment));
        desk.Shows(1, 5, 4, ReadingKind.Baseline);
        (desk[1].Status, desk.Shelf().Owed, desk.Shelf().Parked).ShouldBe((LevelStatus.Live, 0, 4));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3)]
    public void R14_A_change_of_on_hand_that_was_on_its_way_when_the_level_went_out_of_service_was_made_or_not(int parked)
    {
        var desk = ShelfDesk.Shared();
        desk.Arrange(1, level => level with { Opened = true });
        desk.ShipElsewhere(2);
        desk.Plan(1).ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        desk.Apply(Item(SellingLimit.Untracked));
        desk.Apply(Item(SellingLimit.Shown));
        desk.Now += PublishLimits.LateArrival;

        desk.Shows(1, 5, parked, ReadingKind.Baseline);
        (desk[1].Status, desk.Shelf().Owed).ShouldBe((LevelStatus.Live, parked == 3 ? 0 : -2));
    }

    private static ItemRead Item(SellingLimit limit) => new(
        $"item:{limit}", new SyncFlow.Core.ConnectionId(1), null, new DateTimeOffset(2026, 11, 27, 10, 1, 0, TimeSpan.Zero), "i1", Present: true, limit);
}
