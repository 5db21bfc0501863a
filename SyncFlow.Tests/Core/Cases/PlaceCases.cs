using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Several locations: closed and opened again, and orders that move or split between them.</summary>
public sealed class PlaceCases
{
    internal static readonly LocationId Second = new(2);

    [Fact]
    public void C15_A_closed_location_takes_its_units_out_and_gives_them_back_once()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        Total(desk).ShouldBe(12);
        Close(desk);

        Total(desk).ShouldBe(5);
        desk[2].Status.ShouldBe(LevelStatus.Closing);
        desk.Plan(2, desk[2].Id).ShouldBeNull("nothing is written there any more");
        desk.Read(2, ReadingKind.Drained, 7);
        desk[2].Status.ShouldBe(LevelStatus.Closed);
        desk.State.PoolAt(Second).Buckets.OnHand.ShouldBe(7, "stranded, not lost");
        desk.Ledger.ShouldBeEmpty();

        Open(desk);
        Open(desk);

        Total(desk).ShouldBe(12);
        desk[2].Status.ShouldBe(LevelStatus.Live);
        desk.Exposure.UpperBound.ShouldBe(12);
        desk.Exposure.Units.ShouldBe(0);
        desk.Read(2, ReadingKind.Drained, 7);
        desk.Plan(2, desk[2].Id).ShouldBeNull("it shows what it shall show");
        desk.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public void C15_Closed_with_a_destination_stock_and_orders_are_one_paired_movement()
    {
        var desk = TwoPlaces(first: 5, second: 10);
        desk.Order(1, Assigned("1", 3, ("x2", 3)));
        (desk[2].Belief, Total(desk)).ShouldBe((7, 12));
        Close(desk);

        // The shop moved seven units and the order: the order says so first, then the levels.
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Order(1, Assigned("1", 3, ("x1", 3)));
        desk.Read(2, ReadingKind.Drained, 0, committed: 0);
        desk.Read(1, desk.Mark(1, ReadingKind.Drained) with { Available = 12, OnHand = 15, Committed = 3 });

        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets), "nothing stranded");
        (desk.Position.OnHand, desk.Position.Committed).ShouldBe((15, 3));
        Total(desk).ShouldBe(12);
        desk.Ledger.Where(e => e.Reason == EntryReason.ChannelTransfer).Select(e => (e.Location.Value, e.Delta))
            .ShouldBe([(2, -10), (1, 10)]);
        desk[1].Belief.ShouldBe(12);
        desk.Plan(1, desk[1].Id).ShouldBeNull("no write follows");
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_move_whose_arrival_is_read_first_is_the_same_pair()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        Close(desk);
        desk.Read(1, desk.Mark(1, ReadingKind.Drained) with { Available = 12, OnHand = 12 });
        desk.Read(2, ReadingKind.Drained, 0);
        desk.Read(1, desk.Mark(1, ReadingKind.Drained) with { Available = 12, OnHand = 12 });

        (desk.Position.OnHand, desk.State.PoolAt(Second).Buckets.OnHand).ShouldBe((12, 0));
        desk.Ledger.Where(e => e.Bucket == Bucket.OnHand).Sum(e => e.Delta).ShouldBe(0);
        desk.State.Pools.Sum(p => p.Buckets.Suspense).ShouldBe(0);
        desk[2].Status.ShouldBe(LevelStatus.Closed);
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_move_whose_order_is_learned_last_still_leaves_nothing_behind()
    {
        var desk = TwoPlaces(first: 5, second: 10);
        desk.Order(1, Assigned("1", 3, ("x2", 3)));
        Close(desk);
        Read(desk, 2, available: 0, committed: 0);
        Read(desk, 1, available: 12, committed: 3);
        desk[2].Status.ShouldBe(LevelStatus.Closing, "its order is somewhere else");

        desk.Order(1, Assigned("1", 3, ("x1", 3)));
        Read(desk, 2, available: 0, committed: 0);
        Read(desk, 1, available: 12, committed: 3);

        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets));
        (desk.Position.OnHand, desk.Position.Committed, Total(desk)).ShouldBe((15, 3, 12));
        Read(desk, 2, available: 0, committed: 0);
        desk[2].Status.ShouldBe(LevelStatus.Closed);
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_move_whose_order_is_learned_between_the_marks_and_the_reading_is_read_again_until_it_is_whole()
    {
        var desk = TwoPlaces(first: 28, second: 7);
        desk.Order(1, Assigned("1", 3, ("x2", 3)));
        desk.Read(2, desk.Mark(2, ReadingKind.Plain) with { Available = 0 });
        Close(desk);
        var (first, second) = (desk.Mark(1, ReadingKind.Drained), desk.Mark(2, ReadingKind.Drained));
        desk.Order(1, Assigned("1", 3, ("x1", 3)));
        desk.Read(1, first with { Available = 32, OnHand = 35, Committed = 3 });
        desk.Read(2, second);

        // From here on as the verifier does: only what asks for a reading is read.
        for (var cycle = 0; cycle < 4; cycle++)
        {
            foreach (var (level, available, committed) in new[] { (1, 32, 3), (2, 0, 0) }.Where(l => desk[l.Item1].NeedsReading))
            {
                Read(desk, level, available, committed);
            }
        }

        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets));
        (desk.Position.OnHand, desk[1].Belief, desk[1].UpperBound).ShouldBe((35, 32, 32));
        desk.Ledger.Where(e => e.Reason == EntryReason.ChannelTransfer).Sum(e => e.Delta).ShouldBe(0);
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_move_that_is_read_before_the_closing_is_known_waits_for_it()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Read(desk, 1, available: 12, committed: 0);
            Read(desk, 2, available: 0, committed: 0);
            desk.Plan(1, desk[1].Id).ShouldBeNull("nothing is pushed back that may have moved");
        }

        Close(desk);
        Read(desk, 1, available: 12, committed: 0);
        Read(desk, 2, available: 0, committed: 0);

        (desk.Position.OnHand, desk.State.PoolAt(Second).Buckets.OnHand).ShouldBe((12, 0));
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_move_whose_arrival_no_message_told_of_is_looked_for_at_the_other_locations()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        desk.Own(1);
        Close(desk);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Read(desk, 2, available: 0, committed: 0);
            desk.State.PoolAt(Second).Buckets.OnHand.ShouldBe(7, "not gone while the other end was not read");
        }

        desk[1].NeedsReading.ShouldBeTrue();
        Read(desk, 1, available: 12, committed: 0);
        Read(desk, 2, available: 0, committed: 0);
        (desk.Position.OnHand, desk.State.PoolAt(Second).Buckets, desk[2].Status).ShouldBe((12, default, LevelStatus.Closed));
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_move_that_was_announced_before_its_order_is_paired_in_parts()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        desk.Order(1, Assigned("1", 3, ("x2", 3)));
        desk.Announce(1, 12, desk.Now.AddHours(1));
        desk.Apply(new LevelAnnounced("l2", new ConnectionId(1), null, desk.Now, "i1", "x2", 0, desk.Now.AddHours(1).Ticks));
        desk.State.PoolAt(Second).Buckets.Suspense.ShouldBe(4);
        desk.Order(1, Assigned("1", 3, ("x1", 3)));
        Close(desk);
        for (var cycle = 0; cycle < 2; cycle++)
        {
            Read(desk, 1, available: 9, committed: 3);
            Read(desk, 2, available: 0, committed: 0);
        }

        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets));
        (desk.Position.OnHand, Total(desk)).ShouldBe((12, 9));
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void Units_that_moved_without_a_closing_are_two_edits_in_the_end()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        for (var cycle = 0; cycle < 8; cycle++)
        {
            Read(desk, 1, available: 12, committed: 0);
            Read(desk, 2, available: 0, committed: 0);
        }

        desk.Drift.Select(d => d.Class).ShouldContain(DriftClass.OutsideIncrease);
        desk.Drift.Select(d => d.Class).ShouldContain(DriftClass.OutsideDecrease);
        Total(desk).ShouldBe(12, "the ledger is the authority");
    }

    [Fact]
    public void C15_Another_channel_goes_on_selling_from_a_place_that_one_channel_closed()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        var context = desk.Context;
        var channel = context.Channels[new ConnectionId(1)];
        desk.Context = context with
        {
            Channels = context.Channels.SetItem(channel.Connection, channel with
            {
                Locations = channel.Locations.Remove("x2"),
                ClosedPlaces = ImmutableDictionary<string, LocationId>.Empty.Add("x2", Second),
            }),
        };
        desk.Touch();

        Total(desk).ShouldBe(12);
        desk.Exposure.UpperBound.ShouldBe(12, "sales from before may be unseen");
        desk.Read(2, ReadingKind.Drained, 7);
        desk.Exposure.UpperBound.ShouldBe(5);
    }

    [Fact]
    public void A_fulfilment_order_that_moves_takes_commitment_and_belief_with_it_and_the_total_stays()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        desk.Order(1, Assigned("1", 3, ("x1", 3)));
        (desk[1].Belief, desk[2].Belief, Total(desk)).ShouldBe((2, 7, 9));

        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(1, Assigned("1", 3, ("x2", 3)));

        (desk[1].Belief, desk[2].Belief, Total(desk)).ShouldBe((5, 4, 9));
        (desk.Position.Committed, desk.State.PoolAt(Second).Buckets.Committed).ShouldBe((0, 3));
        desk.Plan(1, desk[1].Id).ShouldBeNull();
        desk.Plan(1, desk[2].Id).ShouldBeNull();
    }

    [Fact]
    public void A_fulfilment_order_that_splits_commits_each_part_where_it_ships()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        desk.Order(1, Assigned("1", 5, ("x1", 5)));
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(1, Assigned("1", 5, ("x1", 2), ("x2", 3)));

        (desk.Position.Committed, desk.State.PoolAt(Second).Buckets.Committed).ShouldBe((2, 3));
        (desk[1].Belief, desk[2].Belief, Total(desk)).ShouldBe((3, 4, 7));

        // One part ships from its own place.
        desk.Now += TimeSpan.FromSeconds(1);
        var shipped = Assigned("1", 5, ("x2", 3));
        desk.Order(1, shipped with { Lines = [shipped.Lines[0] with { Open = 3, Fulfilled = 2 }] });
        Total(desk).ShouldBe(7);
        desk.State.Pools.Sum(p => p.Buckets.Committed).ShouldBe(3);
        desk.State.Pools.Sum(p => p.Buckets.OnHand).ShouldBe(10);
    }

    [Fact]
    public void A_till_order_is_born_fulfilled_at_its_own_location()
    {
        var desk = TwoPlaces(first: 5, second: 7);
        desk.Order(1, Desk.Snapshot("1", 2, desk.Now, open: 0, fulfilled: 2, source: "pos") with { SoldAt = "x2" });

        (desk.Position.OnHand, desk.State.PoolAt(Second).Buckets.OnHand).ShouldBe((5, 5));
        desk.State.Pools.Sum(p => p.Buckets.Committed).ShouldBe(0);
        (desk[1].Belief, desk[2].Belief).ShouldBe((5, 5));
    }

    /// <summary>One channel with x1 at location 1 (level 1) and x2 at location 2 (level 2), in one group.</summary>
    internal static Desk TwoPlaces(int first, int second)
    {
        var desk = new Desk(1, first, SharingMode.Guard, first);
        desk.Context = desk.Context with
        {
            Locations = desk.Context.Locations.Add(Second, new LocationSettings(Second, true, 1)),
        };
        Places(desk, open: true);
        desk.Arrange(s => s with
        {
            Pools = s.Pools.Add(new Pool(Second, default(Buckets) with { OnHand = second }, true)),
            Levels = s.Levels.Add(desk[1] with { Id = new LevelId(2), Location = Second, Belief = second, Target = second }),
        });
        return desk;
    }

    private static void Read(Desk desk, int level, int available, int committed)
    {
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(level, desk.Mark(level, ReadingKind.Drained) with
        {
            Available = available,
            OnHand = available + committed,
            Committed = committed,
        });
    }

    private static int Total(Desk desk) => desk.Exposure.Available;

    internal static void Close(Desk desk) => Places(desk, open: false);

    internal static void Open(Desk desk) => Places(desk, open: true);

    /// <summary>As storage reads it: a location whose places are all closed fulfils nothing online.</summary>
    private static void Places(Desk desk, bool open)
    {
        var second = ImmutableDictionary<string, LocationId>.Empty.Add("x2", Second);
        var channel = desk.Context.Channels[new ConnectionId(1)];
        var first = ImmutableDictionary<string, LocationId>.Empty.Add("x1", Desk.Main);
        desk.Context = desk.Context with
        {
            Channels = desk.Context.Channels.SetItem(channel.Connection, channel with
            {
                Locations = open ? first.AddRange(second) : first,
                ClosedPlaces = open ? ImmutableDictionary<string, LocationId>.Empty : second,
            }),
            Locations = desk.Context.Locations.SetItem(Second, new LocationSettings(Second, open, 1)),
        };
        desk.Touch();
    }

    internal static OrderSnapshot Assigned(string id, int units, params (string Place, int Units)[] parts)
    {
        var at = new DateTimeOffset(2026, 11, 27, 10, 0, 1, TimeSpan.Zero) + TimeSpan.FromSeconds(Interlocked.Increment(ref _clock));
        var order = Desk.Snapshot(id, units, at, origin: SnapshotOrigin.Fetch);
        return order with
        {
            Lines = [order.Lines[0] with { Assignments = [.. parts.Select(p => new Assignment(p.Place, p.Units))] }],
        };
    }

    private static int _clock;
}
