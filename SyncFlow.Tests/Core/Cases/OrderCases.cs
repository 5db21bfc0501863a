using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Orders arriving once, often, late, early and in the wrong order.</summary>
public sealed class OrderCases
{
    private static readonly DateTimeOffset T1 = new(2026, 11, 27, 10, 0, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset T2 = T1.AddSeconds(1);

    [Fact]
    public void C01_A_duplicate_order_is_one_entry_and_one_write_elsewhere()
    {
        var desk = new Desk(3, onHand: 10, SharingMode.Shared, 10, 10, 10);
        for (var i = 0; i < 3; i++)
        {
            desk.Order(1, Desk.Snapshot("1", 2, T1));
        }

        desk.Order(1, Desk.Snapshot("1", 2, T1, origin: SnapshotOrigin.Fetch)).ShouldBe(FactOutcome.Unchanged);

        desk.Ledger.Count.ShouldBe(1);
        desk.Ats.ShouldBe(8);
        desk[1].Belief.ShouldBe(8);
        desk.Plan(1).ShouldBeNull();
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(8);
        desk.Publish(2).ShouldBeNull();
        desk.Publish(3).ShouldNotBeNull().To.ShouldBe(8);
        desk.Publish(3).ShouldBeNull();
    }

    [Fact]
    public void C02_A_late_create_changes_nothing_after_an_update()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T2, open: 1, restocks: new Restock("r1", RestockKind.Cancel, 2, null)));

        desk.Order(1, Desk.Snapshot("1", 3, T1)).ShouldBe(FactOutcome.Older);

        desk.Position.Committed.ShouldBe(1);
        desk.Ats.ShouldBe(9);
        desk[1].Belief.ShouldBe(9);
    }

    [Fact]
    public void C03_A_cancel_before_its_create_leaves_a_tombstone()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot(
            "1", 2, T1.AddSeconds(40), open: 0, cancelled: true, restocks: new Restock("r1", RestockKind.Cancel, 2, null)));

        desk.Order(1, Desk.Snapshot("1", 2, T1)).ShouldBe(FactOutcome.Older);

        desk.Position.Committed.ShouldBe(0);
        desk.Ats.ShouldBe(10);
        desk[1].Belief.ShouldBe(10);
        desk.Ledger.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(RestockKind.Cancel, 10, 1, 9, 9)]
    [InlineData(RestockKind.None, 8, 1, 7, 7)]
    public void C12_A_refund_before_fulfilment_restocks_or_writes_off(
        RestockKind kind, int onHand, int committed, int ats, int belief)
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T1));
        desk.Order(1, Desk.Snapshot(
            "1", 3, T2, open: kind == RestockKind.Cancel ? 1 : 3, restocks: new Restock("r1", kind, 2, null)));

        desk.Position.OnHand.ShouldBe(onHand);
        desk.Position.Committed.ShouldBe(committed);
        desk.Ats.ShouldBe(ats);
        desk[1].Belief.ShouldBe(belief);
        desk.Ledger.Any(e => e.Reason == EntryReason.WriteOff).ShouldBe(kind == RestockKind.None);
    }

    [Theory]
    [InlineData(RestockKind.Return, 9)]
    [InlineData(RestockKind.None, 7)]
    public void C12_A_refund_after_fulfilment_returns_or_changes_nothing(RestockKind kind, int onHand)
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T1));
        desk.Order(1, Desk.Snapshot("1", 3, T2, open: 0, fulfilled: 3));
        desk.Position.OnHand.ShouldBe(7);

        desk.Order(1, Desk.Snapshot(
            "1", 3, T2.AddSeconds(5), open: 0, fulfilled: 3, restocks: new Restock("r1", kind, 2, "x1")));

        desk.Position.OnHand.ShouldBe(onHand);
        desk.Position.Committed.ShouldBe(0);
        desk.Ats.ShouldBe(onHand);
    }

    [Fact]
    public void C12_A_cancel_whose_refund_is_not_seen_yet_makes_no_phantom_units()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T1));
        desk.Order(1, Desk.Snapshot("1", 3, T2, open: 0, cancelled: true));
        desk.Position.Suspense.ShouldBe(3);
        desk.Ats.ShouldBe(7);

        desk.Order(1, Desk.Snapshot(
            "1", 3, T2.AddSeconds(1), open: 0, cancelled: true, restocks: new Restock("r1", RestockKind.None, 3, null)));

        desk.Position.Suspense.ShouldBe(0);
        desk.Position.OnHand.ShouldBe(7);
        desk.Ats.ShouldBe(7);
    }

    [Fact]
    public void C20_More_is_ordered_than_there_is_and_nothing_is_clamped()
    {
        var desk = new Desk(2, 2, SharingMode.Guard, 1, 1);
        desk.Order(1, Desk.Snapshot("1", 5, T1));

        desk.Ats.ShouldBe(-3);
        desk[1].Belief.ShouldBe(-4);
        desk.Plan(1).ShouldBeNull("zero on a level below zero would invent on-hand");
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(0);
        desk.Read(2, ReadingKind.Drained, 0);

        desk.Receive("r-1", 10);

        desk.Ats.ShouldBe(7);
        desk.Exposure.UpperBound.ShouldBe(0, "a negative level lends nothing");

        // Whoever is below zero is lifted past it in one step, and the rest is shared out once that has arrived: seven in all.
        var first = desk.Publish(1).ShouldNotBeNull();
        (first.From, first.To).ShouldBe((-4, 3));
        desk.Exposure.Units.ShouldBe(0);
        desk.Read(1, ReadingKind.Drained, 3);
        var (other, rest) = (desk.Publish(2).ShouldNotBeNull(), desk.Publish(1).ShouldNotBeNull());
        (other.From, other.To, rest.From, rest.To).ShouldBe((0, 3, 3, 4));
        desk.Read(1, ReadingKind.Drained, 4);
        desk.Read(2, ReadingKind.Drained, 3);
        desk.Exposure.ShouldBe(new Exposure(7, 7, 0, ""));
        (desk.Plan(1), desk.Plan(2)).ShouldBe((null, null));
    }

    [Fact]
    public void C20_A_store_below_zero_that_shares_is_lifted_by_the_receipt_at_once_and_never_to_zero()
    {
        var desk = new Desk(2, 2, SharingMode.Shared, 2, 2);
        desk.Order(1, Desk.Snapshot("1", 5, T1));
        (desk.Ats, desk[1].Belief).ShouldBe((-3, -3));
        desk.Plan(1).ShouldBeNull("zero on a level below zero would invent on-hand");
        var down = desk.Publish(2).ShouldNotBeNull();
        (down.From, down.To).ShouldBe((2, 0));

        desk.Receive("r-1", 3);
        desk.Ats.ShouldBe(0);
        desk.Plan(1).ShouldBeNull("three came for the three that are owed: still nothing to sell");

        desk.Receive("r-2", 7);
        var (own, other) = (desk.Publish(1).ShouldNotBeNull(), desk.Publish(2).ShouldNotBeNull());
        (own.From, own.To, other.From, other.To).ShouldBe((-3, 7, 0, 7));
    }

    [Fact]
    public void C43_An_order_that_bypassed_inventory_lowers_the_level_by_a_push()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T1, source: "580111"));

        desk.Ats.ShouldBe(7);
        desk[1].Belief.ShouldBe(10);
        var element = desk.Publish(1).ShouldNotBeNull();
        (element.From, element.To).ShouldBe((10, 7));
    }

    [Fact]
    public void A_test_order_takes_nothing()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T1) with { Test = true });

        desk.Ats.ShouldBe(10);
        desk.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public void An_order_seen_at_import_only_commits_what_is_open()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 5, T1, open: 2, fulfilled: 3, origin: SnapshotOrigin.Import));
        (desk.Position.OnHand, desk.Position.Committed).ShouldBe((10, 2));

        desk.Order(1, Desk.Snapshot("1", 5, T2, open: 0, fulfilled: 5));

        (desk.Position.OnHand, desk.Position.Committed).ShouldBe((8, 0));
    }

    [Fact]
    public void Two_contents_with_one_update_time_ask_for_an_authoritative_read_which_wins()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, T1));
        var tied = Desk.Snapshot("1", 4, T1);
        desk.Order(1, tied with { Version = tied.Version with { Sequence = T1.Ticks + 1 } });
        desk.Work.ShouldContain(w => w.Kind == WorkKind.FetchOrder && w.Ref == "1");

        desk.Order(1, Desk.Snapshot("1", 3, T1, origin: SnapshotOrigin.Fetch));
        desk.Order(1, tied).ShouldBe(FactOutcome.Older);

        desk.Position.Committed.ShouldBe(3);
    }

    [Fact]
    public void A_moved_fulfilment_order_moves_commitment_and_belief_as_one()
    {
        var desk = PlaceCases.TwoPlaces(first: 5, second: 7);
        desk.Order(1, At("x1", T1));
        Stands(desk).ShouldBe(((5, 3, 2), (7, 0, 7)));

        desk.Order(1, At("x2", T2));
        Stands(desk).ShouldBe(((5, 0, 5), (7, 3, 4)));
        desk.Exposure.ShouldBe(new Exposure(9, 9, 0, ""));
        desk.Ledger.Where(e => e.Bucket == Bucket.Committed).Select(e => (e.Location.Value, e.Delta))
            .ShouldBe([(1, 3), (1, -3), (2, 3)], ignoreOrder: true);
        desk.Order(1, At("x1", T1)).ShouldBe(FactOutcome.Older, "where it was is not where it is");
        Stands(desk).ShouldBe(((5, 0, 5), (7, 3, 4)));

        static OrderSnapshot At(string place, DateTimeOffset at)
        {
            var order = Desk.Snapshot("1", 3, at, origin: SnapshotOrigin.Fetch);
            return order with { Lines = [order.Lines[0] with { Assignments = [new Assignment(place, 3)] }] };
        }

        static ((int OnHand, int Committed, int? Belief) First, (int OnHand, int Committed, int? Belief) Second) Stands(Desk desk)
        {
            var second = desk.State.PoolAt(PlaceCases.Second).Buckets;
            return ((desk.Position.OnHand, desk.Position.Committed, desk[1].Belief), (second.OnHand, second.Committed, desk[2].Belief));
        }
    }
}
