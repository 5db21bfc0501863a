using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>What simulated worlds found once their orders were edited, moved, cancelled in part and refunded.</summary>
public sealed class LivelyOrderCases
{
    [Fact]
    public void An_edit_that_does_not_say_where_its_units_ship_from_is_read()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        var placed = PlaceCases.Assigned("1", 3, ("x1", 3));
        desk.Order(1, placed);
        desk.Work.ShouldBeEmpty();

        var edited = Later(placed, SnapshotOrigin.Webhook, l => l with { Quantity = 5, Open = 5, Assignments = [] });
        desk.Order(1, edited);
        desk.Work.ShouldHaveSingleItem().Kind.ShouldBe(WorkKind.FetchOrder);
        (desk[1].Belief, desk[2].Belief).ShouldBe((0, 7));

        desk.Order(1, edited with
        {
            Origin = SnapshotOrigin.Fetch,
            Version = edited.Version with { Authority = 1 },
            Lines = [edited.Lines[0] with { Assignments = [new Assignment("x1", 3), new Assignment("x2", 2)] }],
        });
        (desk[1].Belief, desk[2].Belief).ShouldBe((2, 5));
        desk.Work.Count.ShouldBe(1, "now it is known");
    }

    [Fact]
    public void What_moved_and_is_cancelled_there_leaves_both_levels_as_they_were()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        var placed = PlaceCases.Assigned("1", 3, ("x1", 3));
        desk.Order(1, placed);
        var moved = Later(placed, SnapshotOrigin.Fetch, l => l with { Assignments = [new Assignment("x2", 3)] });
        desk.Order(1, moved);
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 4));

        desk.Order(1, Later(moved, SnapshotOrigin.Fetch, l => l with
        {
            Open = 0,
            Assignments = [new Assignment("x1", 0)],
            Restocks = [new Restock("r1", RestockKind.Cancel, 3, "x2")],
        }));

        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 7));
        desk.State.Pools.Sum(p => p.Buckets.Committed).ShouldBe(0);
    }

    [Fact]
    public void A_cancel_that_is_put_back_elsewhere_than_it_was_ever_to_ship_from_is_taken_at_home()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        var placed = PlaceCases.Assigned("1", 3, ("x1", 3));
        desk.Order(1, placed);
        desk.Order(1, Later(placed, SnapshotOrigin.Fetch, l => l with
        {
            Open = 0,
            Restocks = [new Restock("r1", RestockKind.Cancel, 3, "x2")],
        }));

        (desk[1].Belief, desk[2].Belief).ShouldBe((2, 10));
    }

    [Fact]
    public void R15_A_value_on_its_way_may_arrive_before_what_is_put_back_meanwhile()
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        desk.Configure(1, c => c with { CompareAndSet = false });
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now));
        desk.Receive("r-1", 8);
        var push = desk.Plan(1)!;
        (push.Elements[0].From, push.Elements[0].To, desk[1].UpperBound).ShouldBe((7, 15, 15));

        // It arrives, then three units are put back on top of it: the level shows 18.
        desk.Order(1, Desk.Snapshot(
            "1", 3, desk.Now.AddSeconds(1), open: 0, cancelled: true, restocks: new Restock("r1", RestockKind.Cancel, 3, "x1")));
        desk[1].UpperBound.ShouldBe(18);
        desk.Settle(push, ElementOutcome.Acknowledged);
        desk[1].UpperBound.ShouldBeGreaterThanOrEqualTo(18, "no reading has told otherwise");
    }

    [Fact]
    public void R7_A_sale_from_a_level_on_which_units_appeared_is_counted_once()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Announce(1, 13, desk.Now.AddSeconds(1));
        (desk[1].Surplus, desk[1].UpperBound).ShouldBe((3, 13));

        // One of the thirteen is sold: the lower level is told of first, then the order.
        desk.Announce(1, 12, desk.Now.AddSeconds(2));
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now.AddSeconds(2)));
        desk[1].UpperBound.ShouldBe(12, "it shows twelve");

        desk.Read(1, ReadingKind.Drained, 12);
        desk[1].UpperBound.ShouldBe(12);
    }

    [Fact]
    public void C15_What_left_a_closing_location_is_sold_nowhere_while_the_other_cannot_be_read()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Receive("lost", -3);
        var push = desk.Plan(1, desk[1].Id).ShouldNotBeNull();
        desk.Settle(push, ElementOutcome.Unknown);
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 2 * PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(2, ReadingKind.Drained, available: 0);
        }

        desk.State.PoolAt(PlaceCases.Second).Buckets.Suspense.ShouldBe(7);
        (desk[2].Status, desk[2].Suspense).ShouldBe((LevelStatus.Closing, 7));
    }

    private static OrderSnapshot Later(OrderSnapshot order, SnapshotOrigin origin, Func<OrderLine, OrderLine> change)
    {
        var at = order.Version.UpdatedAt + TimeSpan.TicksPerSecond;
        return order with
        {
            Origin = origin,
            Version = new FactVersion(at, origin == SnapshotOrigin.Webhook ? (short)0 : (short)1, at),
            Lines = [change(order.Lines[0])],
        };
    }
}
