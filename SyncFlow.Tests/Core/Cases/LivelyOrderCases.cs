using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>What simulated worlds found once their orders were edited, moved, cancelled in part and refunded.</summary>
public sealed class LivelyOrderCases
{
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
}
