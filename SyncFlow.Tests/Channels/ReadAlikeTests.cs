using System.Globalization;
using System.Text;
using System.Text.Json;
using Shouldly;
using SyncFlow.Channels;
using SyncFlow.Core;
using Xunit;

namespace SyncFlow.Tests.Channels;

/// <summary>
/// Bodies are read where they stand; the reader before it built a document of each first and is kept in
/// <c>Reference</c>. Whatever is done to a body, both must say the same of it, word for word.
/// </summary>
public sealed class ReadAlikeTests
{
    private const int Bodies = 12_000;

    private const string NotUnicode = "body holds text that is not Unicode";

    private static readonly DateTimeOffset At = new(2026, 11, 21, 10, 0, 0, 123, TimeSpan.Zero);

    private static readonly (string Content, string Topic, string Body)[] Samples =
    [
        (ContentKinds.ShopifyWebhook, "orders/updated", """
            {"id":11,"admin_graphql_api_id":"gid:\/\/shopify\/Order\/11","created_at":"2026-11-21T10:00:00+01:00","updated_at":"2026-11-21T11:00:00+01:00","cancelled_at":null,
             "source_name":"pos","currency":"EUR","location_id":5,"test":false,"note":"Größe \"L\" 🎁","note_attributes":[{"name":"gift","value":"yes"},{"name":"syncflow_reservation","value":" r-1 "}],
             "customer":{"id":9,"default_address":{"id":1,"city":"Łódź"},"line_items":[{"id":99}]},
             "line_items":[{"id":21,"variant_id":31,"quantity":5,"fulfillable_quantity":1,"price":"19.90","price_set":{"shop_money":{"amount":"1.00"}}},{"id":22,"variant_id":null,"quantity":1,"fulfillable_quantity":0}],
             "fulfillments":[{"id":61,"status":"success","location_id":5,"created_at":"2026-11-21T10:30:00+01:00","line_items":[{"id":21,"quantity":2},{"id":22,"quantity":1},{"id":77,"quantity":1}]},{"id":62,"status":"cancelled","line_items":[{"id":21,"quantity":5}]}],
             "refunds":[{"id":41,"refund_line_items":[{"id":51,"line_item_id":21,"quantity":1,"restock_type":"cancel","location_id":5},{"id":52,"line_item_id":21,"quantity":1,"restock_type":"legacy_restock","location_id":null}]}]}
            """),
        (ContentKinds.ShopifyWebhook, "orders/create", """
            {"line_items":[{"fulfillable_quantity":2,"quantity":2,"variant_id":31,"id":21}],"updated_at":"2026-11-21T11:00:00Z","created_at":"2026-11-21T10:00:00Z","id":"gid://shopify/Order/12","source_name":"web"}
            """),
        (ContentKinds.ShopifyOrder, "fetch", """
            {"id":"gid://shopify/Order/1","createdAt":"2026-11-21T10:00:00Z","updatedAt":"2026-11-21T10:00:00Z","cancelledAt":null,"test":false,
             "sourceName":"pos","currencyCode":"CHF","retailLocation":{"id":"gid://shopify/Location/5"},"customAttributes":[{"key":"syncflow_reservation","value":"r-2"}],
             "lineItems":{"nodes":[{"id":"gid://shopify/LineItem/2","variant":{"id":"gid://shopify/ProductVariant/3"},"quantity":4,"unfulfilledQuantity":2,"originalUnitPriceSet":{"shopMoney":{"amount":"12.5"}}}],"pageInfo":{"hasNextPage":false,"endCursor":null}},
             "fulfillmentOrders":{"nodes":[{"id":"gid://shopify/FulfillmentOrder/4","status":"OPEN","assignedLocation":{"location":{"id":"gid://shopify/Location/5"}},
               "lineItems":{"nodes":[{"id":"gid://shopify/FulfillmentOrderLineItem/6","remainingQuantity":2,"lineItem":{"id":"gid://shopify/LineItem/2"}}],"pageInfo":{"hasNextPage":false}}}],"pageInfo":{"hasNextPage":false}},
             "fulfillments":[{"id":"gid://shopify/Fulfillment/7","status":"SUCCESS","createdAt":"2026-11-21T10:00:00Z","location":{"id":"gid://shopify/Location/5"},"fulfillmentLineItems":{"nodes":[{"id":"x","quantity":1,"lineItem":{"id":"gid://shopify/LineItem/2"}}],"pageInfo":{"hasNextPage":false}}}],
             "refunds":[{"id":"gid://shopify/Refund/8","refundLineItems":{"nodes":[{"id":"gid://shopify/RefundLineItem/9","restockType":"RETURN","quantity":1,"lineItem":{"id":"gid://shopify/LineItem/2"},"location":{"id":"gid://shopify/Location/5"}}],"pageInfo":{"hasNextPage":false}}}]}
            """),
        (ContentKinds.ShopifyWebhook, "inventory_levels/update", """{"inventory_item_id":1,"location_id":2,"available":-3,"updated_at":"2026-11-21T10:00:00Z"}"""),
        (ContentKinds.ShopifyWebhook, "refunds/create", """{"id":1,"order_id":12,"refund_line_items":[{"id":3,"line_item":{"id":4}}]}"""),
        (ContentKinds.ShopifyWebhook, "orders/edited", """{"order_edit":{"id":1,"order_id":12,"line_items":{"additions":[]}}}"""),
        (ContentKinds.ShopifyWebhook, "fulfillment_orders/moved", """{"original_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/4","status":"open"},"moved_fulfillment_order":{"id":5,"order_id":12}}"""),
        (ContentKinds.ShopifyWebhook, "inventory_levels/connect", """{"inventory_item_id":1,"location_id":2}"""),
        (ContentKinds.ShopifyWebhook, "products/update", """{"id":1,"variants":[{"id":2,"title":"a \u00fc"}]}"""),
        (ContentKinds.ShopifyWebhook, "app/uninstalled", """{"id":1,"name":"shop"}"""),
    ];

    private static readonly string[] OddValues =
    [
        "null", "0", "-1", "-0", "5.5", "1e3", "\"7.5000\"", "\"7.\"", "\".5\"", "\"1234567890123\"", "\"\\u0045UR\"", "\"eur\"", "12", "99999999999", "20000000000000000000000", "true", "false", "[]", "{}", "[3,{}]", "[{\"id\":1}]", "[null]",
        "\"\"", "\"x\"", "\"12\"", "\"0012\"", "\" 12\"", "\"\\u0031\\u0032\"", "\"12\\u0000\"", "\"\\ud800\"", "\"web\\u0000\"", "\"p\\u006fs\"", "\"pos\"", "\"web\"",
        "\"cancelled\"", "\"c\\u0061ncelled\"", "\"CLOSED\"", "\"no_restock\"", "\"NO_RESTOCK\"", "\"gid://shopify/Order/21?a=1\"", "\"gid:\\/\\/shopify\\/LineItem\\/21\"",
        "\"gid://shopify/7\"", "\"gid://shopify/A/B/7\"", "\"2026-11-21\"", "\"2026-11-21T10:00:00.1234567+14:00\"", "\"2026-11-21T10:00:00\\u005a\"", "\"2026-11-21T\\ud80010:00:00Z\"",
        "\"soon\"", "\"syncflow_reservation\"", "\"syncflow\\u005freservation\"", "{\"id\":21}", "{\"id\":null}", "{\"hasNextPage\":true}", "{\"nodes\":[]}",
        new string('[', 62) + new string(']', 62), new string('[', 70) + new string(']', 70),
    ];

    [Fact]
    public void Whatever_is_done_to_a_body_it_is_understood_as_before()
    {
        var (understood, reasons) = (0, new HashSet<string>());
        for (var i = 0; i < Bodies; i++)
        {
            var random = new Random(20261122 + i);
            var (content, topic, sample) = Samples[i % Samples.Length];
            var body = i < Samples.Length ? Encoding.UTF8.GetBytes(sample) : Changed(sample, random);
            var e = new InboundEvent(content, topic, new ConnectionId(7), 99, "w1", At, body);

            var (before, now) = (Told(Reference(e)), Told(Normalisers.Normalise(e)));

            // Of a body with two faults either may be named: text that is not Unicode is found where it stands.
            (now == NotUnicode && !before.StartsWith('{') ? before : now).ShouldBe(before, $"body {i}: {Encoding.Latin1.GetString(body)}");
            understood += now.StartsWith('{') ? 1 : 0;
            reasons.Add(now);
        }

        understood.ShouldBeGreaterThan(Bodies / 10);
        reasons.Count(r => !r.StartsWith('{')).ShouldBeGreaterThan(100, "most of what can be wrong was wrong once");
    }

    /// <summary>Half of a surrogate pair, or bytes that are no characters, where nothing of ours stands.</summary>
    [Theory]
    [InlineData("\"note\":\"\\ud800\"")]
    [InlineData("\"note\":\"\u00ff\"")]
    [InlineData("\"n\u00ffte\":1")]
    [InlineData("\"sourc\\ud800\":1")]
    [InlineData("\"locat\\ud800\":1")]
    [InlineData("\"customer\":{\"id\\udc00\":[\"\\udc00\",\"\u00ff\"]}")]
    public void An_order_is_not_refused_for_a_text_that_nobody_reads(string member)
    {
        foreach (var (content, topic, sample) in Samples.Take(3))
        {
            // Latin-1 keeps ÿ as the one byte that no UTF-8 has.
            var body = Encoding.Latin1.GetBytes(string.Concat("{", member, ",", sample.AsSpan(1)));
            var e = new InboundEvent(content, topic, new ConnectionId(7), 99, "w1", At, body);

            Told(Normalisers.Normalise(e)).ShouldStartWith("{");
            Told(Normalisers.Normalise(e)).ShouldBe(Told(Reference(e)));
        }
    }

    private static NormaliseResult Reference(InboundEvent e) => e.Content == ContentKinds.ShopifyOrder
        ? Channels.Reference.ShopifyOrders.Normalise(e)
        : Channels.Reference.ShopifyWebhooks.Normalise(e);

    private static string Told(NormaliseResult result) => result.MalformedReason ?? result.IgnoredReason
        ?? string.Join('\n', result.Facts.Select(f => JsonSerializer.Serialize(f, f.GetType())));

    private static byte[] Changed(string sample, Random random)
    {
        using var document = JsonDocument.Parse(sample);
        var text = new StringBuilder();
        Write(text, document.RootElement, random, random.Next(3) == 0 ? 0 : 0.03);
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        switch (random.Next(12))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1 or 2:
                for (var k = random.Next(1, 3); k > 0; k--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
            case 3:
                return [.. bytes, .. (ReadOnlySpan<byte>)(random.Next(3) switch { 0 => " \n"u8, 1 => "{}"u8, _ => "/* x */"u8 })];
            default:
                return bytes;
        }
    }

    /// <summary>Writes a value with members in another order, some left out, told twice, of another type or strangely named.</summary>
    private static void Write(StringBuilder text, JsonElement value, Random random, double often)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            Separated(text, '[', value.EnumerateArray().Select<JsonElement, Action>(item => () => Odd(text, item, random, often)), ']');
            return;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            text.Append(value.GetRawText());
            return;
        }

        var members = value.EnumerateObject().ToArray();
        if (random.Next(2) == 0)
        {
            random.Shuffle(members);
        }

        var written = new List<Action>();
        foreach (var member in members.Where(_ => random.NextDouble() >= often))
        {
            for (var times = random.NextDouble() < often ? 2 : 1; times > 0; times--)
            {
                written.Add(() =>
                {
                    text.Append('"').Append(Name(member.Name, random, often)).Append("\":");
                    Odd(text, member.Value, random, often);
                });
            }
        }

        Separated(text, '{', written, '}');
    }

    private static void Odd(StringBuilder text, JsonElement value, Random random, double often)
    {
        if (random.NextDouble() < often)
        {
            text.Append(OddValues[random.Next(OddValues.Length)]);
            return;
        }

        Write(text, value, random, often);
    }

    private static string Name(string name, Random random, double often)
    {
        if (random.NextDouble() >= often)
        {
            return name;
        }

        var at = random.Next(name.Length);
        return random.Next(4) == 0
            ? name[..at] + "\\ud800"
            : string.Create(CultureInfo.InvariantCulture, $"{name[..at]}\\u{(int)name[at]:x4}{name[(at + 1)..]}");
    }

    private static void Separated(StringBuilder text, char open, IEnumerable<Action> parts, char close)
    {
        text.Append(open);
        var first = true;
        foreach (var part in parts)
        {
            text.Append(first ? "" : ",");
            first = false;
            part();
        }

        text.Append(close);
    }
}
