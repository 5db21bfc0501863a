using System.Globalization;
using System.Text;

namespace SyncFlow.Benchmarks.Parse;

/// <summary>
/// Orders with every member that Shopify documents for them (shopify.dev, REST Admin API, Order), in its order, with texts
/// as long and as foreign as those of a shop. The people in them are made up.
/// </summary>
internal static class OrderShapes
{
    /// <param name="Id">The line's id.</param>
    /// <param name="Units">Units ordered.</param>
    /// <param name="Shipped">Units that left, of these.</param>
    internal readonly record struct Line(long Id, long Variant, int Units, int Shipped);

    /// <summary>An order's webhook.</summary>
    /// <param name="refunded">Whether one unit of the first line was taken off again before it shipped.</param>
    internal static byte[] Webhook(long id, string at, IReadOnlyList<Line> lines, bool refunded, Random random)
    {
        var (first, last, street, city) = (Pick(random, Words.First), Pick(random, Words.Last), Pick(random, Words.Streets), Pick(random, Words.Cities));
        var address = $$"""
            {"first_name":"{{first}}","address1":"{{street}} {{random.Next(1, 200)}}","phone":"+49 30 5550{{random.Next(1000, 9999)}}","city":"{{city}}","zip":"{{random.Next(10000, 99999)}}","province":null,"country":"Germany","last_name":"{{last}}","address2":null,"company":null,"latitude":52.{{random.Next(100000, 999999)}},"longitude":13.{{random.Next(100000, 999999)}},"name":"{{first}} {{last}}","country_code":"DE","province_code":null}
            """.Trim();
        var mail = $"{first}.{last}@example.com";
        var total = Number(lines.Sum(l => l.Units * 29)) + ".90";
        var items = string.Join(',', lines.Select(l => Item(l, random)));
        var shipped = lines.Any(l => l.Shipped > 0) ? Fulfillment(id, at, lines, random) : "";
        return Encoding.UTF8.GetBytes($$"""
            {"id":{{id}},"admin_graphql_api_id":"gid:\/\/shopify\/Order\/{{id}}","app_id":580111,"browser_ip":"203.0.113.{{random.Next(255)}}","buyer_accepts_marketing":{{(random.Next(2) == 0 ? "true" : "false")}},"cancel_reason":null,"cancelled_at":null,"cart_token":"c1-7a58cf77{{random.Next(100000, 999999)}}","checkout_id":{{id + 31}},"checkout_token":"64b3{{random.Next(100000, 999999)}}a1fd","client_details":{"accept_language":"de-DE,de;q=0.9,en;q=0.8","browser_height":null,"browser_ip":"203.0.113.17","browser_width":null,"session_hash":null,"user_agent":"Mozilla\/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit\/605.1.15 (KHTML, like Gecko) Version\/18.5 Mobile\/15E148 Safari\/604.1"},"closed_at":null,"company":null,"confirmation_number":"ZH{{random.Next(1000000, 9999999)}}","confirmed":true,"contact_email":"{{mail}}","created_at":"{{at}}","currency":"EUR",
            {{Prices("current_subtotal_price", total)}},"current_total_additional_fees_set":null,{{Prices("current_total_discounts", "0.00")}},"current_total_duties_set":null,{{Prices("current_total_price", total)}},{{Prices("current_total_tax", "4.77")}},"customer_locale":"de-DE","device_id":null,"discount_codes":[{"code":"HERBST10","amount":"0.00","type":"percentage"}],"duties_included":false,"email":"{{mail}}","estimated_taxes":false,"financial_status":"paid","fulfillment_status":{{(shipped.Length > 0 ? "\"fulfilled\"" : "null")}},"landing_site":"\/collections\/herbst?utm_source=newsletter&utm_medium=email&utm_campaign=kw{{random.Next(52)}}","landing_site_ref":null,"location_id":null,"merchant_business_entity_id":"MTU0ODM4MDAwOQ","merchant_of_record_app_id":null,"name":"#{{id % 100000}}","note":"{{Pick(random, Words.Notes)}}","note_attributes":[{"name":"gift_wrap","value":"yes"},{"name":"delivery_window","value":"17:00–20:00"}],"number":{{id % 100000}},"order_number":{{id % 100000}},"order_status_url":"https:\/\/shop.example.com\/548380009\/orders\/b1946ac92492d2347c6235b4d2611184\/authenticate?key=imasecretipod","original_total_additional_fees_set":null,"original_total_duties_set":null,"payment_gateway_names":["shopify_payments","gift_card"],"phone":null,"po_number":null,"presentment_currency":"EUR","processed_at":"{{at}}","reference":"ref_{{id}}","referring_site":"https:\/\/www.example.org\/magazin\/wohnen","source_identifier":null,"source_name":"web","source_url":null,
            {{Prices("subtotal_price", total)}},"tags":"newsletter, erstbestellung, größe-l","tax_exempt":false,"tax_lines":[{"price":"4.77","rate":0.19,"title":"DE MwSt","price_set":{"shop_money":{"amount":"4.77","currency_code":"EUR"},"presentment_money":{"amount":"4.77","currency_code":"EUR"} },"channel_liable":false}],"taxes_included":true,"test":false,"token":"b1946ac92492d2347c6235b4d2611184",{{Prices("total_discounts", "0.00")}},{{Prices("total_line_items_price", total)}},"total_outstanding":"0.00",{{Prices("total_price", total)}},{{Prices("total_tax", "4.77")}},"total_tip_received":"0.00","total_weight":{{random.Next(100, 9000)}},"updated_at":"{{at}}","user_id":null,
            "billing_address":{{address}},"customer":{"id":{{id - 77}},"created_at":"{{at}}","updated_at":"{{at}}","first_name":"{{first}}","last_name":"{{last}}","state":"disabled","note":null,"verified_email":true,"multipass_identifier":null,"tax_exempt":false,"email":"{{mail}}","phone":null,"currency":"EUR","tax_exemptions":[],"admin_graphql_api_id":"gid:\/\/shopify\/Customer\/{{id - 77}}","default_address":{{address}}},"discount_applications":[],
            "fulfillments":[{{shipped}}],"line_items":[{{items}}],"payment_terms":null,"refunds":[{{(refunded ? Refund(id, at, lines[0], random) : "")}}],"shipping_address":{{address}},
            "shipping_lines":[{"id":{{id + 9}},"carrier_identifier":"650f1a14fa979ec5c74d063e968411d4","code":"DHL Paket","current_discounted_price_set":{"shop_money":{"amount":"4.90","currency_code":"EUR"},"presentment_money":{"amount":"4.90","currency_code":"EUR"} },"discounted_price":"4.90","is_removed":false,"phone":null,"price":"4.90","requested_fulfillment_service_id":null,"source":"shopify","title":"DHL Paket (2–3 Werktage)","tax_lines":[],"discount_allocations":[]}]}
            """);
    }

    /// <summary>A <c>refunds/create</c> body: a unit of one line.</summary>
    internal static byte[] RefundHook(long order, string at, Line line, Random random) => Encoding.UTF8.GetBytes(Refund(order, at, line, random));

    /// <summary>The same order as our own query selects it.</summary>
    internal static byte[] Fetched(long id, string at, IReadOnlyList<Line> lines, string location)
    {
        const string Whole = "\"pageInfo\":{\"hasNextPage\":false,\"endCursor\":null}";
        var items = string.Join(',', lines.Select(l => $$"""
            {"id":"gid://shopify/LineItem/{{l.Id}}","variant":{"id":"gid://shopify/ProductVariant/{{l.Variant}}"},"quantity":{{l.Units}},"unfulfilledQuantity":{{l.Units}}}
            """));
        var parts = string.Join(',', lines.Select(l => $$"""
            {"id":"gid://shopify/FulfillmentOrderLineItem/{{l.Id + 5}}","remainingQuantity":{{l.Units}},"lineItem":{"id":"gid://shopify/LineItem/{{l.Id}}"} }
            """));
        return Encoding.UTF8.GetBytes($$"""
            {"id":"gid://shopify/Order/{{id}}","createdAt":"{{at}}","updatedAt":"{{at}}","cancelledAt":null,"test":false,"sourceName":"web","retailLocation":null,"customAttributes":[{"key":"gift_wrap","value":"yes"}],"lineItems":{"nodes":[{{items}}],{{Whole}} },"fulfillmentOrders":{"nodes":[{"id":"gid://shopify/FulfillmentOrder/{{id + 3}}","status":"OPEN","assignedLocation":{"location":{"id":"gid://shopify/Location/{{location}}"} },"lineItems":{"nodes":[{{parts}}],{{Whole}} } }],{{Whole}} },"fulfillments":[],"refunds":[]}
            """);
    }

    private static string Item(Line l, Random random) => $$"""
        {"id":{{l.Id}},"admin_graphql_api_id":"gid:\/\/shopify\/LineItem\/{{l.Id}}","attributed_staffs":[],"current_quantity":{{l.Units}},"fulfillable_quantity":{{l.Units - l.Shipped}},"fulfillment_service":"manual","fulfillment_status":null,"gift_card":false,"grams":{{random.Next(50, 2000)}},"name":"{{Pick(random, Words.Articles)}} – {{Pick(random, Words.Variants)}}","price":"29.90","price_set":{"shop_money":{"amount":"29.90","currency_code":"EUR"},"presentment_money":{"amount":"29.90","currency_code":"EUR"} },"product_exists":true,"product_id":{{l.Variant - 1000}},"properties":[],"quantity":{{l.Units}},"requires_shipping":true,"sales_line_item_group_id":null,"sku":"{{Pick(random, Words.Skus)}}-{{random.Next(100, 999)}}","taxable":true,"title":"{{Pick(random, Words.Articles)}}","total_discount":"0.00","total_discount_set":{"shop_money":{"amount":"0.00","currency_code":"EUR"},"presentment_money":{"amount":"0.00","currency_code":"EUR"} },"variant_id":{{l.Variant}},"variant_inventory_management":"shopify","variant_title":"{{Pick(random, Words.Variants)}}","vendor":"Holzwerk Müller","tax_lines":[{"channel_liable":false,"price":"4.77","price_set":{"shop_money":{"amount":"4.77","currency_code":"EUR"},"presentment_money":{"amount":"4.77","currency_code":"EUR"} },"rate":0.19,"title":"DE MwSt"}],"duties":[],"discount_allocations":[]}
        """;

    private static string Fulfillment(long id, string at, IReadOnlyList<Line> lines, Random random) => $$"""
        {"id":{{id + 5}},"admin_graphql_api_id":"gid:\/\/shopify\/Fulfillment\/{{id + 5}}","created_at":"{{at}}","location_id":70000000001,"name":"#{{id % 100000}}.1","order_id":{{id}},"origin_address":{},"receipt":{},"service":"manual","shipment_status":null,"status":"success","tracking_company":"DHL","tracking_number":"00340434{{random.Next(100000, 999999)}}","tracking_numbers":[],"tracking_url":null,"tracking_urls":[],"updated_at":"{{at}}","line_items":[{{string.Join(',', lines.Where(l => l.Shipped > 0).Select(l => Item(l with { Units = l.Shipped, Shipped = 0 }, random)))}}]}
        """;

    private static string Refund(long id, string at, Line line, Random random) => $$"""
        {"id":{{id + 7}},"admin_graphql_api_id":"gid:\/\/shopify\/Refund\/{{id + 7}}","created_at":"{{at}}","note":"{{Pick(random, Words.Notes)}}","order_id":{{id}},"processed_at":"{{at}}","restock":true,"total_duties_set":{"shop_money":{"amount":"0.00","currency_code":"EUR"},"presentment_money":{"amount":"0.00","currency_code":"EUR"} },"user_id":548380009,"order_adjustments":[],"transactions":[],"refund_line_items":[{"id":{{id + 8}},"line_item_id":{{line.Id}},"location_id":70000000001,"quantity":1,"restock_type":"cancel","subtotal":29.9,"subtotal_set":{"shop_money":{"amount":"29.90","currency_code":"EUR"},"presentment_money":{"amount":"29.90","currency_code":"EUR"} },"total_tax":4.77,"line_item":{{Item(line, random)}} }],"duties":[]}
        """;

    private static string Prices(string name, string amount) => $$"""
        "{{name}}":"{{amount}}","{{name}}_set":{"shop_money":{"amount":"{{amount}}","currency_code":"EUR"},"presentment_money":{"amount":"{{amount}}","currency_code":"EUR"} }
        """;

    private static string Pick(Random random, string[] words) => words[random.Next(words.Length)];

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static class Words
    {
        internal static readonly string[] First = ["Anna", "Jürgen", "Chloé", "Mateusz", "İpek", "Søren", "Ng\\u1ecdc"];
        internal static readonly string[] Last = ["Schröder", "Nowak", "Dupont", "O'Neill", "Yılmaz", "Lindqvist", "Tr\\u1ea7n"];
        internal static readonly string[] Streets = ["Schönhauser Allee", "Rue de l'Église", "Kungsgatan", "Große Straße", "Via dei Fiori"];
        internal static readonly string[] Cities = ["Berlin", "Köln", "Zürich", "Malmö", "Łódź"];
        internal static readonly string[] Articles = ["Schneidebrett \\\"Eiche\\\" geölt", "Tagesdecke Leinen", "Teekanne 1,2 l Gußeisen", "Bücherregal Nuß", "抹茶碗 hand made"];
        internal static readonly string[] Variants = ["Größe L / natur", "Ø 28 cm", "140 × 200 cm / salbei", "Default Title"];
        internal static readonly string[] Skus = ["HWM-EI", "LN-TD", "GE-TK12", "RG-NU"];
        internal static readonly string[] Notes = ["Bitte beim Nachbarn (Familie Özdemir, 3. OG) abgeben.", "", "Als Geschenk verpacken 🎁 und ohne Rechnung senden.", "Leave at the door, please!\\nThe bell is broken."];
    }
}
