using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace SyncFlow.Benchmarks.Support;

/// <summary>A line of a made-up order.</summary>
/// <param name="Item">Number of the SKU's listing, from 0.</param>
internal readonly record struct OrderedLine(int Item, int Units);

/// <summary>Order webhooks in Shopify's REST shape (shopify.dev, REST Admin API, Order), without customer data.</summary>
internal static class OrderBodies
{
    private const long FirstVariant = 40_000_000_000;
    private const long FirstItem = 50_000_000_000;

    /// <summary>The store's one location, as the adapter names it.</summary>
    public const string Location = "70000000001";

    public static string Variant(int item) => Number(FirstVariant + item);

    public static string StockItem(int item) => Number(FirstItem + item);

    /// <summary>An <c>orders/create</c> body.</summary>
    /// <param name="id">The order's id.</param>
    /// <param name="bytes">Size to fill up to with a note; smaller bodies are left as they are when 0.</param>
    public static byte[] Created(long id, DateTimeOffset at, IReadOnlyList<OrderedLine> lines, int bytes = 0)
    {
        var body = Write(id, at, lines, 0);
        return body.Length >= bytes ? body : Write(id, at, lines, bytes - body.Length);
    }

    private static byte[] Write(long id, DateTimeOffset at, IReadOnlyList<OrderedLine> lines, int note)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            var moment = at.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("admin_graphql_api_id", "gid://shopify/Order/" + Number(id));
            json.WriteString("name", "#" + Number(id));
            json.WriteString("created_at", moment);
            json.WriteString("updated_at", moment);
            json.WriteNull("cancelled_at");
            json.WriteString("financial_status", "paid");
            json.WriteNull("fulfillment_status");
            json.WriteString("source_name", "web");
            json.WriteNull("location_id");
            json.WriteBoolean("test", false);
            json.WriteString("note", new string('n', note));
            json.WriteStartArray("line_items");
            for (var i = 0; i < lines.Count; i++)
            {
                Line(json, (id * 100) + i, lines[i]);
            }

            json.WriteEndArray();
            json.WriteStartArray("fulfillments");
            json.WriteEndArray();
            json.WriteStartArray("refunds");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Line(Utf8JsonWriter json, long id, OrderedLine line)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteString("admin_graphql_api_id", "gid://shopify/LineItem/" + Number(id));
        json.WriteNumber("variant_id", FirstVariant + line.Item);
        json.WriteNumber("product_id", FirstItem + 1_000_000 + line.Item);
        json.WriteString("sku", "BENCH-" + Number(line.Item));
        json.WriteString("title", "Benchmark article " + Number(line.Item));
        json.WriteNumber("quantity", line.Units);
        json.WriteNumber("current_quantity", line.Units);
        json.WriteNumber("fulfillable_quantity", line.Units);
        json.WriteNull("fulfillment_status");
        json.WriteString("fulfillment_service", "manual");
        json.WriteBoolean("requires_shipping", true);
        json.WriteString("price", Number(5 + (line.Item * 7 % 90)) + ".90");
        json.WriteEndObject();
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
