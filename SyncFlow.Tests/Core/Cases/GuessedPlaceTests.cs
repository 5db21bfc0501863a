using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Where an order is booked that does not say where it ships from, and when that guess changes.</summary>
public sealed class GuessedPlaceTests
{
    [Fact]
    public void An_order_that_was_put_where_units_were_missing_is_cancelled_there_too()
    {
        // Found by the simulation (seed 2929): its suspense was explained and gone when the cancel came, which knew no place either.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 5);
        var at = new DateTimeOffset(2026, 11, 27, 10, 0, 1, TimeSpan.Zero);
        desk.Apply(new LevelAnnounced("level", new ConnectionId(1), null, at, "i1", "x2", 4, at.Ticks));
        desk.State.PoolAt(new LocationId(2)).Buckets.Suspense.ShouldBe(1);
        desk.Order(1, Desk.Snapshot("1", 1, at));
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 4));

        desk.Order(1, Desk.Snapshot("1", 1, at.AddSeconds(1), open: 0, cancelled: true, restocks: new Restock("r", RestockKind.Cancel, 1, "x2")));
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 5));
        (desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((10, 10));
    }

    [Fact]
    public void An_order_that_is_known_with_its_cancel_is_booked_where_its_units_were_put_back()
    {
        // Found by the simulation (seed 734): taken off the default place and put back at another, a level owed a unit for ever.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 5);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now, open: 0, cancelled: true, restocks: new Restock("r", RestockKind.Cancel, 1, "x2")));
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 5));
        desk[2].PutBackTotal.ShouldBe(1, "a reading meanwhile may show it on either side of both");

        desk.Order(1, Desk.Snapshot("2", 1, desk.Now));
        (desk[1].Belief, desk[2].Belief).ShouldBe((4, 5), "booked at the default place");
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now.AddSeconds(1), open: 0, cancelled: true, restocks: new Restock("r", RestockKind.Cancel, 1, "x2")));
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 5), "until its cancel tells better");
    }

    [Theory]
    [InlineData(LevelStatus.Live)]
    [InlineData(LevelStatus.Closed)]
    public void R7_An_order_that_was_guessed_to_be_here_explains_nothing_that_appeared_here(LevelStatus other)
    {
        // Found by the simulation (seed 55066): what had appeared was no longer counted, and the level showed more than it might.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 5);
        desk.Arrange(1, level => level with { Surplus = 1 });
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        (desk[1].Belief, desk[1].Surplus).ShouldBe((4, 1), "booked at the default place");
        desk.Arrange(2, level => level with { Status = other });

        var known = PlaceCases.Assigned("1", 1, ("x2", 1));
        desk.Order(1, known with { Origin = SnapshotOrigin.Fetch, Version = new FactVersion(desk.Now.Ticks, 1, desk.Now.Ticks) });
        (desk[1].Belief, desk[1].UpperBound, desk[2].Belief).ShouldBe((5, 6, 4));
    }

    [Fact]
    public void While_another_place_may_be_open_again_the_only_open_one_is_a_guess()
    {
        // Found by the simulation (seed 1044): booked at the only place that was open for all we knew, the units were missing
        // at the one that had been opened, and stayed in suspense for ever.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 5);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now) with { SoldAt = "x1" });
        desk.Work.ShouldBeEmpty();
        PlaceCases.Close(desk);
        desk.Work.Clear();

        desk.Order(1, Desk.Snapshot("2", 1, desk.Now));
        desk[1].Belief.ShouldBe(3);
        desk.Work.ShouldHaveSingleItem().ShouldSatisfyAllConditions(w => w.Kind.ShouldBe(WorkKind.FetchOrder), w => w.Ref.ShouldBe("2"));
    }

    [Fact]
    public void A_default_place_that_is_closed_is_no_guess()
    {
        // Found by the simulation (seed 6664): the closed level could sell nothing, so the sale lowered nobody's bound.
        var desk = TotalCases.ThreePlaces(SharingMode.Guard, channels: 1, each: 2, shown: 2);
        desk.Configure(1, c => c with
        {
            Locations = c.Locations.Remove("x1"),
            ClosedPlaces = c.Locations.RemoveRange(["x2", "x3"]),
        });
        desk.Touch();
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        desk.State.Pools.Select(p => p.Buckets.Committed).ShouldBe([0, 1, 0]);
        desk.State.FindLevel(new LevelId(12))!.Belief.ShouldBe(1);
        desk.Work.ShouldContain(w => w.Kind == WorkKind.FetchOrder);
    }

    [Fact]
    public void An_order_at_the_default_place_gives_way_to_units_that_turn_out_to_miss_elsewhere()
    {
        // Found by the simulation (seed 9807): shipped from the default place, for all we knew, while the units that it took
        // at the other one stayed in suspense.
        var desk = PlaceCases.TwoPlaces(first: 5, second: 5);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        (desk[1].Belief, desk[2].Belief).ShouldBe((4, 5));
        var at = desk.Now.AddSeconds(1);
        desk.Apply(new LevelAnnounced("level", new ConnectionId(1), null, at, "i1", "x2", 4, at.Ticks));
        (desk[2].Belief, desk[2].Suspense, desk.Exposure.Available).ShouldBe((4, 1, 8));

        // The same again tells nothing and moves nothing; what is told anew is booked where the unit is missing.
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now.AddSeconds(2)));
        (desk[1].Belief, desk[2].Suspense).ShouldBe((4, 1));
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now.AddSeconds(3), open: 0, fulfilled: 1));
        (desk[1].Belief, desk[2].Belief, desk[2].Suspense).ShouldBe((5, 4, 0));
        desk.State.Pools.Select(p => p.Buckets.OnHand).ShouldBe([5, 4]);
        (desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((9, 9));
    }

    /// <summary>An unmapped line has each snapshot computed anew, so nothing but what is told ends asking: the order was read without end.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void I2_An_order_with_an_unmapped_line_that_was_read_and_is_a_guess_still_is_not_read_again(bool toldPlace)
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 5);
        desk.Order(1, WithUnmapped(SnapshotOrigin.Webhook, place: null)).ShouldBe(FactOutcome.Unmapped);
        desk.Work.ShouldHaveSingleItem().Kind.ShouldBe(WorkKind.FetchOrder);
        desk.Work.Clear();

        for (var read = 0; read < 3; read++)
        {
            desk.Now += TimeSpan.FromSeconds(1);
            desk.Order(1, WithUnmapped(SnapshotOrigin.Fetch, toldPlace ? "a place that is not mapped" : null)).ShouldBe(FactOutcome.Unmapped);
            desk.Work.ShouldBeEmpty("it would say the same");
            desk.IsGuess(1, "1").ShouldBe(!toldPlace, "where it was told, nobody will ever tell more");
        }

        (desk[1].Belief, desk[2].Belief).ShouldBe((4, 5));
        desk.Order(1, PlaceCases.Assigned("1", 1, ("x2", 1)));
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 4));

        OrderSnapshot WithUnmapped(SnapshotOrigin origin, string? place)
        {
            var order = Desk.Snapshot("1", 1, new DateTimeOffset(2026, 11, 27, 10, 0, 0, TimeSpan.Zero), origin: origin);
            var line = order.Lines[0] with { Assignments = place is null ? [] : [new Assignment(place, 1)] };
            return order with
            {
                Version = order.Version with { Sequence = desk.Now.Ticks },
                Lines = [line, line with { LineRef = "1-2", VariantRef = "unmapped" }],
            };
        }
    }
}
