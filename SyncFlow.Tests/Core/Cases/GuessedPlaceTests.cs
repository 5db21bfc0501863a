using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Facts;
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
}
