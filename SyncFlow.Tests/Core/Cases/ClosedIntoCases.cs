using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>
/// A location is closed into another while it is not known what its level shows: twelve units, seven of them at the second
/// location, which another channel goes on selling from.
/// </summary>
public sealed class ClosedIntoCases
{
    internal static readonly Action<Desk> Acknowledged = desk => desk.Arrange(2, l => l with { Belief = 4, Target = 4, Unverified = [new Unverified(3, desk.Now)] });

    private static readonly Action<Desk> Lost = desk => desk.Arrange(2, l => l with
    {
        Target = 4,
        InFlight = new InFlight(Guid.Empty, 7, 4, desk.Now - PublishLimits.LateArrival, desk.Now, null),
    });

    public static TheoryData<string> Doubts => [nameof(Acknowledged), nameof(Lost)];

    [Theory]
    [MemberData(nameof(Doubts))]
    public void C15_A_decrease_that_was_not_done_before_its_units_moved_counts_until_they_are_found(string doubt)
    {
        var desk = InDoubt(doubt);
        Close(desk);
        Read(desk, 2, available: 0);

        // Seven units moved, three more than the ledger misses: the other level shows twelve and nobody has read it.
        (desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((8, 8));
        desk[1].WantsReading.ShouldBeTrue();
        Read(desk, 2, available: 0);
        desk.Exposure.UpperBound.ShouldBe(8, "it shows nothing, again");

        Read(desk, 1, available: 12);
        (desk[1].Belief, desk[1].Unverified.Length, desk.Exposure).ShouldBe((12, 0, new(12, 12, 0, "")));
        (desk.Position.OnHand, desk.State.PoolAt(PlaceCases.Second).Buckets).ShouldBe((12, default(Buckets)), "all of it lies there");
        Read(desk, 2, available: 0);
        (desk[2].Status, desk[2].UpperBound).ShouldBe((LevelStatus.Closed, 0));
        desk.Drift.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Doubts))]
    public void C15_A_decrease_that_was_done_is_proven_by_the_other_locations_level(string doubt)
    {
        var desk = InDoubt(doubt);
        Close(desk);
        Read(desk, 2, available: 0);
        Read(desk, 1, available: 9);

        (desk[1].Belief, desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((9, 12, 9), "three units are free");
        desk.State.PoolAt(PlaceCases.Second).Buckets.OnHand.ShouldBe(3);
        Read(desk, 2, available: 0);
        desk[2].Status.ShouldBe(LevelStatus.Closed);
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_A_level_below_zero_takes_nothing_from_the_others_once_its_location_is_closed()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 0);
        desk.Arrange(2, l => l with { Belief = -1 });
        desk.Exposure.UpperBound.ShouldBe(4, "a channel decides on a listing by its total");
        desk.Arrange(2, l => l with { Status = LevelStatus.Closing });
        desk.Exposure.UpperBound.ShouldBe(5);
    }

    [Fact]
    public void C15_A_reading_of_the_other_level_from_before_proves_nothing()
    {
        var desk = InDoubt(nameof(Acknowledged));
        Close(desk);
        var before = desk.Mark(1, ReadingKind.Drained) with { Available = 5, OnHand = 5 };
        Read(desk, 2, available: 0);
        desk.Read(1, before);
        (desk.Exposure.UpperBound, desk[1].WantsReading).ShouldBe((8, true));

        // Nor does one with sales on either side of it: as many units as were sold may have come.
        var mark = Later(desk, 1);
        desk.Order(1, PlaceCases.Assigned("1", 3, ("x1", 3)));
        desk.Read(1, mark with { Available = 5, OnHand = 5 });
        (desk[1].Belief, desk.Exposure.UpperBound, desk[1].WantsReading).ShouldBe((2, 5, true));
        Read(desk, 1, available: 2, committed: 3);
        desk.Exposure.UpperBound.ShouldBe(2);
    }

    [Fact]
    public void C15_An_empty_level_proves_nothing_though_nobody_said_that_its_location_is_closed()
    {
        var desk = InDoubt(nameof(Acknowledged));
        desk.Arrange(2, l => l with { Belief = 0, Target = 0, Unverified = [new Unverified(7, desk.Now)] });
        Read(desk, 2, available: 0);
        desk.Exposure.UpperBound.ShouldBe(12, "all seven may be on the other level");
        Read(desk, 1, available: 12);
        (desk[1].Surplus, desk.Exposure.UpperBound, desk.Exposure.Available).ShouldBe((7, 12, 12));

        // Where they are not, they are nowhere.
        desk = InDoubt(nameof(Acknowledged));
        desk.Arrange(2, l => l with { Belief = 0, Target = 0, Unverified = [new Unverified(7, desk.Now)] });
        Read(desk, 2, available: 0);
        Read(desk, 1, available: 5);
        (desk[2].UnverifiedUnits, desk[1].Unverified.Length, desk.Exposure.UpperBound).ShouldBe((0, 0, 5));
    }

    [Fact]
    public void C15_What_shows_anything_or_ships_anything_was_not_moved()
    {
        var desk = InDoubt(nameof(Acknowledged));
        Read(desk, 2, available: 4);
        (desk[2].UpperBound, desk[1].WantsReading).ShouldBe((4, false));

        desk = InDoubt(nameof(Acknowledged));
        desk.Order(1, PlaceCases.Assigned("1", 4, ("x2", 4)));
        Read(desk, 2, available: 0, committed: 4);
        (desk[2].UpperBound, desk[1].WantsReading).ShouldBe((0, false));
    }

    [Fact]
    public void C15_Missing_units_are_no_edit_before_the_other_level_was_read()
    {
        var desk = InDoubt(nameof(Acknowledged));
        desk.Arrange(2, l => l with { Belief = 7, Target = 7, Unverified = [] });
        for (var cycle = 0; cycle < 2 * PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            Read(desk, 2, available: 0);
        }

        (desk[2].Suspense, desk.Exposure.Available).ShouldBe((7, 5), "they may be on sale at the other location");
        Read(desk, 1, available: 5);
        Read(desk, 2, available: 0);
        (desk[2].Suspense, desk.Exposure.Available).ShouldBe((0, 12));
        desk.Drift.ShouldHaveSingleItem();
    }

    [Fact]
    public void C15_What_is_sought_on_a_level_that_closes_too_is_sought_on_the_others_again()
    {
        var third = new LocationId(3);
        var desk = InDoubt(nameof(Acknowledged));
        desk.Context = desk.Context with { Locations = desk.Context.Locations.Add(third, new(third, true, 1)) };
        desk.Configure(1, c => c with { Locations = c.Locations.Add("x3", third) });
        desk.Arrange(s => s with
        {
            Pools = s.Pools.Add(new(third, default, true)),
            Levels = s.Levels.Add(desk[1] with { Id = new LevelId(3), Location = third, Belief = 0, Target = 0 }),
        });
        Close(desk);
        Read(desk, 2, available: 0);
        Read(desk, 3, available: 0);
        (SoughtOn(desk, 1), SoughtOn(desk, 3), desk.Exposure.UpperBound).ShouldBe((true, false, 8));

        // The first location is closed into the third before it was read.
        desk.Arrange(1, l => l with { Belief = 0, Target = 0 });
        Close(desk, "x1");
        Read(desk, 1, available: 0);
        (desk[1].Status, SoughtOn(desk, 3), desk[2].UnverifiedUnits).ShouldBe((LevelStatus.Closed, true, 3));
        Read(desk, 3, available: 7);
        (desk[3].Belief, desk[2].UnverifiedUnits, desk[2].Suspense).ShouldBe((7, 0, 0));
    }

    [Fact]
    public void C15_A_level_that_was_emptied_itself_gives_back_what_was_sought_on_it()
    {
        // The second location is closed into the first and opened, then the first into the second; no message tells of either.
        var desk = InDoubt(nameof(Acknowledged));
        Read(desk, 2, available: 0);
        (desk[2].Suspense, desk.Exposure.UpperBound).ShouldBe((4, 8));

        Read(desk, 1, available: 0);
        (desk[1].Suspense, desk.Exposure.UpperBound, desk[2].NeedsReading).ShouldBe((5, 3, true), "three more than are missing may be back");
        Read(desk, 2, available: 12);
        (desk[2].Belief, desk.Exposure.UpperBound).ShouldBe((12, 12));
    }

    [Fact]
    public void C15_What_moves_off_a_till_s_location_was_set_aside_there_and_is_where_it_goes()
    {
        var desk = InDoubt(nameof(Acknowledged));
        desk.Context = desk.Context with
        {
            Channels = desk.Context.Channels.Add(new ConnectionId(2), Desk.Channel(2) with
            {
                Uncappable = true,
                Locations = desk.Context.Channels[new ConnectionId(1)].Locations,
            }),
        };
        desk.Arrange(s => s with { Pools = [.. s.Pools.Select(p => p with { SetAside = p.Buckets.OnHand })] });
        Close(desk);
        Read(desk, 2, available: 0);
        Read(desk, 1, available: 12);
        desk.State.Pools.Select(p => (p.Buckets.OnHand, p.SetAside)).ShouldBe([(12, 12), (0, 0)]);
    }

    [Fact]
    public void C15_What_a_place_that_is_closed_everywhere_showed_counts_where_it_may_be_and_no_more_is_moved_than_lies_there()
    {
        // Two channels show the same twelve units, and both close the second location into the first.
        var desk = Shared();
        foreach (var channel in new[] { 1, 2 })
        {
            desk.Configure(channel, c => c with { Locations = c.Locations.Remove("x2"), ClosedPlaces = c.ClosedPlaces.Add("x2", PlaceCases.Second) });
        }

        desk.Context = desk.Context with { Locations = desk.Context.Locations.SetItem(PlaceCases.Second, new(PlaceCases.Second, false, 1)) };
        desk.Touch();
        (desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((5, 24), "each may show twelve at the first location by now");
        desk.Exposure.Cause.ShouldContain("shared");

        Read(desk, 3, available: 0);
        Read(desk, 4, available: 0);
        desk.Exposure.UpperBound.ShouldBe(24, "what is missing is on the level that nobody has read yet");

        Read(desk, 1, available: 12);
        (desk[1].Belief, desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((12, 12, 24));
        Read(desk, 2, available: 12);
        (desk[2].Belief, desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((12, 12, 24), "they are the same units");
        desk.State.Pools.Select(p => p.Buckets).ShouldBe([default(Buckets) with { OnHand = 12 }, default]);

        Read(desk, 3, available: 0);
        Read(desk, 4, available: 0);
        (desk[3].Status, desk[4].Status, desk.Exposure.UpperBound).ShouldBe((LevelStatus.Closed, LevelStatus.Closed, 24));
    }

    [Fact]
    public void C15_Where_the_only_location_left_is_closed_everywhere_and_was_not_moved_nothing_of_it_counts_after_its_reading()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        PlaceCases.Close(desk);
        (desk.Exposure.Available, desk.Exposure.UpperBound).ShouldBe((5, 12));
        desk.Exposure.Cause.ShouldContain("closed");
        desk.Incidents.ShouldBeEmpty();
        Read(desk, 2, available: 7);
        (desk[2].Status, desk.Exposure.Units).ShouldBe((LevelStatus.Closed, 0));
    }

    [Fact]
    public void C15_A_level_that_the_channel_does_not_have_any_more_is_sought_on_the_others_too()
    {
        var desk = InDoubt(nameof(Acknowledged));
        Close(desk);
        desk.Now += TimeSpan.FromSeconds(15);
        desk.Read(2, ReadingKind.Absent, 0);
        (desk[2].Status, desk[1].WantsReading, desk.Exposure.UpperBound).ShouldBe((LevelStatus.Closing, true, 12));
        desk.Read(2, ReadingKind.Absent, 0);
        desk[2].Status.ShouldBe(LevelStatus.Closing, "the other was not read since");

        Read(desk, 1, available: 5);
        desk.Read(2, ReadingKind.Absent, 0);
        (desk[2].Status, desk.Exposure.UpperBound).ShouldBe((LevelStatus.Closed, 5));
    }

    [Fact]
    public void C15_An_increase_that_was_done_and_whose_orders_moved_counts_until_they_are_found()
    {
        // Four units came to the second level, one of them was sold, and no answer told of it; then all of it moved.
        var desk = InDoubt(nameof(Acknowledged));
        desk.Arrange(2, l => l with
        {
            Belief = -1,
            Unverified = [],
            InFlight = new InFlight(Guid.Empty, 0, 4, desk.Now - PublishLimits.LateArrival, desk.Now, null),
        });
        Close(desk);
        Read(desk, 2, available: 0);
        desk.Exposure.UpperBound.ShouldBe(8, "zero is nearer to an increase that was not done, and three units may be elsewhere");
        Read(desk, 1, available: 8);
        desk.Exposure.UpperBound.ShouldBe(8);
        Read(desk, 2, available: 0);
        Read(desk, 1, available: 8);
        desk.Exposure.UpperBound.ShouldBe(8);
    }

    [Fact]
    public void C15_What_was_emptied_and_taken_below_zero_since_is_sought_too()
    {
        var desk = InDoubt(nameof(Acknowledged));
        desk.Order(1, PlaceCases.Assigned("1", 2, ("x2", 2)));
        Read(desk, 2, available: -2, committed: 2);
        (desk[2].Suspense, desk[2].UnverifiedUnits, desk[1].WantsReading).ShouldBe((4, 3, true), "nothing lies there");
    }

    private static bool SoughtOn(Desk desk, int level) => desk[level].Unverified.Any(u => u.Sought == desk[2].Id);

    /// <summary>Two channels in shared mode; levels 3 and 4 are theirs at the second location.</summary>
    private static Desk Shared()
    {
        var desk = new Desk(2, 5, SharingMode.Shared, 5, 5);
        desk.Context = desk.Context with { Locations = desk.Context.Locations.Add(PlaceCases.Second, new(PlaceCases.Second, true, 1)) };
        foreach (var channel in new[] { 1, 2 })
        {
            desk.Configure(channel, c => c with { Locations = c.Locations.Add("x2", PlaceCases.Second) });
            desk.Arrange(s => s with
            {
                Levels = s.Levels.Add(desk[channel] with { Id = new LevelId(channel + 2), Location = PlaceCases.Second, Belief = 7, Target = 7 }),
            });
        }

        desk.Arrange(s => s with { Pools = s.Pools.Add(new(PlaceCases.Second, default(Buckets) with { OnHand = 7 }, true)) });
        desk.Touch();
        return desk;
    }

    internal static Desk InDoubt(string doubt)
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        (doubt == nameof(Acknowledged) ? Acknowledged : Lost)(desk);
        desk.Touch();
        desk.Exposure.UpperBound.ShouldBe(12);
        return desk;
    }

    private static void Close(Desk desk, string place = "x2")
    {
        desk.Configure(1, c => c with { Locations = c.Locations.Remove(place), ClosedPlaces = c.ClosedPlaces.Add(place, c.Locations[place]) });
        desk.Touch();
    }

    private static Reading Later(Desk desk, int level)
    {
        desk.Now += TimeSpan.FromSeconds(5);
        return desk.Mark(level, ReadingKind.Drained);
    }

    internal static void Read(Desk desk, int level, int available, int committed = 0)
    {
        var mark = Later(desk, level);
        desk.Now += TimeSpan.FromSeconds(10);
        desk.Read(level, mark with { Available = available, OnHand = available + committed, Committed = committed });
    }
}
