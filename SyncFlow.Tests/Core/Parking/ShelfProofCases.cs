using Shouldly;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>What proves a change of on-hand while the item sells all the time (rule R14).</summary>
public sealed class ShelfProofCases
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void R14_A_change_of_on_hand_is_proven_although_sales_became_known_meanwhile(int before)
    {
        var (desk, reading) = Adjusted(available: 5 - before, parked: 3, committed: before);

        desk.Read(1, reading);
        (desk.Shelf().Adjusted, desk[1].Belief).ShouldBe((0, 3));
    }

    [Fact]
    public void R14_A_hand_that_hides_behind_sales_leaves_a_change_of_on_hand_in_doubt()
    {
        // Not done, and somebody moved two units back; two were sold before the reading: available is as if they were not.
        var (desk, reading) = Adjusted(available: 5, parked: 3, committed: 2);

        desk.Read(1, reading);
        desk.Shelf().Adjusted.ShouldBe(-2);
        desk.Shows(1, 5, 3);
        (desk.Position.OnHand, desk.Ats, desk.Shelf().Owed).ShouldBe((8, 6, -2), "they are not found");
    }

    [Fact]
    public void R14_Sales_that_were_shipped_before_they_were_known_leave_it_in_doubt()
    {
        var (desk, reading) = Adjusted(available: 5, parked: 3, committed: 0);
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now, open: 0, fulfilled: 2));

        desk.Read(1, reading);
        desk.Shelf().Adjusted.ShouldBe(-2);
    }

    [Fact]
    public void R14_Goods_that_come_for_what_sells_all_the_time_are_shown()
    {
        var (desk, reading) = Adjusted(available: 5, parked: 3, committed: 0);
        desk.Read(1, reading);
        desk.Receive("r1", 20);
        while (desk.Say() is { Kind: PushKind.Move })
        {
        }

        desk.Shelf().Owed.ShouldBe(0);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk[1].Belief.ShouldBe(desk[1].Target);
    }

    [Fact]
    public void R14_An_edit_beside_a_decrease_that_is_not_proven_is_an_edit()
    {
        var desk = ShelfDesk.Fresh();
        desk.Say().ShouldNotBeNull().Element.To.ShouldBe(5);
        for (var time = 0; time < 2; time++)
        {
            desk.Shows(1, 8, 5);
        }

        (desk.Position.OnHand, desk[1].Belief, desk[1].FailedVerifications).ShouldBe((13, 8, 0), "the parked state shows that it was done");
    }

    [Fact]
    public void R14_Switched_off_while_a_rise_is_not_proven_the_parked_ones_are_forgotten_only_when_they_are_seen_to_be_none()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 10);
        desk.Say().ShouldNotBeNull().Element.ParkedTo.ShouldBe(0);
        desk.SwitchTo(parks: false);
        desk[1].Shelf.ShouldNotBeNull();

        // It was acknowledged and not done.
        desk.Shows(1, 5, 5);
        (desk.Shelf().Parked, desk.Position.OnHand, desk.Position.Suspense).ShouldBe((5, 20, 0));
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Set);
        desk.Shows(1, 10, 5);
        desk.Say().ShouldNotBeNull().Element.ParkedTo.ShouldBe(0);
        desk.Shows(1, 10, 0);
        (desk[1].Shelf, desk.Position.OnHand).ShouldBe((null, 20));
    }

    [Fact]
    public void R14_Switched_on_again_units_are_parked_once_what_was_set_meanwhile_is_proven()
    {
        var desk = ShelfDesk.Shared();
        desk.SwitchTo(parks: false);
        desk.Apply(new StockMovement("w1", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -4, EntryReason.WriteOff));
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Set);
        desk.SwitchTo(parks: true);
        desk.Shelf().IsKept.ShouldBeFalse();

        // The set was acknowledged and not done: its units are no found ones.
        for (var time = 0; time < 2; time++)
        {
            desk.Shows(1, 5, 5);
        }

        desk.Position.OnHand.ShouldBe(6);
    }

    /// <summary>Two units left for others and were taken out; a reading was marked, and two sales became known then.</summary>
    private static (Desk Desk, Reading Reading) Adjusted(int available, int parked, int committed)
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        desk.Now += TimeSpan.FromSeconds(5);
        var reading = desk.Shown(1, available, parked);
        reading = reading with { Committed = reading.Committed + committed, OnHand = reading.OnHand + committed };
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now));
        return (desk, reading);
    }
}
