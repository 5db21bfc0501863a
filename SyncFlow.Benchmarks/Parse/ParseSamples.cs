using System.Globalization;
using System.Text;
using SyncFlow.Channels;
using SyncFlow.Core;

namespace SyncFlow.Benchmarks.Parse;

/// <summary>Bodies of each kind that a busy shop sends, drawn from a seed, no two alike, with what they mean.</summary>
internal sealed class ParseSamples(Random random)
{
    private const int Each = 200;
    private const long FirstOrder = 6_120_000_000_000;
    private const long Location = 70_000_000_001;

    private static readonly DateTimeOffset Start = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Samples by kind.</summary>
    public static Dictionary<string, List<ParseSample>> Draw()
    {
        var samples = new ParseSamples(new Random(5));
        return new()
        {
            ["order"] = Many(i => samples.Order(i, 1 + (i % 3), "orders/create")),
            ["order_of_12"] = Many(i => samples.Order(i, 12, "orders/updated")),
            ["order_shipped"] = Many(i => samples.Order(i, 2, "orders/fulfilled")),
            ["order_fetched"] = Many(i => samples.Fetched(i)),
            ["level"] = Many(samples.Level),
            ["refund"] = Many(samples.Refund),
            ["product"] = Many(samples.Product),
        };
    }

    private static List<ParseSample> Many(Func<int, ParseSample> draw) => [.. Enumerable.Range(0, Each).Select(draw)];

    private ParseSample Order(int number, int count, string topic)
    {
        var (id, at) = Next(number);
        var shipped = topic == "orders/fulfilled";
        var refunded = shipped && number % 2 == 0;
        var lines = Lines(id, count).ConvertAll(l => l with { Shipped = shipped ? l.Units - (refunded ? 1 : 0) : 0 });
        var body = OrderShapes.Webhook(id, Text(at), lines, refunded, random);
        var told = lines.Select((l, i) =>
            $"{l.Id} {l.Variant} {l.Units} open {l.Units - l.Shipped} fulfilled {l.Shipped}"
            + (l.Shipped > 0 ? $" from {Location}" : "") + (refunded && i == 0 ? " Cancel" : ""));
        return Sample(topic, body, at, FactText.Order(Number(id), at, "web", told));
    }

    private ParseSample Fetched(int number)
    {
        var (id, at) = Next(number);
        var lines = Lines(id, 1 + (number % 3));
        var told = lines.Select(l => $"{l.Id} {l.Variant} {l.Units} open {l.Units} fulfilled 0 at {Location}");
        return Sample(
            "fetch", OrderShapes.Fetched(id, Text(at), lines, Number(Location)), at, FactText.Order(Number(id), at, "web", told),
            ContentKinds.ShopifyOrder);
    }

    private ParseSample Level(int number)
    {
        var (item, at) = (50_000_000_000 + random.Next(100_000), Start.AddSeconds(number));
        var available = random.Next(-3, 5_000);
        var body = $$"""
            {"inventory_item_id":{{item}},"location_id":{{Location}},"available":{{available}},"updated_at":"{{Text(at)}}","admin_graphql_api_id":"gid:\/\/shopify\/InventoryLevel\/{{Location}}?inventory_item_id={{item}}"}
            """;
        return Sample("inventory_levels/update", Encoding.UTF8.GetBytes(body), at, $"level {item} {Location} {Number(available)}");
    }

    private ParseSample Refund(int number)
    {
        var (id, at) = Next(number);
        return Sample("refunds/create", OrderShapes.RefundHook(id, Text(at), Lines(id, 1)[0], random), at, $"touched {id}");
    }

    private ParseSample Product(int number)
    {
        var (id, at) = (80_000_000_000L + number, Text(Start.AddSeconds(number)));
        var variants = string.Join(',', Enumerable.Range(0, 6).Select(v => $$"""
            {"admin_graphql_api_id":"gid:\/\/shopify\/ProductVariant\/{{id + v}}","barcode":"40{{random.Next(10000000, 99999999)}}","compare_at_price":null,"created_at":"{{at}}","id":{{id + v}},"inventory_policy":"deny","position":{{v + 1}},"price":"29.90","product_id":{{id}},"sku":"HWM-EI-{{v}}","taxable":true,"title":"Größe {{v}} \/ natur","updated_at":"{{at}}","option1":"Größe {{v}}","option2":"natur","option3":null,"image_id":null,"inventory_item_id":{{id + 900 + v}},"inventory_quantity":{{random.Next(300)}},"old_inventory_quantity":{{random.Next(300)}} }
            """));
        var body = $$"""
            {"admin_graphql_api_id":"gid:\/\/shopify\/Product\/{{id}}","body_html":"<p>Aus massiver Eiche, von Hand geölt. <strong>Jedes Brett ist ein Einzelstück.<\/strong><\/p>\n<ul>\n<li>40 × 28 × 3 cm<\/li>\n<li>nicht spülmaschinenfest<\/li>\n<\/ul>","created_at":"{{at}}","handle":"schneidebrett-eiche-{{number}}","id":{{id}},"product_type":"Küche","published_at":"{{at}}","template_suffix":"","title":"Schneidebrett Eiche","updated_at":"{{at}}","vendor":"Holzwerk Müller","status":"active","published_scope":"global","tags":"eiche, küche, öl","variants":[{{variants}}],"options":[{"name":"Größe","id":{{id + 50}},"product_id":{{id}},"position":1,"values":["0","1","2","3","4","5"]}],"images":[],"image":null,"media":[],"category":null}
            """;
        return Sample("products/update", Encoding.UTF8.GetBytes(body), Start, $"ProductChanged {id}");
    }

    private List<OrderShapes.Line> Lines(long order, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new OrderShapes.Line((order * 2) + i, 44_000_000_000 + random.Next(100_000), 1 + random.Next(4), 0))];

    private static (long Id, DateTimeOffset At) Next(int number) => (FirstOrder + (number * 100L), Start.AddSeconds(number));

    private static ParseSample Sample(string topic, byte[] body, DateTimeOffset at, string expected, string content = ContentKinds.ShopifyWebhook) =>
        new(new InboundEvent(content, topic, new ConnectionId(7), 99, "b7c1d2e3-1111-2222-3333-444455556666", at, body), expected);

    private static string Text(DateTimeOffset at) => at.ToOffset(TimeSpan.FromHours(1)).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
