using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Stock;

/// <summary>
/// A store took an order from a location that nobody has counted in. Its commitment stands in a pool that
/// available-to-sell leaves out, while the level below zero lowers what the channel may sell: unless the counted pools
/// owe it, the difference looks like a budget. (The simulation found this one, once exposure was asserted.)
/// </summary>
public sealed class DebtTests
{
    private static readonly LocationId Side = new(2);

    [Fact]
    public void What_a_channel_takes_below_zero_where_nobody_counted_in_is_owed_by_the_counted_pools()
    {
        var desk = TwoPlaces();
        desk.Order(1, TakenAtTheSide(2));

        desk.State.FindLevel(new LevelId(3))!.Belief.ShouldBe(-2);
        desk.Exposure.ShouldBe(new Exposure(8, 8, 0, ""));
        Ask(desk, 1).ShouldBe(RequestAnswer.Refused, "five and three units are on shelves, two are sold, none is left");
    }

    [Fact]
    public void What_an_order_that_claimed_nothing_commits_where_nobody_counted_in_is_owed_by_the_counted_pools()
    {
        var desk = TwoPlaces();
        desk.Order(1, TakenAtTheSide(2) with { SourceName = "580111" });

        desk.State.FindLevel(new LevelId(3))!.Belief.ShouldBe(0, "no level lost a unit");
        desk.Exposure.Available.ShouldBe(8, "two of the ten are promised, wherever that is booked");
    }

    [Fact]
    public void An_order_that_takes_a_hold_over_where_nobody_counted_in_frees_nothing()
    {
        // Found by the simulation (seed 4987): the hold ended at the counted place, and nothing was committed there.
        var desk = TwoPlaces(shown: 4);
        desk.Configure(1, c => c with { DefaultLocation = Side });
        Ask(desk, 2).ShouldBe(RequestAnswer.Granted);
        var paid = Desk.Snapshot("78", 2, desk.Now, source: "580111");
        desk.Order(1, paid with { ReservationRef = "hold" });

        desk.State.Requests.ShouldAllBe(r => r.State == RequestLineState.Committed);
        desk.State.PoolAt(Side).Buckets.Committed.ShouldBe(2, "it does not say where from: that is a guess");
        desk.Exposure.ShouldBe(new Exposure(8, 8, 0, ""));
        Ask(desk, 1).ShouldBe(RequestAnswer.Refused);
    }

    [Fact]
    public void Units_that_a_level_shows_where_nobody_counted_in_are_its_own_to_sell()
    {
        var desk = TwoPlaces(shownAtTheSide: 4);
        desk.Order(1, TakenAtTheSide(2));
        desk.Exposure.Available.ShouldBe(10, "what lies there is not ours to sell, and not ours to make up for");
    }

    [Fact]
    public void R2_Units_in_a_pool_that_nobody_counted_in_are_nobodys_to_show()
    {
        var desk = new Desk(1, 5, SharingMode.Guard);
        desk.Arrange(s => s with { Pools = [s.Pools[0] with { Opened = false }] });
        desk.Touch();
        desk.Exposure.Available.ShouldBe(0);
        desk[1].Target.ShouldBeNull();
        desk.Receive("counted", 3);
        desk[1].Target.ShouldBe(8, "a receipt opens the pool");
    }

    private static Desk TwoPlaces(int shownAtTheSide = 0, int shown = 5)
    {
        var desk = new Desk(2, 10, SharingMode.Guard, shown, shown);
        var channel = desk.Context.Channels[new ConnectionId(1)];
        desk.Context = desk.Context with
        {
            Locations = desk.Context.Locations.Add(Side, new LocationSettings(Side, FulfillsOnline: true, Group: 1)),
            Channels = desk.Context.Channels.SetItem(
                channel.Connection, channel with { Locations = channel.Locations.Add("x2", Side) }),
        };
        desk.Arrange(s => s with
        {
            Levels = s.Levels.Add(desk[1] with { Id = new LevelId(3), Location = Side, Belief = shownAtTheSide, Target = null }),
        });
        return desk;
    }

    private static OrderSnapshot TakenAtTheSide(int units)
    {
        var order = Desk.Snapshot("77", units, new DateTimeOffset(2026, 11, 27, 9, 59, 0, TimeSpan.Zero), origin: SnapshotOrigin.Fetch);
        return order with { Lines = [order.Lines[0] with { Assignments = [new Assignment("x2", units)] }] };
    }

    private static RequestAnswer Ask(Desk desk, int units) => desk.Run(set => RequestRules.Ask(
        set, [(Desk.Sku, RequestLine.Asking(new RequestId(1), 1, "hold", units, null))], mayWait: false, desk.Now)).Answer;
}
