using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using Xunit;

namespace SyncFlow.Tests.Core.Allocation;

/// <summary>Numbered cases about orders, with a kit among the lines. SKU 3 is K = 2·A + B; A is 1, B is 2.</summary>
public sealed class KitOrderCases
{
    private const int A = 1, B = 2, K = 3;

    [Theory]
    [InlineData(RestockKind.Cancel, 20, 2, 20, 1)]
    [InlineData(RestockKind.None, 16, 2, 18, 1)]
    public void C12_A_refund_of_kits_that_were_not_shipped_puts_their_parts_back_or_writes_them_off(
        RestockKind kind, int onHandA, int committedA, int onHandB, int committedB)
    {
        var desk = Kits();
        var order = Bought(desk, 3);
        desk.Apply(Later(order, l => l with { Open = 1, Restocks = [new Restock("refund-1", kind, 2, null)] }));

        Sums(desk, A).ShouldBe((onHandA, committedA));
        Sums(desk, B).ShouldBe((onHandB, committedB));
        desk[K].Pools.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(RestockKind.Return, 18, 19)]
    [InlineData(RestockKind.None, 14, 17)]
    public void C12_A_refund_of_shipped_kits_returns_their_parts_or_changes_nothing(RestockKind kind, int onHandA, int onHandB)
    {
        var desk = Kits();
        var order = Bought(desk, 3);
        var shipped = Later(order, l => l with { Open = 0, Fulfilled = 3 });
        desk.Apply(shipped);
        desk.Apply(Later(shipped, l => l with { Restocks = [new Restock("refund-1", kind, 2, null)] }));

        Sums(desk, A).ShouldBe((onHandA, 0));
        Sums(desk, B).ShouldBe((onHandB, 0));
    }

    [Fact]
    public void C13_An_edit_of_a_kits_line_and_a_new_line_for_a_part_are_booked_once()
    {
        var desk = Kits();
        var order = Bought(desk, 5);
        var edited = Later(order, l => l with { Quantity = 2, Open = 2 });
        edited = edited with
        {
            Snapshot = edited.Snapshot with
            {
                Lines = [.. edited.Snapshot.Lines, edited.Snapshot.Lines[0] with { LineRef = "added", VariantRef = $"v{(100 * B) + 1}", Quantity = 1, Open = 1 }],
            },
        };
        desk.Apply(edited);
        desk.Apply(edited with { Key = "the same by another topic" });

        Sums(desk, A).ShouldBe((20, 4));
        Sums(desk, B).ShouldBe((20, 3));
        desk.LevelOf(K, 1).OpenClaims.ShouldBe(2);
        desk.Exposure(A).Units.ShouldBe(0);
    }

    [Fact]
    public void C20_More_kits_are_ordered_than_can_be_made_and_nothing_is_clamped()
    {
        var desk = Kits();
        desk.Sell(K, 1, 13);

        (desk.Ats(A), desk.Ats(B), desk.Ats(K)).ShouldBe((-6, 7, 0));
        desk.Settle();
        desk.Belief(A, 1).ShouldBe(0, "no negative write");
        desk.Receive(A, 10, "receipt");
        desk.Settle();
        (desk.Ats(A), desk.Ats(K)).ShouldBe((4, 2));
        desk.Exposure(A).Units.ShouldBe(0);
    }

    [Fact]
    public void C43_An_order_for_a_kit_that_bypassed_inventory_lowers_the_parts_and_then_the_level_by_a_push()
    {
        var desk = Kits();
        var shown = desk.Belief(K, 1);
        var order = desk.Order(K, 1, 3);
        desk.Apply(order with { Snapshot = order.Snapshot with { SourceName = "an app of somebody" } });

        (desk.Ats(A), desk.Ats(B)).ShouldBe((14, 17));
        desk.Belief(K, 1).ShouldBe(shown, "it took nothing from the level");
        desk.Settle().ShouldNotBeEmpty();
        desk.Exposure(A).ShouldSatisfyAllConditions(e => e.Units.ShouldBe(0), e => e.UpperBound.ShouldBeLessThanOrEqualTo(14));
    }

    [Fact]
    public void C44_Kits_shown_at_several_places_are_one_selling_unit_and_a_negative_level_lends_nothing()
    {
        var desk = Kits();
        var second = new LocationId(2);
        desk.Place(second, group: 1);
        desk.Arrange(K, s => s with { Levels = [.. s.Levels.Select(l => l with { Belief = -3 }), .. s.Levels.Select(l => l with { Id = new LevelId(9_000), Location = second, Belief = 5 })] });

        // Five and minus three are two kits, which take four of A; what A shows itself comes on top.
        var alone = desk.Belief(A, 1);
        desk.Exposure(A).UpperBound.ShouldBe(4 + alone);
        desk.Arrange(K, s => s.With(s.FindLevel(new LevelId(9_000))! with { Belief = 1 }));
        desk.Exposure(A).UpperBound.ShouldBe(alone, "the unit as a whole may sell nothing, and lends nothing to A");
    }

    private static SharingDesk Kits()
    {
        var desk = new SharingDesk(1).Sku(A, 20).Sku(B, 20).Sku(K, 0, SharingMode.Guard, (A, 2), (B, 1));
        desk.Settle();
        desk.Ledger.Clear();
        return desk;
    }

    private static OrderFact Bought(SharingDesk desk, int units)
    {
        var order = desk.Order(K, 1, units);
        desk.Apply(order);
        return order;
    }

    private static OrderFact Later(OrderFact order, Func<OrderLine, OrderLine> change) => order with
    {
        Snapshot = order.Snapshot with
        {
            Version = new FactVersion(order.Snapshot.Version.UpdatedAt + 1, 0, 0),
            Lines = [change(order.Snapshot.Lines[0]), .. order.Snapshot.Lines.Skip(1)],
        },
    };

    private static (int OnHand, int Committed) Sums(SharingDesk desk, int sku)
    {
        var buckets = desk[sku].Pools[0].Buckets;
        buckets.Suspense.ShouldBe(0, "no phantom units, and none that nobody can explain");
        return (buckets.OnHand, buckets.Committed);
    }
}
