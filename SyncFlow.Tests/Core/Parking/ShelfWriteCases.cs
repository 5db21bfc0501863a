using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>What is written to the authority's shelf, and what becomes of it (rule R14).</summary>
public sealed class ShelfWriteCases
{
    [Fact]
    public void R14_A_decrease_moves_units_to_the_parked_ones_and_on_hand_stays()
    {
        var desk = ShelfDesk.Fresh();

        var (kind, element) = desk.Say().ShouldNotBeNull();

        kind.ShouldBe(PushKind.Move);
        (element.From, element.To, element.ParkedFrom, element.ParkedTo).ShouldBe((10, 5, 0, 5));
        (desk.Shelf().Parked, desk.Shelf().Owed, desk.Position.OnHand).ShouldBe((5, 0, 10));
        (desk[1].UpperBound, desk.Exposure.Units).ShouldBe((10, 0), "acknowledged is not proven, parked or not");

        desk.Shows(1, 5, 5);
        desk[1].UpperBound.ShouldBe(5);
        desk.Say().ShouldBeNull();
    }

    [Fact]
    public void R14_A_rise_takes_parked_units_first_and_goods_that_came_are_laid_to_the_parked_ones()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 4);
        desk.Shelf().Owed.ShouldBe(4);

        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.From, element.To, element.ParkedTo).ShouldBe((PushKind.Move, 5, 7, 3));

        desk.Shows(1, 7, 3);
        (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.From, element.To, element.ParkedFrom, element.ParkedTo).ShouldBe((PushKind.Adjust, 7, 7, 3, 7));
        desk.Shelf().Owed.ShouldBe(0);
        desk.Say().ShouldBeNull();
        (desk[1].Belief + desk.Shelf().Parked).ShouldBe(desk.Position.OnHand);
    }

    [Fact]
    public void R14_What_is_shipped_for_another_channel_is_taken_out_of_the_parked_ones()
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        (desk.Shelf().Owed, desk[1].Target).ShouldBe((-2, 5));

        var (kind, element) = desk.Say().ShouldNotBeNull();

        (kind, element.From, element.To, element.ParkedFrom, element.ParkedTo).ShouldBe((PushKind.Adjust, 5, 5, 5, 3));
        (desk[1].Belief + desk.Shelf().Parked, desk.Position.OnHand, desk.Shelf().Owed).ShouldBe((8, 8, 0));
        desk.Shows(1, 5, 3);
        (desk.Shelf().Adjusted, desk[1].NeedsReading).ShouldBe((0, false));
        desk.Say().ShouldBeNull();
    }

    [Fact]
    public void R14_On_hand_is_changed_again_only_when_its_last_change_is_proven()
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        desk.ShipElsewhere(1, "b2");

        desk.Shelf().Owed.ShouldBe(-1);
        desk.Say().ShouldBeNull("two changes that were not seen could not be told from each other");
        desk.Shows(1, 5, 3);
        var (kind, element) = desk.Say().ShouldNotBeNull();
        (kind, element.ParkedFrom, element.ParkedTo).ShouldBe((PushKind.Adjust, 3, 2));
    }

    [Fact]
    public void R14_What_the_channel_itself_ships_or_takes_back_is_owed_nothing()
    {
        var desk = ShelfDesk.Shared();
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now));
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now, open: 0, fulfilled: 2));

        (desk.Position.OnHand, desk.Shelf().Owed, desk[1].Belief).ShouldBe((8, 0, 3));
        desk.Shows(1, 3, 5);
        desk.Shelf().Owed.ShouldBe(0);
    }

    [Fact]
    public void R14_R16_What_is_shipped_for_an_order_that_took_nothing_from_the_level_is_taken_out()
    {
        var desk = ShelfDesk.Shared();
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now, source: "580111"));
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now, open: 0, fulfilled: 2, source: "580111"));

        (desk.Position.OnHand, desk.Shelf().Owed).ShouldBe((8, -2));
    }

    [Fact]
    public void R14_A_loss_told_elsewhere_lowers_what_is_shown_first_and_on_hand_then()
    {
        var desk = ShelfDesk.Shared();
        desk.Apply(new StockMovement("w1", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, -8, EntryReason.WriteOff));

        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.Shows(1, desk[1].Belief!.Value, desk.Shelf().Parked);
        var (kind, element) = desk.Say().ShouldNotBeNull();
        kind.ShouldBe(PushKind.Adjust);
        (element.ParkedTo - element.ParkedFrom).ShouldBe(-8);
        (desk[1].Belief + desk.Shelf().Parked, desk.Position.OnHand).ShouldBe((2, 2));
    }

    [Fact]
    public void R4_R14_A_move_that_was_stale_at_either_end_is_compared_anew_with_what_was_read_at_both()
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 4);
        desk.Say(ElementOutcome.Stale);
        desk.Plan(1).ShouldBeNull("nothing before a reading");

        desk.Shows(1, 5, 4, ReadingKind.Plain);
        var (_, element) = desk.Say().ShouldNotBeNull();
        (element.From, element.To, element.ParkedFrom, element.ParkedTo).ShouldBe((5, 7, 4, 2));
        desk.Position.OnHand.ShouldBe(14, "a plain reading books nothing");
        desk.Say().ShouldBeNull("on-hand is not changed while a unit has no known place");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R8_R14_A_move_without_an_answer_is_settled_by_the_parked_state(bool happened)
    {
        var desk = ShelfDesk.Shared();
        desk.Receive("r1", 4);
        desk.Plan(1);
        desk[1].UpperBound.ShouldBe(7);
        desk.Shows(1, 7, 3);
        desk[1].InFlight.ShouldNotBeNull("it may still arrive");

        desk.Now += PublishLimits.LateArrival;

        // A sale that became known after the marks hides the two units in available, and not in the parked state.
        var reading = desk.Shown(1, happened ? 7 : 5, happened ? 3 : 5);
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now));
        desk.Read(1, reading);

        (desk[1].InFlight, desk.Shelf().Parked, desk.Shelf().Unplaced, desk.Position.OnHand).ShouldBe((null, happened ? 3 : 5, 0, 14));
        desk[1].Belief.ShouldBe(happened ? 5 : 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R8_R14_A_change_of_on_hand_without_an_answer_is_made_once(bool happened)
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        desk.Plan(1).ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        desk.Now += PublishLimits.LateArrival;

        desk.Shows(1, 5, happened ? 3 : 5);

        (desk.Shelf().Parked, desk.Shelf().Owed, desk.Shelf().Adjusted).ShouldBe(happened ? (3, 0, 0) : (5, -2, 0));
        desk.Position.OnHand.ShouldBe(8, "what the channel lacks or has too many was our own write's");
        (desk.Say() is null).ShouldBe(happened);
    }

    [Fact]
    public void R8_R14_Units_moved_back_by_hand_while_a_change_of_on_hand_has_no_answer_are_not_found_units()
    {
        var desk = ShelfDesk.Shared();
        desk.Apply(new StockMovement("r1", null, null, desk.Now, Desk.Sku, Desk.Main, Bucket.OnHand, 1, EntryReason.Receipt));
        while (desk.Plan(1) is { Kind: not PushKind.Adjust } push)
        {
            desk.Settle(push, ElementOutcome.Acknowledged);
            desk.Shows(1, desk[1].Belief!.Value, desk.Shelf().Parked);
        }

        desk[1].InFlight.ShouldNotBeNull();
        var (available, parked) = (desk[1].Belief!.Value, desk.Shelf().Parked);
        desk.Now += PublishLimits.LateArrival;

        // It happened, and somebody moved one unit back: the parked state is as if nothing had.
        desk.Shows(1, available + 1, parked);
        desk.Shows(1, available + 1, parked);

        (desk.Position.OnHand, desk.Ats).ShouldBe((11, 11));
    }

    [Fact]
    public void R8_R14_Units_moved_back_by_hand_while_units_that_left_may_not_be_taken_out_are_not_found_units()
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        desk.Plan(1).ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
        desk.Now += PublishLimits.LateArrival;

        // It never arrived, and somebody moved as many back: the parked state is as if it had.
        desk.Shows(1, 7, 3);
        desk.Shows(1, 7, 3);
        (desk.Position.OnHand, desk.Ats, desk[1].Belief, desk.Shelf().Owed).ShouldBe((8, 8, 7, -2));

        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        desk.Shows(1, 5, 5);
        desk.Say().ShouldNotBeNull().Element.ParkedTo.ShouldBe(3);
        (desk[1].Belief + desk.Shelf().Parked).ShouldBe(8);
    }

    [Fact]
    public void R5_R14_A_change_of_on_hand_that_is_not_there_is_made_again_and_after_the_third_time_halted()
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        for (var time = 1; time <= PublishLimits.FailedVerifications; time++)
        {
            desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Adjust);
            desk.Say().ShouldBeNull("one at a time");
            desk.Shows(1, 5, 5);
            (desk.Shelf().Owed, desk.Position.OnHand, desk[1].FailedVerifications).ShouldBe((-2, 8, time));
        }

        desk[1].Status.ShouldBe(LevelStatus.Halted);
        desk.Drift.ShouldAllBe(d => d.Class == DriftClass.UnpersistedWrite);
    }

    [Fact]
    public void R5_R14_A_move_that_is_not_there_is_made_again_and_nothing_is_booked()
    {
        var desk = ShelfDesk.Fresh();
        desk.Say();
        desk.Shows(1, 10, 0);
        (desk[1].Belief, desk.Shelf().Parked, desk[1].FailedVerifications, desk.Position.OnHand).ShouldBe((10, 0, 1, 10));
        desk.Say();
        desk.Shows(1, 5, 5);

        desk.Receive("r1", 4);
        desk.Publish(2);
        desk.Say().ShouldNotBeNull().Kind.ShouldBe(PushKind.Move);
        var parked = desk.Shelf().Parked;
        desk.Shows(1, 5, parked + (desk[1].Belief!.Value - 5));
        desk.Shows(1, 5, desk.Shelf().Parked);
        (desk[1].Belief, desk.Position.Suspense, desk.Position.OnHand).ShouldBe((5, 0, 14), "a rise that is not there is no loss");
    }

    [Fact]
    public void R1_R14_What_is_on_sale_goes_before_on_hand_and_each_call_is_of_one_kind()
    {
        var desk = ShelfDesk.Shared();
        desk.ShipElsewhere(2);
        PushPriority.Of(desk.State, desk[1]).ShouldBeGreaterThan(PushPriority.Of(desk.State, desk[1] with { Target = 3 }));
        ShelfWrite.Next(desk[1] with { Target = 3 }).ShouldBe(new ShelfWrite(PushKind.Move, -2, 2), "a decrease never waits for on-hand");
    }

    [Fact]
    public void R14_Only_a_level_that_stands_alone_for_its_shelf_and_whose_channel_owns_on_hand_parks()
    {
        var desk = ShelfDesk.Fresh();
        var channel = desk.Context.Channels[desk[1].Connection];
        bool Parks(Func<SkuState, SkuState>? sku = null, Func<LevelState, LevelState>? level = null, Func<ChannelSettings, ChannelSettings>? settings = null) =>
            ParkingRules.AreParked((sku ?? (s => s))(desk.State), (level ?? (l => l))(desk[1]), (settings ?? (c => c))(channel));

        Parks().ShouldBeTrue();
        Parks(settings: c => c with { Parks = false }).ShouldBeFalse();
        Parks(settings: c => c with { OwnsOnHand = false }).ShouldBeFalse();
        Parks(settings: c => c with { CompareAndSet = false }).ShouldBeFalse();
        Parks(settings: c => c with { Uncappable = true }).ShouldBeFalse();
        Parks(level: l => l with { UnitsPerSale = 2 }).ShouldBeFalse();
        Parks(level: l => l with { SoldAsParts = true }).ShouldBeFalse();
        Parks(sku: s => s with { Components = [new Component(new SyncFlow.Core.SkuId(9), 1)] }).ShouldBeFalse();
        Parks(sku: s => s with { Levels = s.Levels.Add(desk[1] with { Id = new SyncFlow.Core.LevelId(77) }) }).ShouldBeFalse();
        Parks(sku: s => s with { AuthorityRules = [new AuthorityRule(Desk.Sku, null, null, null)] }).ShouldBeFalse();
    }
}
