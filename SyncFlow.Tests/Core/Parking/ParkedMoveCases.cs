using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Cases;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>A location that its channel closes into another, with units parked there (C15 with rule R14).</summary>
public sealed class ParkedMoveCases
{
    private const int Main = 1;
    private const int Closed = 2;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void C15_R14_Parked_units_move_with_a_closed_location_as_one_pair_whichever_end_is_read_first(bool sourceFirst)
    {
        var desk = Scene();
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 2; cycle++)
        {
            Cycle(desk, sourceFirst, main: (9, 6), closed: (0, 0));
            OnHand(desk).ShouldBe(15);
        }

        Cycle(desk, sourceFirst, main: (9, 6), closed: (0, 0));
        Moved(desk, 7);
        (desk[Main].Belief, desk[Main].Shelf!.Parked, desk[Main].Shelf!.Owed, desk.Exposure.Available).ShouldBe((9, 6, 0, 12));
        desk.Drift.ShouldBeEmpty();

        // What is not kept back any more is raised from what lies parked.
        var push = desk.Plan(1, desk[Main].Id).ShouldNotBeNull();
        (push.Kind, push.Elements[0].From, push.Elements[0].To, push.Elements[0].ParkedTo).ShouldBe((PushKind.Move, 9, 12, 3));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void C15_R14_Where_all_is_parked_no_message_tells_of_it_and_the_other_end_is_asked(bool sourceFirst)
    {
        var desk = Scene(closedAvailable: 0);
        PlaceCases.Close(desk);
        if (!sourceFirst)
        {
            desk.Shows(Main, 5, 6);
        }

        desk.Shows(Closed, 0, 0);
        if (sourceFirst)
        {
            desk[Main].NeedsReading.ShouldBeTrue();
            desk.Shows(Main, 5, 6);
        }

        desk.Shows(Closed, 0, 0);
        Moved(desk, 3);
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_R14_What_a_hand_laid_to_parked_units_that_moved_is_found_and_the_rest_is_a_pair()
    {
        var desk = Scene(closedAvailable: 0);
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Cycle(desk, sourceFirst: true, main: (5, 8), closed: (0, 0));
        }

        Moved(desk, 3);
        (desk.Position.OnHand, desk.Position.Unavailable, desk[Main].Shelf!.Found, desk[Main].Shelf!.Unplaced).ShouldBe((13, 2, 2, 0));
    }

    [Fact]
    public void C15_R14_Parked_units_that_are_gone_from_a_closed_location_and_came_nowhere_are_gone_in_the_end()
    {
        var desk = Scene(closedAvailable: 0);
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            desk[Closed].Status.ShouldBe(LevelStatus.Closing);
            Cycle(desk, sourceFirst: true, main: (5, 4), closed: (0, 0));
        }

        desk[Closed].Status.ShouldBe(LevelStatus.Closed);
        desk.Ledger.Where(e => e.Reason == EntryReason.ChannelTransfer && e.Bucket == Bucket.OnHand).Select(e => e.Delta).ShouldBe([-1, 1]);
        (desk.Position.OnHand, desk.State.PoolAt(PlaceCases.Second).Buckets.OnHand).ShouldBe((9, 0));
        desk.Drift.Single().Class.ShouldBe(DriftClass.OutsideDecrease);
    }

    [Fact]
    public void C15_R14_Closed_without_a_destination_what_is_parked_stays_and_the_level_ends()
    {
        var desk = Scene();
        PlaceCases.Close(desk);
        desk.Shows(Closed, 4, 3);

        (desk[Closed].Status, desk[Closed].Shelf!.Parked, desk.State.PoolAt(PlaceCases.Second).Buckets.OnHand).ShouldBe((LevelStatus.Closed, 3, 7));
        desk.Ledger.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void C15_R14_Parked_units_that_move_before_the_closing_is_known_wait_for_it(bool sourceFirst)
    {
        var desk = Scene();
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Cycle(desk, sourceFirst, main: (9, 6), closed: (0, 0));
            OnHand(desk).ShouldBe(15);
        }

        PlaceCases.Close(desk);
        Cycle(desk, sourceFirst, main: (9, 6), closed: (0, 0));
        Cycle(desk, sourceFirst, main: (9, 6), closed: (0, 0));
        Moved(desk, 7);
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_R14_Units_that_had_left_before_they_moved_are_owed_where_they_are_shown_now()
    {
        // Two of the three were shipped by another channel, and were not taken off on-hand yet when the location was closed.
        var desk = Scene(closedAvailable: 0, owed: -2);
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 2; cycle++)
        {
            Cycle(desk, sourceFirst: true, main: (5, 6), closed: (0, 0));
        }

        Moved(desk, 1);
        (desk.Position.OnHand, desk[Main].Shelf!.Owed, desk[Closed].Shelf!.Owed, desk.Exposure.Available).ShouldBe((9, -2, 0, 6));
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_R14_Units_found_among_parked_ones_that_move_are_for_nobody_to_sell_there_either()
    {
        var desk = Scene(closedAvailable: 0, found: 2);
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 2; cycle++)
        {
            Cycle(desk, sourceFirst: true, main: (5, 6), closed: (0, 0));
        }

        Moved(desk, 3);
        (desk.Position.OnHand, desk.Position.Unavailable, desk[Main].Shelf!.Found, desk[Closed].Shelf!.Found).ShouldBe((11, 2, 2, 0));
        desk.Exposure.Available.ShouldBe(6);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public void C15_R14_A_change_of_on_hand_in_doubt_when_its_location_closes_is_not_what_became_of_the_units(int adjusted)
    {
        var desk = Scene(closedAvailable: 0);
        desk.Arrange(Closed, l => l with { Shelf = l.Shelf! with { Adjusted = adjusted, AdjustedAt = desk.Now } });
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 2; cycle++)
        {
            Cycle(desk, sourceFirst: true, main: (5, 6), closed: (0, 0));
        }

        Moved(desk, 3);
        (desk[Closed].Shelf!.Adjusted, desk[Closed].Shelf!.Owed, desk[Main].Shelf!.Found).ShouldBe((0, 0, 0));
        desk.Drift.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void C15_R14_At_a_destination_that_parks_nothing_they_are_on_hand_and_not_for_sale(int merchants)
    {
        // Its channel is not the authority there, or the merchant keeps safety stock of his own.
        var desk = Scene();
        desk.Configure(1, c => c with { OwnsOnHand = merchants > 0 });
        desk.Arrange(Main, l => l with { Shelf = merchants > 0 ? new ParkedShelf() : null });
        desk.Arrange(s => s with
        {
            AuthorityRules = [new AuthorityRule(null, null, PlaceCases.Second, new ConnectionId(1))],
            Pools = s.Pools.Replace(s.PoolAt(Desk.Main), s.PoolAt(Desk.Main) with
            {
                Buckets = default(Buckets) with { OnHand = 5 + merchants, Unavailable = merchants },
            }),
        });
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Cycle(desk, sourceFirst: true, main: (9, 3 + merchants), closed: (0, 0));
            OnHand(desk).ShouldBe(12 + merchants);
        }

        Moved(desk, 7);
        (desk.Position.OnHand, desk.Position.Unavailable, desk.Exposure.Available).ShouldBe((12 + merchants, 3 + merchants, 6));
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void C15_R14_A_closed_location_where_parked_units_lie_was_not_moved_into_another()
    {
        // At the one that stays two units were not taken off, and a hand moved one of them back; a decrease at the other is not proven.
        var desk = Scene(closedAvailable: 0);
        desk.Arrange(Main, l => l with { Shelf = l.Shelf! with { Adjusted = -2, AdjustedAt = desk.Now } });
        desk.Arrange(Closed, l => l with { Unverified = [new Unverified(1, desk.Now)] });
        PlaceCases.Close(desk);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Cycle(desk, sourceFirst: false, main: (6, 4), closed: (0, 3));
        }

        desk.Ledger.ShouldBeEmpty("nothing moved");
        (desk[Closed].Status, desk[Main].Belief, desk[Main].Shelf!.Owed, desk[Main].Shelf!.Found).ShouldBe((LevelStatus.Closed, 6, -2, 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R14_Units_that_were_not_taken_off_are_not_those_that_a_sibling_misses(bool inDoubt)
    {
        // Neither a change of on-hand nor the move after it was done at the one, and at the other a unit is gone; or it was moved by hand.
        var desk = Scene(closedAvailable: 1);
        if (inDoubt)
        {
            desk.Arrange(Main, l => l with
            {
                Unverified = [new Unverified(1, desk.Now)],
                Shelf = l.Shelf! with { Adjusted = -1, AdjustedAt = desk.Now, MovedAt = desk.Now },
            });
        }

        for (var cycle = 0; cycle <= PublishLimits.SuspenseReadingsOfAMove; cycle++)
        {
            Cycle(desk, sourceFirst: true, main: (6, 3), closed: (0, 3));
        }

        desk.State.Pools.Select(p => p.Buckets.OnHand).ShouldBe(inDoubt ? [8, 3] : [9, 3]);
        (desk[Main].Belief, desk[Main].Shelf!.Owed, desk[Main].Shelf!.Adjusted).ShouldBe((6, inDoubt ? -1 : 0, 0), "it is to be taken off still");
    }

    /// <summary>
    /// Stock, orders and parked units in any numbers; sales before the closing and after it that are told late or between the
    /// marks and the reading; either end read first, by whom asks for it.
    /// </summary>
    [Fact]
    public void C15_R14_Whatever_is_moved_and_sold_meanwhile_nothing_is_left_behind_and_nothing_is_counted_twice()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            new ParkedMoveWorld(seed).Run();
        }
    }

    /// <summary>
    /// Eight units at a location that stays, of which three lie parked, and seven at one that will close, three of them parked.
    /// </summary>
    internal static Desk Scene(int closedAvailable = 4, int owed = 0, int found = 0)
    {
        var desk = PlaceCases.TwoPlaces(5, closedAvailable);
        desk.Configure(1, c => c with { OwnsOnHand = true, Parks = true });
        desk.Arrange(s => s with
        {
            Policy = s.Policy with { SafetyBuffer = 3 },
            Pools =
            [
                new Pool(Desk.Main, default(Buckets) with { OnHand = 8 }, true),
                new Pool(PlaceCases.Second, default(Buckets) with { OnHand = closedAvailable + 3 + owed, Unavailable = found }, true),
            ],
        });
        desk.Arrange(Main, l => l with { Shelf = new ParkedShelf { Owed = 0, Since = desk.Now, Parked = 3 } });
        desk.Arrange(Closed, l => l with { Shelf = new ParkedShelf { Owed = owed, Since = desk.Now, Parked = 3, Found = found } });
        return desk;
    }

    /// <summary>What asks for a reading is read.</summary>
    private static void Cycle(Desk desk, bool sourceFirst, (int Available, int Parked) main, (int Available, int Parked) closed)
    {
        foreach (var level in sourceFirst ? new[] { Closed, Main } : [Main, Closed])
        {
            var (available, parked) = level == Main ? main : closed;
            if (desk[level].Status != LevelStatus.Closed)
            {
                desk.Shows(level, available, parked);
            }
        }
    }

    /// <summary>So many units are paired, and nothing is left at the location that closed.</summary>
    private static void Moved(Desk desk, int units)
    {
        var pairs = desk.Ledger.Where(e => e is { Reason: EntryReason.ChannelTransfer, Bucket: Bucket.OnHand }).ToList();
        pairs.Where(e => e.Location == PlaceCases.Second).Sum(e => e.Delta).ShouldBe(-units);
        pairs.Where(e => e.Location == Desk.Main).Sum(e => e.Delta).ShouldBe(units);
        desk.State.PoolAt(PlaceCases.Second).Buckets.ShouldBe(default(Buckets), "nothing stranded");
        (desk[Closed].Status, desk[Closed].Shelf!.Unplaced).ShouldBe((LevelStatus.Closed, 0));
    }

    private static int OnHand(Desk desk) => desk.State.Pools.Sum(p => p.Buckets.OnHand);
}
