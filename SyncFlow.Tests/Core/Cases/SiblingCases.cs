using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>
/// One listing at two locations, five units at the first and seven at the second: what the one level cannot tell without the
/// other. Simulated worlds found these.
/// </summary>
public sealed class SiblingCases
{
    [Fact]
    public void R13_Levels_of_one_listing_come_back_into_service_together()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(1, l => l with { Status = LevelStatus.New });
        desk.Arrange(2, l => l with
        {
            Status = LevelStatus.New,
            InFlight = new InFlight(Guid.Empty, 7, 8, desk.Now, desk.Now + PublishLimits.LateArrival, null),
        });
        desk.Read(1, ReadingKind.Baseline, available: 0, onHand: 0);
        (desk[1].Status, desk[1].Belief).ShouldBe((LevelStatus.New, 5), "what it had may lie at the second, and would count at neither");

        desk.Now += PublishLimits.LateArrival;
        desk.Read(2, ReadingKind.Baseline, available: 12, onHand: 12);
        desk.Read(1, ReadingKind.Baseline, available: 0, onHand: 0);
        (desk[1].Belief, desk[2].Belief, desk[1].Status, desk[2].Status).ShouldBe((0, 12, LevelStatus.Live, LevelStatus.Live));
    }

    [Fact]
    public void R6_A_cancel_that_says_its_place_leaves_that_place_fewer_to_ship()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Order(1, PlaceCases.Assigned("1", 3, ("x1", 2), ("x2", 1)));
        (desk[1].Belief, desk[2].Belief).ShouldBe((3, 6));

        // The message says that one came back to the first place, and no more where the others ship from.
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now.AddHours(1), open: 2, restocks: new Restock("r", RestockKind.Cancel, 1, "x1")));
        (desk[1].Belief, desk[2].Belief).ShouldBe((4, 6));
        desk.State.Pools.Select(p => p.Buckets.Committed).ShouldBe([1, 1]);
    }

    [Fact]
    public void R7_What_belief_followed_stays_in_the_bound_while_put_backs_hide_it()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(2, l => l with { Belief = 8, Adopted = 1, NeedsReading = true });
        var mark = desk.Mark(2, ReadingKind.Drained) with { Available = 8, OnHand = 8 };
        desk.Arrange(2, l => l with { PutBackTotal = l.PutBackTotal + 1, Belief = 9 });
        desk.Read(2, mark);
        (desk[2].Belief, desk[2].UpperBound, desk[2].NeedsReading).ShouldBe((8, 9, true), "eight with what came back, or beside it");
    }

    [Fact]
    public void R5_R7_What_appeared_beside_a_decrease_in_doubt_stays_in_the_bound_while_put_backs_hide_it()
    {
        // Two units appeared unexplained, one of the three was taken off again, and an order came back while the level was read.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(2, l => l with { Belief = 8, Adopted = 2, Unverified = [new Unverified(1, desk.Now)], NeedsReading = true });
        desk.Now += TimeSpan.FromSeconds(5);
        var mark = desk.Mark(2, ReadingKind.Drained) with { Available = 8, OnHand = 8 };
        desk.Arrange(2, l => l with { PutBackTotal = l.PutBackTotal + 1, Belief = 9 });
        desk.Read(2, mark);
        (desk[2].Belief, desk[2].Surplus, desk[2].Unverified.IsEmpty, desk[2].UpperBound).ShouldBe((8, 1, true, 9), "nine are there, if the decrease was done");

        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(2, ReadingKind.Drained, available: 8, onHand: 8);
        desk[2].UpperBound.ShouldBe(8);
    }

    [Fact]
    public void R6_What_a_level_misses_is_asked_for_anew_when_it_goes_out_of_service()
    {
        var desk = Missing(PublishLimits.SuspenseReadingsOfAMove - 1);
        PlaceCases.Close(desk);
        desk[2].SuspenseReadings.ShouldBe(0, "it may have been moved with the rest");
        desk.Read(2, ReadingKind.Drained, available: 6, onHand: 6);
        (desk[2].Status, desk[2].Suspense).ShouldBe((LevelStatus.Closing, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R6_Units_that_go_missing_later_than_the_rest_are_asked_for_anew(bool announced)
    {
        var desk = Missing(PublishLimits.SuspenseReadingsOfAMove - 1);
        if (announced)
        {
            desk.Apply(new LevelAnnounced("level", new ConnectionId(1), null, desk.Now, "i1", "x2", 0, desk.Now.AddSeconds(1).Ticks)).ShouldBe(FactOutcome.Applied);
        }

        desk.Read(2, ReadingKind.Drained, available: 0, onHand: 0);
        (desk[2].Suspense, desk[2].SuspenseReadings).ShouldBe((7, 1), "six of them may lie at the first place");
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void R13_A_write_that_may_have_landed_keeps_a_closing_level_until_its_place_was_asked_for_once_more()
    {
        // What it shows is what it misses, found again, or the write: then the place is open.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(2, l => l with
        {
            Belief = 0,
            Suspense = 1,
            SuspenseSince = desk.Now,
            InFlight = new InFlight(Guid.Empty, 0, 1, desk.Now, desk.Now + PublishLimits.LateArrival, null),
        });
        PlaceCases.Close(desk);
        desk.Now += PublishLimits.LateArrival + TimeSpan.FromSeconds(5);
        desk.Read(2, ReadingKind.Drained, available: 1, onHand: 1);
        desk[2].Status.ShouldBe(LevelStatus.Closing);
        desk.Work.ShouldContain(w => w.Kind == WorkKind.RefreshLocations);
    }

    [Fact]
    public void R13_What_a_level_misses_beside_one_at_a_closed_place_has_that_place_asked_for_once()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 0);
        PlaceCases.Close(desk);
        desk.Read(2, ReadingKind.Drained, available: 0, onHand: 0);
        desk[2].Status.ShouldBe(LevelStatus.Closed);
        desk.Read(1, ReadingKind.Drained, available: 5, onHand: 5);
        desk.Work.ShouldNotContain(w => w.Kind == WorkKind.RefreshLocations);

        // Opened since and the first closed into it, both unheard: a closed level is not read, and could not tell.
        desk.Read(1, ReadingKind.Drained, available: 0, onHand: 0);
        desk[1].Suspense.ShouldBe(5);
        desk.Work.Count(w => w.Kind == WorkKind.RefreshLocations).ShouldBe(1);
        PlaceCases.Open(desk);
        desk.Read(1, ReadingKind.Drained, available: 0, onHand: 0);
        desk[1].Suspense.ShouldBe(5, "they may be at the place that is open again");
        desk.Work.Count(w => w.Kind == WorkKind.RefreshLocations).ShouldBe(1);
    }

    [Fact]
    public void R7_What_appears_on_a_level_that_a_zero_is_on_its_way_to_has_its_siblings_read_once()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(1, l => l with
        {
            InFlight = new InFlight(Guid.Empty, 5, 0, desk.Now, desk.Now + PublishLimits.LateArrival, null) { Kind = WriteKind.ThroughZero },
        });
        desk.Read(1, ReadingKind.Drained, available: 5, onHand: 5);
        (desk[1].Surplus, desk[2].NeedsReading).ShouldBe((0, false));

        desk.Read(1, ReadingKind.Drained, available: 6, onHand: 6);
        (desk[1].Surplus, desk[2].NeedsReading).ShouldBe((1, true), "the other place may miss it");

        desk.Read(2, ReadingKind.Drained, available: 7, onHand: 7);
        desk.Read(1, ReadingKind.Drained, available: 6, onHand: 6);
        (desk[1].Surplus, desk[2].NeedsReading).ShouldBe((1, false));
    }

    /// <summary>One unit of the second level is missing, and so many readings in a row missed it.</summary>
    private static Desk Missing(int readings)
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Arrange(s => s with { Pools = [s.Pools[0], s.Pools[1] with { Buckets = default(Buckets) with { OnHand = 7, Suspense = 1 } }] });
        desk.Arrange(2, l => l with { Belief = 6, Suspense = 1, SuspenseSince = desk.Now, SuspenseReadings = readings });
        return desk;
    }
}
