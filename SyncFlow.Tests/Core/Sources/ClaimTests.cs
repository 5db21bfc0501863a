using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

/// <summary>Units that several systems speak of are deducted once, in whatever order the systems speak.</summary>
public sealed class ClaimTests
{
    [Fact]
    public void C41_Units_shipped_and_not_posted_are_never_sold_again_and_the_posting_clears_them_once()
    {
        var desk = new SourceDesk(10, SourceDesk.Wms);
        desk.Order("100", 3);
        desk.Ats.ShouldBe(7);
        desk.Order("100", 3, fulfilled: 3);
        (desk.Now.OnHand, desk.Now.ShippedUnposted, desk.Now.Committed, desk.Ats).ShouldBe((10, 3, 0, 7), "the books still say 10");

        var through = new PostedMark(SourceDesk.Store, SourceVersions.Of(0, desk.Desk.Now));
        desk.Position(SourceDesk.Wms, 500, 7, through).ShouldBe(FactOutcome.Applied);
        (desk.Now.OnHand, desk.Now.ShippedUnposted, desk.Ats).ShouldBe((7, 0, 7));
        desk.Position(SourceDesk.Wms, 500, 7, through).ShouldBe(FactOutcome.Unchanged);
        desk.Position(SourceDesk.Wms, 501, 7).ShouldBe(FactOutcome.Unchanged);
        (desk.Now.OnHand, desk.Ats).ShouldBe((7, 7));
    }

    [Fact]
    public void A_position_that_does_not_say_it_contains_the_shipment_leaves_it_unposted()
    {
        var desk = new SourceDesk(10, SourceDesk.Wms);
        desk.Order("100", 3, fulfilled: 3);
        desk.Position(SourceDesk.Wms, 500, 10).ShouldBe(FactOutcome.Applied);
        desk.Ats.ShouldBe(7);
        desk.Position(SourceDesk.Wms, 501, 10, new PostedMark(SourceDesk.Store, 0));
        (desk.Now.ShippedUnposted, desk.Ats).ShouldBe((3, 7), "the mark lies before the shipment");
    }

    [Fact]
    public void A_shipment_told_after_the_position_that_contains_it_is_posted_as_it_comes()
    {
        var desk = new SourceDesk(10, SourceDesk.Wms);
        desk.Order("100", 3);
        desk.Position(SourceDesk.Wms, 500, 7, new PostedMark(SourceDesk.Store, SourceVersions.Of(0, desk.Desk.Now.AddHours(1))));
        desk.Order("100", 3, fulfilled: 3);
        (desk.Now.OnHand, desk.Now.ShippedUnposted, desk.Now.Committed, desk.Ats).ShouldBe((7, 0, 0, 7));
    }

    [Theory]
    [InlineData("order ship post")]
    [InlineData("order post ship")]
    [InlineData("post order ship")]
    [InlineData("order pick ship out post")]
    [InlineData("order pick out post ship")]
    [InlineData("order pick post out ship")]
    [InlineData("pick order ship post out")]
    [InlineData("pick post out order ship")]
    [InlineData("post out order ship pick")]
    public void An_order_picked_shipped_and_posted_by_three_systems_ends_the_same_in_every_order(string events)
    {
        var desk = new SourceDesk(10, SourceDesk.Erp);
        var sold = false;
        foreach (var one in events.Split(' '))
        {
            Tell(desk, one);
            sold |= one is "order" or "pick" or "post" or "out";
            desk.Ats.ShouldBe(sold ? 7 : 10, $"after {one} of {events}");
        }

        (desk.Now.OnHand, desk.Now.Committed, desk.Now.Allocated, desk.Now.ShippedUnposted).ShouldBe((7, 0, 0, 0));
        desk.Desk.Ledger.Where(e => e.Bucket == Bucket.OnHand).Sum(e => e.Delta).ShouldBe(-3);
    }

    [Theory]
    [InlineData("order pick ship out")]
    [InlineData("order ship pick out")]
    [InlineData("pick out order ship")]
    public void Where_the_ledger_keeps_the_books_the_shipment_lowers_them_and_picks_change_nothing(string events)
    {
        var desk = new SourceDesk(10);
        foreach (var one in events.Split(' '))
        {
            Tell(desk, one);
            desk.Ats.ShouldBe(7, $"after {one} of {events}");
        }

        (desk.Now.OnHand, desk.Now.Committed, desk.Now.Allocated, desk.Now.ShippedUnposted).ShouldBe((7, 0, 0, 0));
    }

    [Fact]
    public void A_cancelled_orders_units_stay_allocated_until_the_warehouse_gives_them_back()
    {
        var desk = new SourceDesk(10);
        desk.Order("100", 3);
        desk.Pick(1, "100", open: 3, shipped: 0);
        (desk.Now.Committed, desk.Now.Allocated).ShouldBe((0, 3));
        desk.Order("100", 3, cancelled: true);
        (desk.Now.Allocated, desk.Ats).ShouldBe((3, 7), "they are in somebody's hands");
        desk.Pick(2, "100", open: 0, shipped: 0);
        (desk.Now.Allocated, desk.Ats).ShouldBe((0, 10));
        desk.Pick(1, "100", open: 3, shipped: 0).ShouldBe(FactOutcome.Older);
    }

    [Theory]
    [InlineData(true, "sale post-sale")]
    [InlineData(true, "post-sale sale")]
    [InlineData(false, "sale post-sale")]
    [InlineData(false, "post-sale sale")]
    public void A_tills_sale_that_the_ERP_posts_later_or_earlier_is_deducted_once(bool erpOwns, string events)
    {
        var desk = erpOwns ? new SourceDesk(10, SourceDesk.Erp) : new SourceDesk(10);
        foreach (var one in events.Split(' '))
        {
            Tell(desk, one);
            desk.Ats.ShouldBe(8, $"after {one} of {events}");
        }

        (desk.Now.OnHand, desk.Now.PosPending).ShouldBe((8, 0));
        desk.Sell(9, 2, "R1", "till-1").ShouldBe(FactOutcome.Unchanged, "told again");
        desk.Move(SourceDesk.Erp, 9, -2, SourceDesk.Receipt("R1"), "erp-1").ShouldBe(FactOutcome.Unchanged);
        desk.Ats.ShouldBe(8);
    }

    [Fact]
    public void A_till_is_posted_through_its_own_number_and_not_by_anybodys_clock()
    {
        var desk = new SourceDesk(20, SourceDesk.Erp);
        desk.Sell(7, 2, "R7");
        desk.Sell(8, 1, "R8");
        desk.Sell(9, 4, "R9");
        (desk.Now.PosPending, desk.Ats).ShouldBe((7, 13));
        desk.Position(SourceDesk.Erp, 100, 17, new PostedMark(SourceDesk.Till, 8));
        (desk.Now.OnHand, desk.Now.PosPending, desk.Ats).ShouldBe((17, 4, 13));
        desk.Sell(6, 5, "R6 told late");
        (desk.Now.PosPending, desk.Ats).ShouldBe((4, 13), "the position of 17 contains it");
    }

    /// <summary>Random histories of one order in random order, some events told twice: available-to-sell never shows a sold unit.</summary>
    [Fact]
    public void Whatever_the_order_of_reports_nothing_is_deducted_twice_or_dropped() => Seeds.Run(300, seed =>
    {
        var random = new Random(seed);
        var owned = random.Next(2) == 0;
        var desk = owned ? new SourceDesk(50, SourceDesk.Erp) : new SourceDesk(50);
        string[] told = ["order", "pick", "ship", "out", "sale", "post-sale", .. owned ? new[] { "post" } : []];
        foreach (var one in told.Concat(told.Where(_ => random.Next(3) == 0)).OrderBy(_ => random.Next()).ToList())
        {
            Tell(desk, one);
        }

        Tell(desk, "ship");
        Tell(desk, "out");
        (desk.Now.OnHand, desk.Ats, desk.Now.Committed, desk.Now.Allocated, desk.Now.PosPending, desk.Now.ShippedUnposted)
            .ShouldBe((45, 45, 0, 0, 0, 0));
    });

    private static void Tell(SourceDesk desk, string what)
    {
        switch (what)
        {
            case "order":
                desk.Order("100", 3);
                break;
            case "ship":
                desk.Order("100", 3, fulfilled: 3);
                break;
            case "pick":
                desk.Pick(1, "100", open: 3, shipped: 0);
                break;
            case "out":
                desk.Pick(2, "100", open: 0, shipped: 3);
                break;
            case "post":
                desk.Move(SourceDesk.Erp, 5, -3, SourceDesk.OrderRef("100"), "erp-order");
                break;
            case "sale":
                desk.Sell(1, 2, "R1", "till-1");
                break;
            case "post-sale":
                desk.Move(SourceDesk.Erp, 6, -2, SourceDesk.Receipt("R1"), "erp-1");
                break;
        }
    }
}
