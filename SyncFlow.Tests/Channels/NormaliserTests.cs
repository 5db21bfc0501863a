using System.Text;
using Shouldly;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Orders;
using Xunit;

namespace SyncFlow.Tests.Channels;

public sealed class NormaliserTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 21, 10, 0, 0, 123, TimeSpan.Zero);

    private const string Order = """
        {"id":11,"created_at":"2026-11-21T10:00:00+01:00","updated_at":"2026-11-21T11:00:00+01:00","cancelled_at":null,
         "source_name":"web","location_id":5,"test":false,
         "line_items":[{"id":21,"variant_id":31,"quantity":5,"fulfillable_quantity":1}],
         "refunds":[{"id":41,"refund_line_items":[{"id":51,"line_item_id":21,"quantity":1,"restock_type":"cancel","location_id":5}]}]}
        """;

    private static InboundEvent Event(string topic, string body, string content = ContentKinds.ShopifyWebhook) =>
        new(content, topic, new ConnectionId(7), 99, "w1", At, Encoding.UTF8.GetBytes(body));

    private static NormaliseResult Hook(string topic, string body) => Normalisers.Normalise(Event(topic, body));

    [Fact]
    public void An_order_without_fulfilments_counts_what_is_neither_open_nor_taken_off_as_fulfilled()
    {
        var fact = Hook("orders/updated", Order).Facts.Single().ShouldBeOfType<OrderFact>();

        (fact.Key, fact.InboxEvent, fact.OccurredAt).ShouldBe(("order:7:11", 99, At));
        fact.Snapshot.Version.ShouldBe(new FactVersion(new DateTime(2026, 11, 21, 10, 0, 0, DateTimeKind.Utc).Ticks, 0, At.UtcTicks));
        (fact.Snapshot.Lines[0].Open, fact.Snapshot.Lines[0].Fulfilled).ShouldBe((1, 3));
        fact.Snapshot.Lines[0].Restocks.ShouldBe([new Restock("51", RestockKind.Cancel, 1, "5")]);
        fact.Snapshot.SoldAt.ShouldBeNull();
    }

    [Theory]
    [InlineData("\"19.90\"", "\"EUR\"", "19.90", "EUR")]
    [InlineData("7", "\"JPY\"", "7", "JPY")]
    [InlineData("\"-1\"", "\"eur\"", null, null)]
    [InlineData("{}", "5", null, null)]
    [InlineData("\"1e3\"", "\"EURO\"", null, null)]
    [InlineData("\"\\ud800\"", "\"\\ud800\"", null, null)]
    public void A_price_is_kept_where_it_is_one_and_refuses_no_order_where_it_is_none(string price, string currency, string? amount, string? kept)
    {
        var body = Order.Replace("\"fulfillable_quantity\":1", $"\"fulfillable_quantity\":1,\"price\":{price}", StringComparison.Ordinal)
            .Replace("\"test\":false", $"\"test\":false,\"currency\":{currency}", StringComparison.Ordinal);

        var snapshot = Hook("orders/updated", body).Facts.Single().ShouldBeOfType<OrderFact>().Snapshot;

        (snapshot.Lines[0].Price?.ToString(System.Globalization.CultureInfo.InvariantCulture), snapshot.Currency).ShouldBe((amount, kept));
    }

    [Theory]
    [InlineData("\"fulfillable_quantity\":1", "\"fulfillable_quantity\":4", RestockKind.Cancel)]
    [InlineData("\"fulfillable_quantity\":1", "\"fulfillable_quantity\":0,\"x\":1", RestockKind.Return)]
    public void A_legacy_restock_is_a_cancel_as_far_as_units_left_unshipped(string from, string to, RestockKind kind)
    {
        var body = Order.Replace(from, to, StringComparison.Ordinal).Replace("\"cancel\"", "\"legacy_restock\"", StringComparison.Ordinal)
            .Replace("\"refunds\"", kind == RestockKind.Cancel
                ? "\"fulfillments\":[],\"refunds\""
                : "\"fulfillments\":[{\"id\":1,\"status\":\"success\",\"line_items\":[{\"id\":21,\"quantity\":5}]},{\"id\":2,\"status\":\"cancelled\",\"line_items\":[{\"id\":21,\"quantity\":5}]}],\"refunds\"", StringComparison.Ordinal);

        var line = Hook("orders/updated", body).Facts.Single().ShouldBeOfType<OrderFact>().Snapshot.Lines[0];

        line.Restocks.Single().Kind.ShouldBe(kind);
        line.Fulfilled.ShouldBe(kind == RestockKind.Cancel ? 0 : 5);
    }

    [Theory]
    [InlineData("\"id\":11,", "", "id is missing")]
    [InlineData("\"id\":11", "\"id\":\"eleven\"", "id is not an id")]
    [InlineData("\"quantity\":5", "\"quantity\":5.5", "line_items[0].quantity is not a whole number in range")]
    [InlineData("\"quantity\":5", "\"quantity\":\"5\"", "line_items[0].quantity is not a whole number in range")]
    [InlineData("\"quantity\":5", "\"quantity\":99999999999", "line_items[0].quantity is not a whole number in range")]
    [InlineData("\"fulfillable_quantity\":1", "\"fulfillable_quantity\":-1", "line_items[0].fulfillable_quantity is negative")]
    [InlineData("\"fulfillable_quantity\":1", "\"x\":1", "line_items[0].fulfillable_quantity is missing")]
    [InlineData("\"updated_at\":\"2026-11-21T11:00:00+01:00\"", "\"updated_at\":\"soon\"", "updated_at is not a time")]
    [InlineData("\"restock_type\":\"cancel\"", "\"restock_type\":\"burn\"", "refunds[0].refund_line_items[0].restock_type is unknown")]
    [InlineData("\"line_item_id\":21,\"quantity\":1", "\"line_item_id\":21,\"quantity\":-1", "refunds[0].refund_line_items[0].quantity is negative")]
    [InlineData("\"quantity\":1,\"restock_type\":\"cancel\"", "\"quantity\":-1,\"restock_type\":\"legacy_restock\"", "refunds[0].refund_line_items[0].quantity is negative")]
    [InlineData("\"line_items\":[{", "\"line_items\":[3,{", "line_items[0] is not an object")]
    [InlineData("\"source_name\":\"web\"", "\"source_name\":\"\\ud800\"", "source_name is not a text that can be kept")]
    [InlineData("\"source_name\":\"web\"", "\"source_name\":\"web\\u0000\"", "source_name is not a text that can be kept")]
    [InlineData("{\"id\":11", "[{\"id\":11", "body is not JSON")]
    public void What_is_wrong_with_a_body_is_named(string from, string to, string reason)
    {
        Order.ShouldContain(from);

        var result = Hook("orders/create", Order.Replace(from, to, StringComparison.Ordinal));

        result.MalformedReason.ShouldBe(reason);
        result.Facts.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("orders/edited", """{"order_edit":{"id":1,"order_id":12}}""", "12")]
    [InlineData("refunds/create", """{"id":1,"order_id":12}""", "12")]
    [InlineData("orders/delete", """{"id":12}""", "12")]
    [InlineData("fulfillment_orders/order_routing_complete", """{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/4","status":"open"}}""", "fulfillment_order:4")]
    [InlineData("fulfillment_orders/split", """{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/4","order_id":12}}""", "12")]
    public void Topics_that_only_describe_a_change_ask_for_the_order(string topic, string body, string order)
    {
        Hook(topic, body).Facts.Single().ShouldBeOfType<OrderTouched>().OrderRef.ShouldBe(order);
        Hook(topic, "{}").MalformedReason.ShouldNotBeNull();
    }

    [Fact]
    public void A_level_has_a_version_only_where_the_shop_gave_a_time()
    {
        var with = Hook("inventory_levels/update", """{"inventory_item_id":1,"location_id":2,"available":-3,"updated_at":"2026-11-21T10:00:00Z"}""");
        var without = Hook("inventory_levels/update", """{"inventory_item_id":1,"location_id":2,"available":null}""");

        with.Facts.Single().ShouldBe(new LevelAnnounced("level:7:1:2", new ConnectionId(7), 99, At, "1", "2", -3, At.UtcTicks));
        without.Facts.Single().ShouldBe(new LevelAnnounced("level:7:1:2", new ConnectionId(7), 99, At, "1", "2", null, 0));
    }

    [Theory]
    [InlineData("inventory_levels/connect", """{"inventory_item_id":1,"location_id":2}""", ChannelChange.LevelConnected, "1", "2")]
    [InlineData("inventory_levels/disconnect", """{"inventory_item_id":1,"location_id":2}""", ChannelChange.LevelDisconnected, "1", "2")]
    [InlineData("inventory_items/delete", """{"id":1}""", ChannelChange.ItemDeleted, "1", null)]
    [InlineData("products/update", """{"id":1}""", ChannelChange.ProductChanged, "1", null)]
    [InlineData("locations/deactivate", """{"id":1}""", ChannelChange.LocationDeactivated, "1", null)]
    [InlineData("app/uninstalled", """{"id":1}""", ChannelChange.Uninstalled, "", null)]
    public void Changes_of_catalog_and_connection_are_told_by_kind(string topic, string body, ChannelChange kind, string reference, string? location)
    {
        var fact = Hook(topic, body).Facts.Single().ShouldBeOfType<ChannelChanged>();

        (fact.Kind, fact.Ref, fact.ExternalLocation).ShouldBe((kind, reference, location));
    }

    [Fact]
    public void Unknown_topics_and_contents_are_ignored_with_the_reason()
    {
        Hook("carts/create", "{}").IgnoredReason.ShouldBe("topic 'carts/create' is not used");
        Normalisers.Normalise(Event("x", "{}", "amazon.order")).IgnoredReason.ShouldNotBeNull();
        Normalisers.Normalise(Event("guess", "{}", ContentKinds.ShopifyOrder)).MalformedReason.ShouldNotBeNull();
    }

    [Fact]
    public void A_fetched_order_that_was_cut_off_is_malformed()
    {
        const string Body = """
            {"id":"gid://shopify/Order/1","createdAt":"2026-11-21T10:00:00Z","updatedAt":"2026-11-21T10:00:00Z","cancelledAt":null,"test":false,
             "sourceName":"web","retailLocation":null,"lineItems":{"nodes":[],"pageInfo":{"hasNextPage":false}},
             "fulfillmentOrders":{"nodes":[],"pageInfo":{"hasNextPage":false}},"fulfillments":[],"refunds":[]}
            """;

        Normalisers.Normalise(Event("import", Body, ContentKinds.ShopifyOrder)).Facts.Single().ShouldBeOfType<OrderFact>()
            .Snapshot.Origin.ShouldBe(SnapshotOrigin.Import);
        Normalisers.Normalise(Event("fetch", Body.Replace("[],\"pageInfo\":{\"hasNextPage\":false", "[],\"pageInfo\":{\"hasNextPage\":true", StringComparison.Ordinal), ContentKinds.ShopifyOrder))
            .MalformedReason.ShouldBe("lineItems is not whole");
    }

    [Theory]
    [InlineData("ON_HOLD", 2)]
    [InlineData("SCHEDULED", 2)]
    [InlineData("CLOSED", 0)]
    public void Units_on_hold_still_wait_where_they_are_assigned(string status, int assigned)
    {
        var body = """
            {"id":"gid://shopify/Order/1","createdAt":"2026-11-21T10:00:00Z","updatedAt":"2026-11-21T10:00:00Z","cancelledAt":null,"test":false,
             "sourceName":"web","retailLocation":null,
             "lineItems":{"nodes":[{"id":"gid://shopify/LineItem/2","variant":{"id":"gid://shopify/ProductVariant/3"},"quantity":2,"unfulfilledQuantity":2}],"pageInfo":{"hasNextPage":false}},
             "fulfillmentOrders":{"nodes":[{"id":"gid://shopify/FulfillmentOrder/4","status":"STATUS","assignedLocation":{"location":{"id":"gid://shopify/Location/5"}},
               "lineItems":{"nodes":[{"id":"gid://shopify/FulfillmentOrderLineItem/6","remainingQuantity":2,"lineItem":{"id":"gid://shopify/LineItem/2"}}],"pageInfo":{"hasNextPage":false}}}],"pageInfo":{"hasNextPage":false}},
             "fulfillments":[],"refunds":[]}
            """.Replace("STATUS", status, StringComparison.Ordinal);
        var line = Normalisers.Normalise(Event("fetch", body, ContentKinds.ShopifyOrder)).Facts.Single().ShouldBeOfType<OrderFact>().Snapshot.Lines.Single();
        line.Open.ShouldBe(2, "a hold changes nothing of what is promised");
        line.Assignments.Sum(a => a.Units).ShouldBe(assigned);
    }

    [Fact]
    public void Damaged_bodies_never_throw()
    {
        var random = new Random(20261121);
        for (var i = 0; i < 3_000; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Order);
            for (var k = random.Next(1, 4); k > 0; k--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var result = Normalisers.Normalise(Event("orders/updated", "") with { Body = bytes });
            (result.MalformedReason is null).ShouldBe(result.Facts.Length == 1);
        }
    }
}
