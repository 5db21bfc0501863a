using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Cases;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Oversells;

/// <summary>What a settlement can be made of, with a second group of places beside the short one.</summary>
public sealed class PromisedLinesTests
{
    [Fact]
    public void Lines_of_an_order_are_promised_no_more_of_a_group_than_is_committed_there()
    {
        var desk = TwoGroups(first: 5, second: 8);
        var order = Desk.Snapshot("1", 3, desk.Now, origin: SnapshotOrigin.Fetch);
        desk.Order(1, order with
        {
            Lines =
            [
                order.Lines[0] with { Assignments = [new Assignment("x1", 3)] },
                order.Lines[0] with { LineRef = "1-2", Quantity = 4, Open = 4, Assignments = [new Assignment("x2", 4)] },
            ],
        });

        desk.Run(set => PromisedLines.Of(set, Desk.Sku, 1, [set.FindOrder(new ConnectionId(1), "1")!]).ToList())
            .Select(l => (l.LineRef, l.Units)).ShouldBe([("1-1", 3)], "the second line ships from elsewhere");
    }

    [Fact]
    public void Only_units_that_no_channel_may_still_sell_are_spare()
    {
        var desk = TwoGroups(first: 5, second: 8);
        Spare(desk).ShouldBeEmpty("all eight are shown");
        desk.Arrange(2, level => level with { Belief = 5, Target = 5 });
        Spare(desk).ShouldBe([new SpareUnits(PlaceCases.Second, 3)]);
    }

    private static List<SpareUnits> Spare(Desk desk) => desk.Run(set => PromisedLines.Spare(Cluster.Of(set, Desk.Sku), Desk.Sku, 1).ToList());

    private static Desk TwoGroups(int first, int second)
    {
        var desk = PlaceCases.TwoPlaces(first, second);
        desk.Context = desk.Context with
        {
            Locations = desk.Context.Locations.SetItem(PlaceCases.Second, new LocationSettings(PlaceCases.Second, true, 2)),
        };
        return desk;
    }
}
