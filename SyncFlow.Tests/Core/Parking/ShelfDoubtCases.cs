using Shouldly;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>What would read alike on an authority's shelf, and what is done so that it never has to be told apart (rule R14).</summary>
public sealed class ShelfDoubtCases
{
    [Fact]
    public void R8_R14_On_hand_is_not_changed_on_top_of_a_move_that_no_reading_has_told_of()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 2);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.Say().ShouldBeNull("without its answer, both undone would read as both done and a sale that nobody told of");

        // Acknowledged and not done.
        desk.Shows(1, 5, 5);
        (desk[1].Belief, desk.Shelf().Parked, desk.Shelf().MovedAt).ShouldBe((5, 5, null));
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.Shows(1, 6, 4);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        (desk.Position.OnHand, desk.Position.Suspense).ShouldBe((12, 0));
    }

    [Fact]
    public void R14_Nothing_is_taken_off_on_hand_while_more_is_available_than_anybody_can_explain()
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 6, 5);
        desk.ShipElsewhere(1);
        (desk.Shelf().Owed, desk[1].Surplus).ShouldBe((-1, 1));
        desk.Say().ShouldBeNull("not done, it would read as that unit");

        desk.Shows(1, 6, 5);
        (desk.Position.OnHand, desk[1].Surplus).ShouldBe((10, 0), "somebody laid it there");
        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.ParkedFrom, element.ParkedTo).ShouldBe((PushKind.Adjust, 5, 4));
    }

    [Theory]
    [InlineData(ReadingKind.Drained)]
    [InlineData(ReadingKind.Plain)]
    public void R5_R14_A_decrease_that_was_not_done_has_no_half_in_what_a_hand_had_laid_among_the_parked_ones(ReadingKind seen)
    {
        var desk = ShelfDesk.Shared();
        desk.Shows(1, 5, 6, seen);
        Lower(desk, by: 1, lost: 2);
        Lower(desk, by: 2, lost: 4);

        // The second one was not.
        desk.Shows(1, 4, 7);
        (desk[1].Belief, desk[1].Surplus, desk[1].FailedVerifications).ShouldBe((4, 0, 1));
        desk.Shows(1, 4, 7);
        (desk.Position.OnHand, desk.Position.Unavailable, desk.Shelf().Found, desk.Exposure.Available)
            .ShouldBe((5, 1, 1, 4), "it is found, and for nobody to sell");
    }

    [Fact]
    public void R5_R14_A_decrease_was_done_whole_or_not_at_all()
    {
        // It was not done, and a hand laid a unit among the parked ones before any reading.
        var desk = ShelfDesk.Shared();
        Lower(desk, by: 3, lost: 6);

        desk.Shows(1, 5, 6);
        (desk[1].Belief, desk[1].Surplus, desk[1].FailedVerifications, desk.Shelf().Unplaced).ShouldBe((5, 0, 1, 1));
    }

    [Fact]
    public void R14_Nothing_is_found_while_a_put_back_hides_that_as_much_was_not_taken_off()
    {
        // Three units were not taken off, nor two moved after that; one came back while they were read.
        var desk = ShelfDesk.Shared();
        desk.Order(1, Desk.Snapshot("a1", 1, desk.Now));
        desk.ShipElsewhere(3);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        Lower(desk, by: 2, lost: 2);
        desk.Arrange(1, l => l with { Surplus = 2 });
        var onHand = desk.Position.OnHand;

        desk.Now += TimeSpan.FromSeconds(5);
        var reading = desk.Shown(1, 4, 5);
        desk.Order(1, Desk.Snapshot("a1", 1, desk.Now, open: 0, restocks: [new Restock("r1", RestockKind.Cancel, 1, null)]));
        desk.Read(1, reading);
        (desk.Position.OnHand, desk.Shelf().Owed).ShouldBe((onHand, -5), "all three are to be taken off still, and the two that were lost");
        desk.Shows(1, 5, 5);
        (desk.Position.OnHand, desk.Position.Unavailable, desk[1].Belief, desk.Shelf().Unplaced).ShouldBe((onHand, 0, 5, 0));
    }

    [Fact]
    public void R14_A_reading_marked_before_a_move_was_acknowledged_tells_nothing_of_it()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 2);
        var reading = desk.Shown(1, 5, 5);
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.Read(1, reading);

        (desk.Say(), desk[1].NeedsReading).ShouldBe((null, true));
    }

    [Fact]
    public void R14_Goods_that_are_raised_beyond_what_is_parked_are_laid_first_and_one_move_raises_all()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 20);
        desk[1].Target.ShouldBe(15);

        desk.Say().ShouldNotBeNull().Element.ParkedTo.ShouldBe(25);
        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.From, element.To, element.ParkedTo).ShouldBe((PushKind.Move, 5, 15, 15));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R8_R14_A_move_without_an_answer_upon_a_change_of_on_hand_that_was_not_done_is_not_taken_for_done_beside_a_sale(bool happened)
    {
        var desk = ShelfDesk.Alone();
        desk.Receive("r1", 1);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        desk.Plan(1).ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.Now += PublishLimits.LateArrival;

        // Neither was done, or both and one was sold: parked and available read alike. One sale became known after the marks.
        var reading = desk.Shown(1, 10, 0) with { Committed = happened ? 1 : 0, OnHand = happened ? 11 : 10 };
        desk.Order(1, Desk.Snapshot("a1", 1, desk.Now));
        desk.Read(1, reading);
        desk[1].UpperBound.ShouldBe(10);
        for (var time = 0; time < PublishLimits.SuspenseReadingsOfAMove; time++)
        {
            desk.Shows(1, happened ? 10 : 9, 0);
        }

        (desk[1].Belief, desk.Shelf().Owed, desk.Shelf().Adjusted, desk[1].UpperBound).ShouldBe(happened ? (10, 0, 0, 10) : (9, 1, 0, 9));
        (desk.Position.OnHand, desk.Position.Suspense, desk.Ats).ShouldBe((11, 0, 10), "nothing is gone");
    }

    [Fact]
    public void R8_R14_A_set_without_an_answer_upon_a_move_that_was_not_done_was_refused()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 2);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.SwitchTo(parks: false);
        desk.Apply(new StockMovement("w1", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -2, EntryReason.WriteOff));
        var push = desk.Plan(1).ShouldNotBeNull();
        (push.Kind, push.Elements[0].From, push.Elements[0].To).ShouldBe((PushKind.Set, 6, 5));
        desk.Now += PublishLimits.LateArrival;

        // It shows what the set would have left, and what was to be moved lies among the parked ones.
        for (var time = 0; time < PublishLimits.SuspenseReadingsOfAMove; time++)
        {
            desk.Shows(1, 5, 5);
        }

        (desk.Position.OnHand, desk.Position.Unavailable, desk[1].Belief, desk.Shelf().Parked).ShouldBe((10, 0, 5, 5), "nothing is found");
    }

    [Theory]
    [InlineData(9, 3, 9, 1, -3, 0)]
    [InlineData(7, 3, 7, 0, 0, 0)]
    [InlineData(9, 1, 9, 0, 0, 0)]
    public void R14_A_correction_that_was_not_done_is_told_from_units_moved_by_hand_by_what_is_left_without_a_cause(
        int available, int parked, int belief, int suspense, int owed, int found)
    {
        // Three units are gone, and may be shown still; one is missing that was sold unseen, or a hand moved one or all of three.
        var desk = ShelfDesk.Alone();
        desk.Arrange(1, l => l with { Shelf = l.Shelf! with { Adjusted = -3, AdjustedAt = desk.Now } });
        desk.Shows(1, available, parked);
        (desk[1].Belief, desk[1].Suspense, desk.Shelf().Owed, desk.Shelf().Found, desk.Shelf().Unplaced).ShouldBe((belief, suspense, owed, found, 0));
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(7, 2)]
    public void R14_What_was_missing_already_is_not_what_lies_among_the_parked_ones_since(int available, int parked)
    {
        // Two are missing while one is parked; then that is to be taken off and is not, and a hand may park another.
        var desk = ShelfDesk.Alone();
        desk.Arrange(1, l => l with { Shelf = l.Shelf! with { Parked = 1 } });
        desk.Shows(1, 8, 1);
        desk.Arrange(1, l => l with { Shelf = l.Shelf! with { Parked = 0, Adjusted = -1, AdjustedAt = desk.Now } });
        desk.Shows(1, available, parked);
        (desk[1].Belief, desk.Shelf().Owed, desk.Shelf().Parked, desk.Shelf().Unplaced).ShouldBe((available, -1, parked, 0));
        desk.Position.OnHand.ShouldBe(8, "two are gone, and none of them was parked");
    }

    [Fact]
    public void R14_A_correction_that_was_not_done_is_told_as_well_while_units_are_moved_after_the_reading()
    {
        var desk = ShelfDesk.Alone();
        desk.Arrange(1, l => l with { Shelf = l.Shelf! with { Adjusted = -3, AdjustedAt = desk.Now } });
        desk.Now += TimeSpan.FromSeconds(5);
        var reading = desk.Shown(1, 9, 3);
        Lower(desk, by: 2, lost: 2);
        desk.Read(1, reading);
        (desk[1].Belief, desk[1].Suspense, desk.Shelf().Owed, desk.Shelf().Parked, desk.Shelf().Unplaced).ShouldBe((7, 1, -5, 5, 0));
    }

    [Theory]
    [InlineData(8, 4, 0, -1)]
    [InlineData(1, 5, 1, 0)]
    public void R14_Goods_that_were_laid_are_not_found_lacking_for_the_few_that_are_missing_twice(int laid, int parked, int owed, int unplaced)
    {
        // A reading in between missed one parked unit; now one is missing of what is sold.
        var desk = ShelfDesk.Alone();
        desk.Arrange(1, l => l with { Shelf = l.Shelf! with { Parked = 5, Adjusted = laid, AdjustedAt = desk.Now, Lacked = -1 } });
        desk.Shows(1, 9, parked);
        (desk.Shelf().Owed, desk.Shelf().Unplaced, desk[1].Suspense).ShouldBe((owed, unplaced, 1 - owed));
    }

    [Fact]
    public void R14_Goods_that_were_laid_and_that_hands_moved_and_took_are_not_found_again()
    {
        // Five came and were laid; a hand moved one to what is sold, and three were taken away.
        var desk = ShelfDesk.Alone();
        desk.Receive("r1", 5);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        for (var cycle = 0; cycle < PublishLimits.SuspenseReadings; cycle++)
        {
            desk.Shows(1, 11, 1);
        }

        (desk[1].Belief, desk.Shelf().Owed, desk.Position.OnHand, desk.Position.Unavailable, desk[1].UpperBound).ShouldBe((11, 0, 12, 0, 11));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R14_What_is_put_back_beside_parked_units_need_not_be_what_appeared(bool parks)
    {
        var desk = ShelfDesk.Alone();
        desk.Order(1, Desk.Snapshot("1", 2, desk.Now));
        desk.Arrange(1, l => l with { Belief = 9, Adopted = 1, Surplus = 1, Shelf = parks ? l.Shelf : null });
        desk.Order(1, Desk.Snapshot(
            "1", 2, desk.Now.AddSeconds(9), open: 0, cancelled: true, restocks: new Restock("r", RestockKind.Cancel, 2, null)));

        // A move that is wrongly taken for refused shows as units that appeared, and they are no order's.
        (desk[1].Belief, desk[1].Adopted, desk[1].Surplus).ShouldBe(parks ? (11, 1, 1) : (10, 0, 0));
    }

    /// <summary>The first channel is to show so many fewer; its store acknowledges the move.</summary>
    private static void Lower(Desk desk, int by, int lost)
    {
        var before = desk[1].Belief;
        desk.Apply(new StockMovement(
            $"lost:{desk.Position.OnHand}", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -lost, EntryReason.WriteOff));
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        (before - desk[1].Belief).ShouldBe(by);
    }
}
