using System.Globalization;
using Shouldly;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Channels.ShopStand;

namespace SyncFlow.Tests.Channels;

/// <summary>What the webhooks of an order say and what our own fetch of it says must be the same, at every step of its life.</summary>
public sealed class OrderLifeTests
{
    private static readonly string[] Topics =
    [
        "orders/create", "orders/updated", "orders/cancelled", "orders/fulfilled", "orders/edited", "refunds/create",
        "fulfillment_orders/moved", "fulfillment_orders/order_routing_complete", "inventory_levels/update",
    ];

    [Fact]
    public async Task A_new_order_is_open_and_assigned()
    {
        await using var stage = await Stage.StartAsync();
        var order = stage.Place(3);

        var (hook, fetch) = await stage.CompareAsync(order, "orders/create", 1);

        var line = hook.Lines.Single();
        (line.LineRef, line.VariantRef, line.Quantity, line.Open, line.Fulfilled).ShouldBe(
            (Text(order.Lines[0].Id), Text(order.Lines[0].VariantId), 3, 3, 0));
        line.Assignments.ShouldBeEmpty();
        fetch.Lines[0].Assignments.ShouldBe([new Assignment(Text(order.FulfillmentOrders[0].LocationId), 3)]);
        hook.Version.Authority.ShouldBe((short)0);
        (hook.Version < fetch.Version).ShouldBeTrue("a fetch of the same state wins");
        (hook.Currency, line.Price).ShouldBe(("EUR", order.Lines[0].UnitPrice));
        (fetch.Currency, fetch.Lines[0].Price).ShouldBe((hook.Currency, line.Price), "both ways tell what was paid");
        (hook.SourceName, hook.SoldAt, hook.Test).ShouldBe(("web", null, false));
    }

    [Theory]
    [InlineData(true, RestockKind.Cancel)]
    [InlineData(false, RestockKind.None)]
    public async Task A_cancelled_order_has_nothing_open(bool restock, RestockKind kind)
    {
        await using var stage = await Stage.StartAsync();
        var order = stage.Place(3);
        OrderDesk.Cancel(stage.World, stage.Shop, order.Id, restock);

        var (hook, _) = await stage.CompareAsync(order, "orders/cancelled", 1);

        hook.Cancelled.ShouldBeTrue();
        (hook.Lines[0].Open, hook.Lines[0].Fulfilled).ShouldBe((0, 0));
        hook.Lines[0].Restocks.Single().Kind.ShouldBe(kind);
        hook.Lines[0].Restocks.Single().Units.ShouldBe(3);
    }

    [Fact]
    public async Task Fulfilments_and_refunds_of_every_kind_are_counted_alike()
    {
        await using var stage = await Stage.StartAsync();
        var order = stage.Place(6);
        var line = order.Lines[0].Id;
        var location = order.FulfillmentOrders[0].LocationId;

        OrderDesk.Fulfill(stage.World, stage.Shop, order.Id, new Dictionary<long, int> { [line] = 2 });
        await stage.CompareAsync(order, "orders/updated", 1);
        OrderDesk.Refund(stage.World, stage.Shop, order.Id, [new RefundRequest(line, 1, "cancel")]);
        await stage.CompareAsync(order, "orders/updated", 2);
        OrderDesk.Refund(stage.World, stage.Shop, order.Id, [new RefundRequest(line, 1, "return", location)]);
        await stage.CompareAsync(order, "orders/updated", 3);
        OrderDesk.Refund(stage.World, stage.Shop, order.Id, [new RefundRequest(line, 1, "no_restock")]);
        var (hook, _) = await stage.CompareAsync(order, "orders/updated", 4);
        hook.Lines[0].Restocks.Select(r => (r.Kind, r.Units)).ShouldBe(
            [(RestockKind.Cancel, 1), (RestockKind.Return, 1), (RestockKind.None, 1)]);
        (hook.Lines[0].Quantity, hook.Lines[0].Open, hook.Lines[0].Fulfilled).ShouldBe((6, 3, 2));

        OrderDesk.Fulfill(stage.World, stage.Shop, order.Id, null);
        (hook, _) = await stage.CompareAsync(order, "orders/fulfilled", 1);
        (hook.Lines[0].Open, hook.Lines[0].Fulfilled).ShouldBe((0, 5));
        (await stage.Hooks.FactAsync<OrderTouched>("refunds/create", 3)).OrderRef.ShouldBe(Text(order.Id));
    }

    [Fact]
    public async Task An_edited_and_moved_order_is_touched_and_reads_alike()
    {
        await using var stage = await Stage.StartAsync();
        var order = stage.Place(4);

        OrderDesk.Edit(
            stage.World, stage.Shop, order.Id,
            [new EditStep(order.Lines[0].Id, Quantity: 2), new EditStep(NewLine: new LineRequest(1, stage.Shop.Variants[1].Id))], true)
            .Accepted.ShouldBeTrue();
        var (hook, _) = await stage.CompareAsync(order, "orders/updated", 1);
        hook.Lines.Select(l => (l.Quantity, l.Open)).ShouldBe([(4, 2), (1, 1)]);
        (await stage.Hooks.FactAsync<OrderTouched>("orders/edited")).OrderRef.ShouldBe(Text(order.Id));

        var other = stage.Shop.Locations.First(l => l.Id != order.FulfillmentOrders[0].LocationId).Id;
        OrderDesk.Move(stage.World, stage.Shop, order.Id, null, other).Accepted.ShouldBeTrue();
        var (_, fetch) = await stage.CompareAsync(order, "orders/updated", 2);
        fetch.Lines.ShouldAllBe(l => l.Assignments.Single().ExternalLocation == Text(other));

        var touched = await stage.Hooks.FactAsync<OrderTouched>("fulfillment_orders/moved");
        touched.OrderRef.ShouldBe($"fulfillment_order:{order.FulfillmentOrders[0].Id}");
        touched.PlaceOnly.ShouldBeTrue();
        (await stage.Stand.ReadAsync(touched.OrderRef)).Orders.Single().OrderRef.ShouldBe(Text(order.Id));
    }

    [Fact]
    public async Task An_order_from_a_till_says_where_it_was_sold_and_a_test_order_that_it_is_one()
    {
        await using var stage = await Stage.StartAsync();
        var place = stage.Shop.Locations[0].Id;
        var till = stage.World.Place(stage.Shop, new OrderRequest([new LineRequest(1, stage.Shop.Variants[0].Id)]) { SourceName = "pos", LocationId = place }).Order!;

        var (hook, fetch) = await stage.CompareAsync(till, "orders/create", 1);
        (hook.SoldAt, fetch.SoldAt).ShouldBe((Text(place), Text(place)));
        hook.Lines[0].Fulfilled.ShouldBe(1);

        var test = stage.World.Place(stage.Shop, new OrderRequest([new LineRequest(1, stage.Shop.Variants[0].Id)]) { Test = true }).Order!;
        (hook, fetch) = await stage.CompareAsync(test, "orders/create", 2);
        (hook.Test, fetch.Test).ShouldBe((true, true));
    }

    [Fact]
    public async Task An_order_with_more_lines_refunds_and_fulfilments_than_a_page_is_read_whole()
    {
        await using var stage = await Stage.StartAsync(o => o with { Skus = 60 });
        var lines = Enumerable.Range(0, 45).Select(i => new LineRequest(2, stage.Shop.Variants[i].Id)).ToList();
        var order = stage.World.Place(stage.Shop, new OrderRequest(lines)).Order!;
        OrderDesk.Fulfill(stage.World, stage.Shop, order.Id, order.Lines.ToDictionary(l => l.Id, _ => 1)).Accepted.ShouldBeTrue();
        OrderDesk.Refund(stage.World, stage.Shop, order.Id, [.. order.Lines.Select(l => new RefundRequest(l.Id, 1, "cancel"))]).Accepted.ShouldBeTrue();

        var (hook, _) = await stage.CompareAsync(order, "orders/updated", 2);

        hook.Lines.Length.ShouldBe(45);
        hook.Lines.ShouldAllBe(l => l.Open == 0 && l.Fulfilled == 1 && l.Restocks.Length == 1);
    }

    [Fact]
    public async Task Orders_changed_since_a_moment_come_in_pages_and_the_open_ones_alone()
    {
        await using var stage = await Stage.StartAsync();
        stage.Shop.Faults = new FaultSettings { OrderSearchLagMaxMs = 0 };
        var since = stage.World.Clock.GetUtcNow().AddSeconds(-2);
        var placed = Enumerable.Range(0, 60).Select(i => stage.Stand.Sandbox.Place(stage.Shop, 1, i % 10)).ToList();
        OrderDesk.Cancel(stage.World, stage.Shop, placed[0].Id, restock: true);

        var all = new List<string>();
        await foreach (var page in stage.Stand.Client.ReadOrdersUpdatedSinceAsync(since, CancellationToken.None))
        {
            page.Value!.Orders.Length.ShouldBeLessThanOrEqualTo(25);
            all.AddRange(page.Value.Orders.Select(o => o.OrderRef));
        }

        var open = new List<string>();
        await foreach (var page in stage.Stand.Client.ReadOpenOrdersAsync(CancellationToken.None))
        {
            open.AddRange(page.Value!.Orders.Select(o => o.OrderRef));
        }

        all.Distinct().Order().ShouldBe(placed.Select(o => Text(o.Id)).Order());
        open.Order().ShouldBe(placed.Skip(1).Select(o => Text(o.Id)).Order());
    }

    [Fact]
    public async Task Orders_named_many_at_a_time_are_read_in_pages_each_once_and_missing_ones_left_out()
    {
        await using var stage = await Stage.StartAsync();
        var placed = Enumerable.Range(0, 60).Select(i => stage.Stand.Sandbox.Place(stage.Shop, 1, i % 10)).ToList();
        string[] names = [.. placed.Select(o => Text(o.Id)), "999", .. placed.Select(o => $"fulfillment_order:{o.FulfillmentOrders[0].Id}"), "fulfillment_order:999"];
        var before = stage.World.Stats["apiCalls"];

        var read = await stage.Stand.ReadAllAsync(names);

        read.SelectMany(p => p.Orders).Select(o => o.OrderRef).Order().ShouldBe(placed.Select(o => Text(o.Id)).Order());
        (stage.World.Stats["apiCalls"] - before).ShouldBe(1 + 3, "whose fulfilment orders they are, and 61 orders in pages of 25");
        (await stage.Stand.ReadAllAsync("999", "fulfillment_order:999")).SelectMany(p => p.Orders).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_page_that_the_shop_finds_too_dear_is_halved_until_it_is_not()
    {
        var dear = new DearPages(most: 10);
        await using var stand = await ShopStand.StartAsync(handler: dear);
        var placed = Enumerable.Range(0, 30).Select(i => stand.Sandbox.Place(stand.Shop, 1, i % 10)).ToList();

        var read = await stand.ReadAllAsync([.. placed.Select(o => Text(o.Id))]);

        read.SelectMany(p => p.Orders).Select(o => o.OrderRef).ShouldBe(placed.Select(o => Text(o.Id)), ignoreOrder: true);
        read.ShouldAllBe(p => p.Orders.Length <= 6);
        dear.Refused.ShouldBe(2, "25 and 12; what was learned holds for the pages that follow");
    }

    /// <summary>In front of the sandbox: refuses a list of more ids than so many as Shopify refuses what costs too much.</summary>
    private sealed class DearPages(int most) : DelegatingHandler(new SocketsHttpHandler())
    {
        internal int Refused { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = await request.Content!.ReadAsStringAsync(cancellationToken);
            if (body.Split("gid://shopify/Order/").Length - 1 <= most)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            Refused++;
            return new HttpResponseMessage(System.Net.HttpStatusCode.OK)
            {
                Content = new StringContent("""{"errors":[{"message":"Query cost is too high","extensions":{"code":"MAX_COST_EXCEEDED"}}]}"""),
            };
        }
    }

    /// <summary>A store whose webhooks come to us, and our own client of it.</summary>
    private sealed class Stage(ShopStand stand, HookReceiver hooks) : IAsyncDisposable
    {
        internal ShopStand Stand => stand;

        internal HookReceiver Hooks => hooks;

        internal Shop Shop => stand.Shop;

        internal World World => stand.Sandbox.World;

        internal static async Task<Stage> StartAsync(
            Func<SyncFlow.Simulator.SimulatorOptions, SyncFlow.Simulator.SimulatorOptions>? change = null)
        {
            var stage = new Stage(await ShopStand.StartAsync(change), await HookReceiver.StartAsync());
            (await stage.Stand.Client.EnsureWebhooksAsync(stage.Hooks.Address, Topics, CancellationToken.None)).Succeeded.ShouldBeTrue();
            return stage;
        }

        internal Order Place(int units) => stand.Sandbox.Place(Shop, units);

        /// <summary>The snapshot of the latest webhook of a topic and of a fetch, after comparing them.</summary>
        internal async Task<(OrderSnapshot Hook, OrderSnapshot Fetch)> CompareAsync(Order order, string topic, int count)
        {
            var hook = (await hooks.FactAsync<OrderFact>(topic, count)).Snapshot;
            var page = await stand.ReadAsync(Text(order.Id));
            var result = Normalisers.Normalise(new InboundEvent(
                ContentKinds.ShopifyOrder, "fetch", new ConnectionId(1), 2, "f", page.AskedAt, page.Orders.Single().Json));
            result.MalformedReason.ShouldBeNull();
            var fetch = result.Facts.Single().ShouldBeOfType<OrderFact>().Snapshot;

            Told(hook).ShouldBe(Told(fetch));
            hook.CreatedAt.ShouldBe(fetch.CreatedAt);
            return (hook, fetch);
        }

        private static string Told(OrderSnapshot order) => string.Create(
            CultureInfo.InvariantCulture,
            $"{order.OrderRef} {order.Version.UpdatedAt} {order.Cancelled} {order.Test} {order.SourceName} {order.SoldAt}\n")
            + string.Join('\n', order.Lines.Select(l => string.Create(
                CultureInfo.InvariantCulture,
                $"{l.LineRef} {l.VariantRef} {l.Quantity} open {l.Open} fulfilled {l.Fulfilled} {string.Join(", ", l.Restocks)}")));

        public async ValueTask DisposeAsync()
        {
            await stand.DisposeAsync();
            await hooks.DisposeAsync();
        }
    }
}
