using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Orders;

/// <summary>Where and when units leave. Channel 1 has a second location x2, which is location 2.</summary>
public sealed class ShipmentTests
{
    private static readonly LocationId Second = new(2);

    [Fact]
    public void Units_leave_the_place_they_ship_from_and_not_the_lines_home()
    {
        var desk = TwoPlaces();
        desk.Order(1, At(Desk.Snapshot("1", 3, desk.Now, origin: SnapshotOrigin.Fetch), "x1", 3));
        desk.Order(1, Shipped(desk, 3, new Shipment("f1", "x2", 3, desk.Now)));
        desk.Position.OnHand.ShouldBe(10);
        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets) with { OnHand = 7 });
        desk.Ledger.Where(e => e.Bucket == Bucket.OnHand).ShouldHaveSingleItem().Reason.ShouldBe(EntryReason.Fulfilment);
    }

    [Fact]
    public void A_shipment_that_turns_out_to_have_left_another_place_moves_as_a_pair_and_did_not_come_back()
    {
        var desk = TwoPlaces();
        desk.Order(1, Shipped(desk, 3));
        desk.Position.OnHand.ShouldBe(7, "the default until somebody says where");
        desk.Now = desk.Now.AddSeconds(5);
        desk.Order(1, Shipped(desk, 3, new Shipment("f1", "x2", 3, desk.Now)));
        (desk.Position.OnHand, desk.State.PoolAt(Second).Buckets.OnHand).ShouldBe((10, 7));
        desk.Ledger.Where(e => e.Reason == EntryReason.ShipmentMoved).Select(e => (e.Location, e.Delta))
            .ShouldBe([(Desk.Main, 3), (Second, -3)], ignoreOrder: true);
        desk.Ledger.ShouldNotContain(e => e.Reason == EntryReason.Return);
    }

    [Fact]
    public void Two_shipments_that_become_known_together_each_have_their_own_time()
    {
        var desk = TwoPlaces();
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now));
        var (first, second) = (desk.Now.AddMinutes(10), desk.Now.AddMinutes(50));

        // The event of the second shipment comes first, the one of the first after it.
        desk.Now = desk.Now.AddHours(1);
        desk.Order(1, Shipped(desk, 3, new Shipment("f1", "x1", 2, first), new Shipment("f2", "x1", 1, second)));
        desk.Order(1, Shipped(desk, 2, new Shipment("f1", "x1", 2, first)) with { Version = new FactVersion(first.Ticks, 0, first.Ticks) });
        desk.Ledger.Where(e => e.Reason == EntryReason.Fulfilment).Select(e => (e.Delta, e.OccurredAt))
            .ShouldBe([(-2, first), (-1, second)]);
    }

    [Fact]
    public void A_return_to_a_place_that_looks_first_is_not_sold_until_somebody_has_looked()
    {
        var desk = TwoPlaces(inspects: true);
        desk.Order(1, Shipped(desk, 3, new Shipment("f1", "x2", 3, desk.Now)));
        desk.Now = desk.Now.AddDays(1);
        var returned = Shipped(desk, 3, new Shipment("f1", "x2", 3, desk.Now.AddDays(-1)));
        desk.Order(1, Returned(returned, 2));
        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets) with { OnHand = 9, Unavailable = 2 });
        desk.Ledger.Where(e => e.Bucket == Bucket.Unavailable).ShouldHaveSingleItem().Reason.ShouldBe(EntryReason.Inspection);

        // What the order says later, and a change of the setting, leave it where it is.
        desk.Now = desk.Now.AddDays(1);
        desk.Context = Places(desk.Context, inspects: false);
        desk.Order(1, Returned(returned, 3) with { Version = new FactVersion(desk.Now.Ticks, 1, 1) });
        desk.State.PoolAt(Second).Buckets.Unavailable.ShouldBe(2);
        desk.Context = Places(desk.Context, inspects: true);
        var another = returned with
        {
            Version = new FactVersion(desk.Now.AddDays(1).Ticks, 1, 1),
            Lines =
            [
                returned.Lines[0] with
                {
                    Restocks = [new Restock("r1", RestockKind.Return, 2, "x2"), new Restock("r2", RestockKind.Return, 1, "x2")],
                },
            ],
        };
        desk.Order(1, another);
        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets) with { OnHand = 10, Unavailable = 3 });
    }

    [Fact]
    public void The_channel_that_put_a_return_on_its_level_is_told_to_take_it_off_again()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Context = desk.Context with
        {
            Locations = desk.Context.Locations.SetItem(Desk.Main, desk.Context.Locations[Desk.Main] with { InspectReturns = true }),
        };
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now, open: 0, fulfilled: 3));
        desk.Order(1, Desk.Snapshot(
            "1", 3, desk.Now.AddSeconds(1), open: 0, fulfilled: 3, restocks: new Restock("r", RestockKind.Return, 2, "x1")));
        (desk[1].Belief, desk.Ats, desk.Exposure.Units).ShouldBe((9, 7, 2));
        var push = desk.Publish(1)!;
        (push.From, push.To).ShouldBe((9, 7));
    }

    [Fact]
    public void A_tills_order_is_booked_where_it_was_sold_born_fulfilled()
    {
        var desk = TwoPlaces();
        var sold = Desk.Snapshot("1", 2, desk.Now, open: 0, fulfilled: 2, source: "pos") with { SoldAt = "x2" };
        desk.Order(1, sold);
        (desk.Position.OnHand, desk.State.PoolAt(Second).Buckets.OnHand).ShouldBe((10, 8));
        desk.State.Pools.ShouldAllBe(p => p.Buckets.Committed == 0);
        desk.Work.ShouldBeEmpty("nobody needs to ask where");
    }

    [Fact]
    public void A_fulfilment_order_that_is_split_commits_at_both_places_and_each_part_leaves_its_own()
    {
        var desk = TwoPlaces();
        var split = Desk.Snapshot("1", 5, desk.Now, origin: SnapshotOrigin.Fetch);
        desk.Order(1, split with { Lines = [split.Lines[0] with { Assignments = [new Assignment("x1", 3), new Assignment("x2", 2)] }] });
        (desk.Position.Committed, desk.State.PoolAt(Second).Buckets.Committed).ShouldBe((3, 2));

        // Two leave the second place, one of the first is cancelled and put back: what stays open is what is left.
        desk.Now = desk.Now.AddMinutes(5);
        var later = Desk.Snapshot(
            "1", 5, desk.Now, open: 2, fulfilled: 2, origin: SnapshotOrigin.Fetch, restocks: new Restock("r", RestockKind.Cancel, 1, "x1"));
        desk.Order(1, later with
        {
            Lines = [later.Lines[0] with { Assignments = [new Assignment("x1", 2)], Shipments = [new Shipment("f", "x2", 2, desk.Now)] }],
        });
        desk.Position.ShouldBe(default(Buckets) with { OnHand = 10, Committed = 2 });
        desk.State.PoolAt(Second).Buckets.ShouldBe(default(Buckets) with { OnHand = 8 });
    }

    private static Desk TwoPlaces(bool inspects = false)
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        desk.Context = Places(desk.Context, inspects);
        desk.Configure(1, settings => settings with { Locations = settings.Locations.SetItem("x2", Second) });
        desk.Arrange(sku => sku.With(new Pool(Second, default(Buckets) with { OnHand = 10 }, true)));
        return desk;
    }

    private static EngineContext Places(EngineContext context, bool inspects) => context with
    {
        Locations = context.Locations.SetItem(Second, new LocationSettings(Second, true, 1) { InspectReturns = inspects }),
    };

    private static OrderSnapshot Shipped(Desk desk, int fulfilled, params Shipment[] shipments)
    {
        var snapshot = Desk.Snapshot("1", 3, desk.Now, open: 3 - fulfilled, fulfilled: fulfilled, origin: SnapshotOrigin.Fetch);
        return snapshot with { Lines = [snapshot.Lines[0] with { Shipments = [.. shipments] }] };
    }

    private static OrderSnapshot Returned(OrderSnapshot snapshot, int units) => snapshot with
    {
        Lines = [snapshot.Lines[0] with { Restocks = [new Restock("r1", RestockKind.Return, units, "x2")] }],
    };

    private static OrderSnapshot At(OrderSnapshot snapshot, string place, int units) => snapshot with
    {
        Lines = [snapshot.Lines[0] with { Assignments = [new Assignment(place, units)] }],
    };
}
