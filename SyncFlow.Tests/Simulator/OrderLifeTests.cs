using Shouldly;
using SyncFlow.Simulator.Worlds;
using Xunit;

namespace SyncFlow.Tests.Simulator;

/// <summary>The states of a level through the life of an order, without HTTP.</summary>
public sealed class OrderLifeTests
{
    private readonly World _world;
    private readonly Shop _shop;
    private readonly Variant _variant;
    private readonly Level _first;
    private readonly Level _second;

    public OrderLifeTests()
    {
        _world = WorldBuilder.Build(new SyncFlow.Simulator.SimulatorOptions { Skus = 3, MinStock = 10, MaxStock = 10 }, TimeProvider.System);
        _shop = _world.Shops[0];
        _variant = _shop.Variants[0];
        _first = _shop.Level(_variant.ItemId, _shop.Locations[0].Id)!;
        _second = _shop.Level(_variant.ItemId, _shop.Locations[1].Id)!;
        Shown(_first).ShouldBe((8, 0, 8));
        Shown(_second).ShouldBe((2, 0, 2));
    }

    [Fact]
    public void An_order_moves_available_to_committed_and_fulfilling_takes_it_off_on_hand()
    {
        var order = Place(3);
        Shown(_first).ShouldBe((5, 3, 8));

        OrderDesk.Fulfill(_world, _shop, order.Id, new Dictionary<long, int> { [order.Lines[0].Id] = 1 }).Accepted.ShouldBeTrue();
        Shown(_first).ShouldBe((5, 2, 7));
        order.FulfillmentStatus.ShouldBe("partial");

        OrderDesk.Fulfill(_world, _shop, order.Id, null).Accepted.ShouldBeTrue();
        Shown(_first).ShouldBe((5, 0, 5));
        order.FulfillmentStatus.ShouldBe("fulfilled");
        OrderDesk.Cancel(_world, _shop, order.Id, restock: true).Refusal.ShouldBe(OrderRefusal.HasFulfillments);
    }

    [Fact]
    public void The_shops_total_decides_and_one_location_may_go_negative()
    {
        Place(9);
        Shown(_first).ShouldBe((-1, 9, 8));

        Try(2).Refusal.ShouldBe(OrderRefusal.OutOfStock);
        Try(1).Accepted.ShouldBeTrue();
        _shop.SellableOnline(_variant).ShouldBe(0);
    }

    [Theory]
    [InlineData(true, 8, 0, 8, 0)]
    [InlineData(false, 5, 0, 5, 3)]
    public void A_cancel_restocks_or_drops_the_units(bool restock, int available, int committed, int onHand, int gone)
    {
        var order = Place(3);

        OrderDesk.Cancel(_world, _shop, order.Id, restock).Accepted.ShouldBeTrue();

        Shown(_first).ShouldBe((available, committed, onHand));
        _world.Truth.Of(_variant.Sku)!.Remaining.ShouldBe(10 - gone);
        order.Lines[0].CurrentQuantity.ShouldBe(0);
        OrderDesk.Cancel(_world, _shop, order.Id, restock).Refusal.ShouldBe(OrderRefusal.AlreadyCancelled);
    }

    [Fact]
    public void Refunds_follow_their_restock_type()
    {
        var order = Place(4);
        var line = order.Lines[0];
        OrderDesk.Fulfill(_world, _shop, order.Id, new Dictionary<long, int> { [line.Id] = 2 }).Accepted.ShouldBeTrue();
        Shown(_first).ShouldBe((4, 2, 6));

        Refund("cancel", null);
        Shown(_first).ShouldBe((5, 1, 6));
        Refund("return", _second.LocationId);
        Shown(_second).ShouldBe((3, 0, 3));
        Refund("no_restock", null);
        Shown(_first).ShouldBe((5, 1, 6));
        (line.CurrentQuantity, line.FulfillableQuantity).ShouldBe((1, 1));
        OrderDesk.Refund(_world, _shop, order.Id, [new RefundRequest(line.Id, 5, "cancel")]).Refusal.ShouldBe(OrderRefusal.InvalidQuantity);
        OrderDesk.Refund(_world, _shop, order.Id, [new RefundRequest(line.Id, 1, "gift")]).Refusal.ShouldBe(OrderRefusal.InvalidRestockType);

        void Refund(string type, long? location) =>
            OrderDesk.Refund(_world, _shop, order.Id, [new RefundRequest(line.Id, 1, type, location)]).Accepted.ShouldBeTrue();
    }

    [Fact]
    public void Edits_change_the_claim_up_down_and_by_new_lines()
    {
        var order = Place(3);
        var line = order.Lines[0];

        Edit(new EditStep(line.Id, Quantity: 1)).Accepted.ShouldBeTrue();
        Shown(_first).ShouldBe((7, 1, 8));
        Edit(new EditStep(line.Id, Quantity: 5)).Accepted.ShouldBeTrue();
        Shown(_first).ShouldBe((3, 5, 8));
        Edit(new EditStep(NewLine: new LineRequest(1, _shop.Variants[1].Id))).Accepted.ShouldBeTrue();
        order.Lines.Count.ShouldBe(2);
        Edit(new EditStep(line.Id, Quantity: 50)).Refusal.ShouldBe(OrderRefusal.OutOfStock);
        order.Fulfillable.ShouldBe(6);
        order.FulfillmentOrders.Sum(f => f.Lines.Sum(l => l.Remaining)).ShouldBe(6);

        OrderOutcome Edit(EditStep step) => OrderDesk.Edit(_world, _shop, order.Id, [step], obeyPolicy: true);
    }

    [Fact]
    public void A_move_takes_the_claim_along_and_splits_what_is_partly_shipped()
    {
        var order = Place(3);
        OrderDesk.Fulfill(_world, _shop, order.Id, new Dictionary<long, int> { [order.Lines[0].Id] = 1 }).Accepted.ShouldBeTrue();

        OrderDesk.Move(_world, _shop, order.Id, null, _second.LocationId).Accepted.ShouldBeTrue();

        Shown(_first).ShouldBe((7, 0, 7));
        Shown(_second).ShouldBe((0, 2, 2));
        order.FulfillmentOrders.Select(f => f.Status).ShouldBe(["CLOSED", "OPEN"]);
    }

    [Fact]
    public void A_pos_sale_is_handed_over_at_once_and_may_go_below_zero()
    {
        var order = Try(new OrderRequest([new LineRequest(3, _variant.Id)]) { SourceName = "pos", LocationId = _second.LocationId });

        order.Accepted.ShouldBeTrue();
        Shown(_second).ShouldBe((-1, 0, -1));
        order.Order!.FulfillmentStatus.ShouldBe("fulfilled");
    }

    [Fact]
    public void An_order_that_bypasses_inventory_takes_units_but_touches_no_level()
    {
        Try(new OrderRequest([new LineRequest(3, _variant.Id)]) { SourceName = "app", Inventory = InventoryBehaviour.Bypass }).Accepted.ShouldBeTrue();

        Shown(_first).ShouldBe((8, 0, 8));
        _world.Truth.Of(_variant.Sku)!.Remaining.ShouldBe(7);
    }

    [Fact]
    public void Oversold_units_are_counted_over_all_stores_together()
    {
        var outlet = _world.Shops[1];
        var there = outlet.VariantBySku(_variant.Sku)!;
        _world.Change(outlet, (changes, now) =>
        {
            outlet.EditByHand(there.Levels[0], StockState.Available, 10, now, changes);
            return 0;
        });
        Place(8);

        _world.Place(outlet, new OrderRequest([new LineRequest(5, there.Id)])).Accepted.ShouldBeTrue();

        var stock = _world.Truth.Of(_variant.Sku)!;
        (stock.Remaining, stock.OversoldUnits).ShouldBe((-3, 3));
        stock.Oversells.ShouldHaveSingleItem().Shop.ShouldBe(outlet.Domain);
        _world.Truth.OversoldUnits.ShouldBe(3);
    }

    private static (int Available, int Committed, int OnHand) Shown(Level level) =>
        (level[StockState.Available], level[StockState.Committed], level[StockState.OnHand]);

    private OrderOutcome Try(int units) => Try(new OrderRequest([new LineRequest(units, _variant.Id)]));

    private OrderOutcome Try(OrderRequest request) => _world.Place(_shop, request);

    private Order Place(int units) => Try(units).Order!;
}
