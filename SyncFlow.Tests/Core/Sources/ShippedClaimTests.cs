using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Sources;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

/// <summary>Orders whose units a warehouse picks or a source posts: when and where they left, and what came back.</summary>
public sealed class ShippedClaimTests
{
    private static readonly LocationId Second = new(2);

    [Fact]
    public void A_shipment_that_left_before_a_position_is_contained_in_it_however_late_its_order_is_told()
    {
        var desk = new SourceDesk(10, SourceDesk.Wms);
        var shippedAt = desk.Desk.Now.AddMinutes(1);
        desk.Order("100", 3);
        desk.Position(SourceDesk.Wms, 500, 7, new PostedMark(SourceDesk.Store, SourceVersions.Of(0, shippedAt.AddMinutes(1))));

        // The order is told ten minutes later, for another reason; its shipment says when it left.
        Tell(desk, shippedAt.AddMinutes(10), fulfilled: 3, new Shipment("f1", "x1", 3, shippedAt));
        (desk.Now.OnHand, desk.Now.ShippedUnposted, desk.Ats).ShouldBe((7, 0, 7));
    }

    [Fact]
    public void Of_two_shipments_told_together_only_the_one_before_the_position_is_contained_in_it()
    {
        var desk = new SourceDesk(10, SourceDesk.Wms);
        var first = desk.Desk.Now.AddMinutes(1);
        desk.Order("100", 3);
        desk.Position(SourceDesk.Wms, 500, 8, new PostedMark(SourceDesk.Store, SourceVersions.Of(0, first.AddMinutes(1))));
        Tell(desk, first.AddMinutes(30), fulfilled: 3, new Shipment("f1", "x1", 2, first), new Shipment("f2", "x1", 1, first.AddMinutes(20)));
        (desk.Now.OnHand, desk.Now.ShippedUnposted, desk.Now.Committed, desk.Ats).ShouldBe((8, 1, 0, 7));
    }

    [Fact]
    public void Where_the_ledger_keeps_the_books_each_shipment_of_picked_units_has_its_own_time_and_place()
    {
        var desk = TwoPlaces();
        desk.Order("100", 3);
        desk.Pick(1, "100", open: 3, shipped: 0);
        var (first, second) = (desk.Desk.Now.AddMinutes(1), desk.Desk.Now.AddMinutes(20));
        Tell(desk, second.AddHours(1), fulfilled: 3, new Shipment("f1", "x1", 2, first), new Shipment("f2", "x2", 1, second));
        desk.Pick(2, "100", open: 0, shipped: 2);
        (desk.Now.OnHand, desk.Now.Committed, desk.Now.Allocated).ShouldBe((8, 0, 0));

        desk.Desk.Ledger.Where(e => e.Bucket == Bucket.OnHand).Select(e => (e.Location, e.Delta, e.OccurredAt, e.Reason))
            .ShouldBe([(Desk.Main, -2, first, EntryReason.Fulfilment), (Second, -1, second, EntryReason.Fulfilment)]);
    }

    [Theory]
    [InlineData(true, 9, 2)]
    [InlineData(false, 9, 0)]
    public void What_comes_back_of_picked_units_is_looked_at_first_where_the_place_says_so(bool looks, int onHand, int unavailable)
    {
        var desk = new SourceDesk(10);
        desk.Desk.Context = desk.Desk.Context with
        {
            Locations = desk.Desk.Context.Locations.SetItem(Desk.Main, new LocationSettings(Desk.Main, true, 1) { InspectReturns = looks }),
        };
        desk.Order("100", 3);
        desk.Pick(1, "100", open: 0, shipped: 3);
        desk.Order("100", 3, fulfilled: 3);
        desk.Desk.Now += TimeSpan.FromMinutes(1);
        desk.Desk.Order(1, Desk.Snapshot("100", 3, desk.Desk.Now, open: 0, fulfilled: 3, restocks: new Restock("r1", RestockKind.Return, 2, "x1")));

        (desk.Now.OnHand, desk.Now.Unavailable, desk.Ats).ShouldBe((onHand, unavailable, onHand - unavailable));
        desk.Desk.Ledger.Where(e => e.Bucket == Bucket.OnHand).Select(e => e.Reason).ShouldBe([EntryReason.Fulfilment, EntryReason.Return]);
    }

    [Fact]
    public void Where_a_source_keeps_the_books_it_says_itself_what_came_back_and_is_looked_at()
    {
        var desk = new SourceDesk(10, SourceDesk.Wms);
        desk.Desk.Context = desk.Desk.Context with
        {
            Locations = desk.Desk.Context.Locations.SetItem(Desk.Main, new LocationSettings(Desk.Main, true, 1) { InspectReturns = true }),
        };
        desk.Order("100", 3, fulfilled: 3);
        desk.Position(SourceDesk.Wms, 500, 7, new PostedMark(SourceDesk.Store, SourceVersions.Of(0, desk.Desk.Now)));
        desk.Desk.Now += TimeSpan.FromMinutes(1);
        desk.Desk.Order(1, Desk.Snapshot("100", 3, desk.Desk.Now, open: 0, fulfilled: 3, restocks: new Restock("r1", RestockKind.Return, 2, "x1")));
        (desk.Now.OnHand, desk.Now.Unavailable, desk.Ats).ShouldBe((7, 0, 7), "nothing is back in its books yet");
        desk.Unavailable(SourceDesk.Wms, 501, 9, 2);
        (desk.Now.OnHand, desk.Now.Unavailable, desk.Ats).ShouldBe((9, 2, 7));
    }

    private static void Tell(SourceDesk desk, DateTimeOffset at, int fulfilled, params Shipment[] shipments)
    {
        desk.Desk.Now = at;
        var order = Desk.Snapshot("100", 3, at, open: 3 - fulfilled, fulfilled: fulfilled);
        desk.Desk.Order(1, order with { Lines = [order.Lines[0] with { Shipments = [.. shipments] }] });
    }

    private static SourceDesk TwoPlaces()
    {
        var desk = new SourceDesk(10);
        var store = desk.Desk.Context.Channels[SourceDesk.Store];
        desk.Desk.Context = desk.Desk.Context with
        {
            Channels = desk.Desk.Context.Channels.SetItem(SourceDesk.Store, store with { Locations = store.Locations.Add("x2", Second) }),
            Locations = desk.Desk.Context.Locations.Add(Second, new LocationSettings(Second, true, 1)),
        };
        desk.Desk.Arrange(s => s with { Pools = s.Pools.Add(new Pool(Second, default(Buckets) with { OnHand = 10 }, true)) });
        return desk;
    }
}
