using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Stock;
using Xunit;

namespace SyncFlow.Tests.Core.Allocation;

/// <summary>What a kit may be made of, and what a change of it means for orders of before.</summary>
public sealed class KitChangeTests
{
    private static readonly SkuId A = new(1), B = new(2), K = new(3), L = new(4);

    [Fact]
    public void An_order_keeps_the_parts_it_was_booked_with()
    {
        var desk = new SharingDesk(1).Sku(1, 20).Sku(2, 20).Sku(3, 0, SharingMode.Guard, (1, 2), (2, 1));
        desk.Settle();
        var order = desk.Order(3, 1, units: 2);
        desk.Apply(order);
        desk.Arrange(3, s => s with { Components = [new Component(B, 5)] });

        var shipped = order.Snapshot with
        {
            Version = new FactVersion(order.Snapshot.Version.UpdatedAt + 1, 0, 0),
            Lines = [.. order.Snapshot.Lines.Select(l => l with { Open = 0, Fulfilled = 2 })],
        };
        desk.Apply(order with { Snapshot = shipped });

        (desk[1].Pools[0].Buckets, desk[2].Pools[0].Buckets).ShouldBe(
            (default(Buckets) with { OnHand = 16 }, default(Buckets) with { OnHand = 18 }));
        desk.Sell(3, 1);
        (desk.Ats(1), desk.Ats(2)).ShouldBe((16, 13), "a new order takes the new parts");
    }

    [Fact]
    public void An_order_of_before_a_sku_became_a_kit_stays_an_order_of_that_sku()
    {
        var desk = new SharingDesk(1).Sku(1, 20).Sku(3, 2);
        desk.Settle();
        var order = desk.Order(3, 1, units: 2);
        desk.Apply(order);
        var shipped = order.Snapshot with
        {
            Version = new FactVersion(order.Snapshot.Version.UpdatedAt + 1, 0, 0),
            Lines = [.. order.Snapshot.Lines.Select(l => l with { Open = 0, Fulfilled = 2 })],
        };
        desk.Apply(order with { Snapshot = shipped });
        desk.Ledger.Clear();
        desk.Arrange(3, s => s with { Components = [new Component(A, 4)] });
        desk.Apply(order with { Snapshot = shipped with { Version = new FactVersion(shipped.Version.UpdatedAt + 1, 0, 0), SoldAt = "x1" } });

        desk.Ledger.ShouldBeEmpty("nothing about what it shipped is different");
        desk.Ats(1).ShouldBe(20);
    }

    [Fact]
    public void A_kit_may_not_contain_itself_over_whatever_many_others()
    {
        KitChecks.Of(K, [new Component(K, 1)], Kits()).ShouldHaveSingleItem().Field.ShouldBe("components[0].sku");
        KitChecks.Of(K, [new Component(A, 1), new Component(L, 1)], Kits((L, [new(K, 1)]))).ShouldHaveSingleItem().Field.ShouldBe("components[1].sku");
        var far = new SkuId(5);
        KitChecks.Of(K, [new Component(far, 1)], Kits((L, [new(K, 1)]), (far, [new(L, 2)]))).ShouldHaveSingleItem()
            .Message.ShouldContain("cycle");
        KitChecks.Of(K, [new Component(A, 2), new Component(B, 1)], Kits((L, [new(K, 1)]))).ShouldBeEmpty();
    }

    [Fact]
    public void Units_out_of_range_repeats_and_kits_too_deep_or_too_large_are_refused_by_their_field()
    {
        KitChecks.Of(K, [new Component(A, 0)], Kits()).ShouldHaveSingleItem().Field.ShouldBe("components[0].units");
        KitChecks.Of(K, [new Component(A, KitLimits.MostUnits + 1)], Kits()).ShouldHaveSingleItem().Field.ShouldBe("components[0].units");
        KitChecks.Of(K, [new Component(A, 1), new Component(A, 1)], Kits()).ShouldHaveSingleItem().Field.ShouldBe("components[1].sku");
        KitChecks.Of(K, [new Component(L, 2_000)], Kits((L, [new(A, 10)]))).ShouldHaveSingleItem().Field.ShouldBe("components");
        SkuId x = new(7), y = new(8);
        KitChecks.Of(K, [new Component(L, 1)], Kits((L, [new(x, 1)]), (x, [new(y, 1)]), (y, [new(A, 1)])))
            .ShouldHaveSingleItem().Message.ShouldContain("deep");

        // Also where the kit is changed at the bottom of another.
        KitChecks.Of(K, [new Component(A, 200)], Kits((L, [new(K, 100)]))).ShouldHaveSingleItem().Field.ShouldBe("components");
    }

    private static Dictionary<SkuId, ImmutableArray<Component>> Kits(params (SkuId Sku, Component[] Parts)[] kits) =>
        kits.ToDictionary(k => k.Sku, k => ImmutableArray.Create(k.Parts));
}
