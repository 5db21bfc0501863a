using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Orders that move between the locations of a store, where no message tells of it: simulated worlds found these.</summary>
public sealed class LostMoveCases
{
    private static readonly ConnectionId Store = new(1);

    [Fact]
    public void R6_What_is_missing_on_one_level_is_looked_for_on_its_siblings_before_it_is_free_again()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);

        // A unit of an order that was cancelled since moved from the first place to the second: they show 6 and 6.
        Read(desk, 2, 6);
        desk[1].NeedsReading.ShouldBeTrue();
        for (var cycle = 0; cycle < 2 * PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            Read(desk, 1, 6);
            desk.Exposure.UpperBound.ShouldBeGreaterThanOrEqualTo(12, "six are shown at each place");
            Read(desk, 2, 6);
        }

        desk.Exposure.ShouldBe(new Exposure(12, 12, 0, ""));
        (desk[1].Belief, desk[2].Belief, desk[1].Surplus, desk[2].Suspense).ShouldBe((6, 6, 0, 0));
        desk.Drift.ShouldAllBe(d => d.Action.StartsWith("moved", StringComparison.Ordinal));
    }

    [Fact]
    public void R14_What_is_too_many_at_an_authority_is_not_found_there_while_it_may_be_missing_on_a_sibling()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Own(1);
        desk.Announce(1, 6, desk.Now.AddSeconds(1));
        Read(desk, 1, 6);
        Read(desk, 1, 6);
        desk.Ledger.ShouldBeEmpty("nobody has looked at the second place since");

        Read(desk, 2, 6);
        for (var cycle = 0; cycle < 2 * PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            Read(desk, 1, 6);
            desk.State.Pools.Sum(p => p.Buckets.OnHand).ShouldBe(12, "no unit was found or lost");
            Read(desk, 2, 6);
        }

        desk.Exposure.ShouldBe(new Exposure(12, 12, 0, ""));
    }

    [Fact]
    public void What_moved_and_was_cancelled_there_stays_so_when_more_is_ordered_from_there()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        var placed = PlaceCases.Assigned("1", 3, ("x1", 3));
        desk.Order(1, placed);
        var moved = Later(placed, l => l with { Assignments = [new Assignment("x1", 2), new Assignment("x2", 1)] });
        desk.Order(1, moved);
        var cancelled = Later(moved, l => l with
        {
            Open = 2,
            Assignments = [new Assignment("x1", 2)],
            Restocks = [new Restock("r1", RestockKind.Cancel, 1, "x2")],
        });
        desk.Order(1, cancelled);
        (desk[1].Belief, desk[2].Belief).ShouldBe((3, 7));

        desk.Order(1, Later(cancelled, l => l with
        {
            Quantity = 4,
            Open = 3,
            Assignments = [new Assignment("x1", 2), new Assignment("x2", 1)],
        }));
        (desk[1].Belief, desk[2].Belief).ShouldBe((3, 6));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R14_What_is_cancelled_elsewhere_than_it_was_taken_is_on_hand_there_for_an_authority_until_a_reading_says_it_had_moved(bool moved)
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Own(1);
        var placed = PlaceCases.Assigned("1", 1, ("x1", 1));
        desk.Order(1, placed);
        desk.Order(1, Later(placed, l => l with { Open = 0, Restocks = [new Restock("r1", RestockKind.Cancel, 1, "x2")] }));
        (desk[1].Belief, desk[2].Belief).ShouldBe((4, 8));
        OnHand(desk).ShouldBe((4, 8), "what an authority shows lies there");

        // It had moved to the second place, nobody told of that, and it was given back there: both show what they showed at first.
        for (var cycle = 0; cycle < 2 * PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            Read(desk, 1, moved ? 5 : 4);
            Read(desk, 2, moved ? 7 : 8);
        }

        (desk[1].Belief, desk[2].Belief).ShouldBe(moved ? (5, 7) : (4, 8));
        OnHand(desk).ShouldBe(moved ? (5, 7) : (4, 8));
    }

    [Fact]
    public void What_is_cancelled_elsewhere_than_it_was_taken_stays_where_it_lies_where_the_channel_does_not_own_on_hand()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        var placed = PlaceCases.Assigned("1", 1, ("x1", 1));
        desk.Order(1, placed);
        desk.Order(1, Later(placed, l => l with { Open = 0, Restocks = [new Restock("r1", RestockKind.Cancel, 1, "x2")] }));

        OnHand(desk).ShouldBe((5, 7));
    }

    [Fact]
    public void An_order_first_heard_of_when_some_of_it_shipped_is_read_for_where_the_rest_is()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        var order = Desk.Snapshot("1", 2, desk.Now, open: 1, fulfilled: 1);
        desk.Order(1, order with { Lines = [order.Lines[0] with { Shipments = [new Shipment("s1", "x1", 1, desk.Now)] }] });

        desk.Work.ShouldHaveSingleItem().Kind.ShouldBe(SyncFlow.Core.Engine.WorkKind.FetchOrder);
    }

    [Fact]
    public void C15_A_location_that_opens_does_not_publish_an_item_that_is_not_counted_any_more()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        PlaceCases.Close(desk);
        desk.Read(2, ReadingKind.Drained, 7);
        desk[2].Status.ShouldBe(LevelStatus.Closed);
        desk.Apply(new ItemRead("item:1", Store, null, desk.Now, "i1", Present: true, SellingLimit.Untracked));
        PlaceCases.Open(desk);

        (desk[2].Status, desk[2].Target).ShouldBe((LevelStatus.Untracked, null));
        desk.Plan(1, desk[2].Id).ShouldBeNull();

        // Counted again, what it shows is known by a reading alone.
        desk.Apply(new ItemRead("item:2", Store, null, desk.Now, "i1", Present: true, SellingLimit.Shown));
        (desk[1].Status, desk[2].Status).ShouldBe((LevelStatus.New, LevelStatus.New));
    }

    [Fact]
    public void R15_A_value_written_after_a_reading_lies_there_whatever_the_reading_misses()
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        desk.Configure(1, c => c with { CompareAndSet = false });
        desk.Arrange(1, l => l with { Suspense = 1, Belief = 9, SuspenseReadings = PublishLimits.SuspenseReadings });
        var marks = desk.Mark(1, ReadingKind.Drained) with { Available = 7 };
        desk.Receive("r-1", 4);
        desk.Publish(1)!.To.ShouldBe(desk[1].Belief!.Value);
        var written = desk[1].Belief!.Value;

        // It showed 7 before, three fewer than are explained; now it shows what was written.
        desk.Read(1, marks);
        desk[1].UpperBound.ShouldBeGreaterThanOrEqualTo(written);
    }

    [Fact]
    public void R15_What_is_put_back_on_a_level_at_zero_may_be_sold_again_before_zero_is_proven()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 6);
        desk.Configure(1, c => c with { CompareAndSet = false });
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now));
        desk.Receive("lost", -7);
        var push = desk.Plan(1)!;
        push.Elements[0].To.ShouldBe(0);
        desk.Settle(push, ElementOutcome.Acknowledged);
        desk.Now += TimeSpan.FromSeconds(5);
        var zero = desk.Mark(1, ReadingKind.Drained);

        // After zero was read three units are put back, and one of them is sold: it shows two.
        desk.Order(1, Desk.Snapshot(
            "1", 3, desk.Now.AddSeconds(1), open: 0, cancelled: true, restocks: new Restock("r1", RestockKind.Cancel, 3, "x1")));
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now.AddSeconds(2)));
        desk.Read(1, zero);
        (desk[1].Belief, desk[1].UpperBound).ShouldBe((2, 3));

        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, ReadingKind.Drained, 2);
        (desk[1].Belief, desk[1].UpperBound).ShouldBe((2, 2));
    }

    private static (int First, int Second) OnHand(Desk desk) =>
        (desk.State.Pools[0].Buckets.OnHand, desk.State.Pools[1].Buckets.OnHand);

    private static void Read(Desk desk, int level, int available)
    {
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(level, desk.Mark(level, ReadingKind.Drained) with { Available = available, OnHand = available, Committed = 0 });
    }

    private static OrderSnapshot Later(OrderSnapshot order, Func<OrderLine, OrderLine> change)
    {
        var at = order.Version.UpdatedAt + TimeSpan.TicksPerSecond;
        return order with { Version = new FactVersion(at, 1, at), Lines = [change(order.Lines[0])] };
    }
}
