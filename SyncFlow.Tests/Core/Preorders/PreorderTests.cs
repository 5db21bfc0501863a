using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Preorders;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Preorders;

public sealed class PreorderTests
{
    [Fact]
    public void Units_on_their_way_are_shown_up_to_the_cap_and_a_receipt_makes_everything_normal()
    {
        var desk = Desk(onHand: 0, cap: 10, incoming: 8);
        desk.Publish(1)!.To.ShouldBe(8);

        desk.Order(1, SyncFlow.Tests.Core.Support.Desk.Snapshot("1", 3, desk.Now));
        desk.Ats.ShouldBe(5, "8 on their way, 3 promised");
        desk.Plan(1).ShouldBeNull("the sale lowered the level by itself");
        desk[1].Target.ShouldBe(5);
        desk.State.OversoldUnits.ShouldBe(0);

        desk.Receive("r1", 8);
        desk.Position.Unencumbered.ShouldBe(5);
        desk.Ats.ShouldBe(5, "what has arrived is not on its way any more");
        desk.Plan(1).ShouldBeNull();
        desk.Receive("r2", 4);
        desk.Publish(1)!.To.ShouldBe(9);
    }

    [Theory]
    [InlineData(0, 5, 20, 5)] // the cap
    [InlineData(0, 20, 5, 5)] // what is on its way
    [InlineData(7, 5, 5, 12)] // and what is there
    public void The_level_shows_what_is_there_and_what_may_be_promised(int onHand, int cap, int incoming, int shown)
    {
        var desk = Desk(onHand, cap, incoming);
        desk.Publish(1)!.To.ShouldBe(shown);
    }

    [Fact]
    public void Goods_that_arrive_in_parts_keep_the_promise_the_same()
    {
        var desk = Desk(onHand: 0, cap: 10, incoming: 10);
        desk.Publish(1)!.To.ShouldBe(10);
        desk.Receive("r1", 4);
        desk.Plan(1).ShouldBeNull("4 there and 6 on their way");
        desk.Receive("r2", 7);
        desk.Publish(1)!.To.ShouldBe(11, "one more than was announced");
    }

    [Fact]
    public void When_it_ends_targets_fall_and_what_was_sold_is_not_oversold()
    {
        var desk = Desk(onHand: 0, cap: 10, incoming: 8);
        desk.Publish(1);
        desk.Order(1, SyncFlow.Tests.Core.Support.Desk.Snapshot("1", 3, desk.Now));
        desk.Now = desk.Now.AddDays(2);
        desk.Touch();
        desk.Publish(1)!.To.ShouldBe(0);
        (desk.State.Shortfall, desk.State.OversoldUnits).ShouldBe((0, 0));

        // Beyond the cap it is: nine promised, eight on their way.
        desk.Order(1, SyncFlow.Tests.Core.Support.Desk.Snapshot("2", 6, desk.Now));
        (desk.State.Shortfall, desk.State.OversoldUnits).ShouldBe((1, 1));
    }

    [Fact]
    public void Guard_shares_the_promise_and_never_shows_it_twice()
    {
        var desk = Desk(onHand: 0, cap: 10, incoming: 10, channels: 2, mode: SharingMode.Guard);
        desk.Publish(1);
        desk.Publish(2);
        (desk[1].Belief + desk[2].Belief).ShouldBe(10);
        desk.Exposure.Units.ShouldBe(0);
    }

    [Fact]
    public void A_write_off_or_a_return_is_no_arrival()
    {
        var desk = Desk(onHand: 5, cap: 10, incoming: 8);
        desk.Apply(new SyncFlow.Core.Facts.StockMovement(
            "w", null, null, desk.Now, SyncFlow.Tests.Core.Support.Desk.Sku, SyncFlow.Tests.Core.Support.Desk.Main,
            SyncFlow.Core.Ledger.Bucket.OnHand, 2, SyncFlow.Core.Ledger.EntryReason.Return));
        desk.State.Policy.Preorder!.Incoming.ShouldBe(8);
    }

    private static Desk Desk(int onHand, int cap, int incoming, int channels = 1, SharingMode mode = SharingMode.Shared)
    {
        var desk = new Desk(channels, onHand, mode, [.. Enumerable.Repeat(0, channels)]);
        var preorder = new Preorder(SyncFlow.Tests.Core.Support.Desk.Main, cap, incoming, desk.Now.AddDays(1));
        desk.Arrange(sku => sku with { Policy = sku.Policy with { Preorder = preorder } });
        desk.Touch();
        return desk;
    }
}
