using System.Globalization;
using System.Text.Json.Nodes;
using System.Web;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>The documented samples (docs/samples) as pages of APIs like their vendors': one way of paging each.</summary>
/// <param name="url">The server's own address.</param>
internal sealed class VendorPages(string url)
{
    /// <summary>When all answers were made.</summary>
    public static readonly DateTimeOffset Date = new(2026, 11, 22, 3, 0, 0, TimeSpan.Zero);

    /// <summary>How each is set up: its feed, the form of its pages, and rows of a page.</summary>
    public static readonly Dictionary<string, (string Feed, string Shape, int PageSize)> Shapes = new()
    {
        ["SAP"] = (
            "movements",
            """
            { "mapping": "sap-material-document", "next": "d.__next",
              "path": "A_MaterialDocumentHeader?$expand=to_MaterialDocumentItem&$filter=CreationDate%20ge%20datetimeoffset'{since}'&$top={limit}" }
            """,
            2),
        ["Oracle"] = ("movements", """{ "mapping": "oracle-material-transactions", "rows": "items[]", "next": "token", "path": "materialTransactions?after={cursor}&limit={limit}" }""", 3),
        ["NetSuite"] = (
            "movements",
            """{ "mapping": "netsuite-inventory-adjustment", "rows": "items[].inventory.items[]", "more": "hasMore", "path": "inventoryAdjustment?limit={limit}&offset={offset}" }""", 1),
        ["Dynamics"] = ("movements", """{ "mapping": "dynamics-inventory-transactions", "next": "@odata.nextLink", "path": "data/InventTransactions?$top={limit}" }""", 2),
        ["Cin7"] = ("positions", """{ "mapping": "cin7-stock", "path": "stock?page={page}&limit={limit}" }""", 2),
    };

    /// <summary>The samples of movements as documents that are pushed: source, mapping, text.</summary>
    public static IEnumerable<(string Name, string Mapping, string Text)> Documents =>
    [
        ("SAP", "sap-material-document", Sample("sap-material-documents.json")),
        ("Oracle", "oracle-material-transactions", Rows("oracle-material-transactions").ToJsonString()),
        ("NetSuite", "netsuite-inventory-adjustment", Sample("netsuite-inventory-adjustment.json")),
        ("Dynamics", "dynamics-inventory-transactions", Sample("dynamics-inventory-transactions.json")),
    ];

    public static string Sample(string file) => File.ReadAllText(Path.Combine(Architecture.Sources.Root, "docs", "samples", file));

    /// <summary>Rows of a sample's file as objects; none of them has a quote.</summary>
    public static JsonArray Rows(string name)
    {
        var lines = Sample(name + ".csv").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var columns = lines[0].Split(',');
        return [.. lines[1..].Select(line => new JsonObject(columns.Zip(line.Split(','), (c, v) => KeyValuePair.Create(c, (JsonNode?)v))))];
    }

    /// <summary>What the vendors answer; null for other addresses.</summary>
    public SourceAnswer? Answer(string asked)
    {
        var query = HttpUtility.ParseQueryString(new Uri("http://x" + asked).Query);
        int Number(string name, int fallback) => int.TryParse(query[name], CultureInfo.InvariantCulture, out var number) ? number : fallback;
        JsonNode? page = asked.Split('?')[0] switch
        {
            "/api/A_MaterialDocumentHeader" => Sap(Number("$skiptoken", 0)),
            "/api/materialTransactions" => Oracle(Number("after", 0), Number("limit", 1)),
            "/api/inventoryAdjustment" => NetSuite(Number("offset", 0)),
            "/api/data/InventTransactions" => Dynamics(Number("$skiptoken", 0)),
            "/api/stock" => Part(Rows("cin7-stock"), (Number("page", 1) - 1) * Number("limit", 1), Number("limit", 1)),
            _ => null,
        };
        return page is null ? null : SourceAnswer.Of(page.ToJsonString()) with { Date = Date };
    }

    private JsonObject Sap(int from)
    {
        var all = JsonNode.Parse(Sample("sap-material-documents.json"))!["d"]!["results"]!.AsArray();
        var d = new JsonObject { ["results"] = Part(all, from, 2) };
        if (from + 2 < all.Count)
        {
            d["__next"] = $"{url}/A_MaterialDocumentHeader?$expand=to_MaterialDocumentItem&$skiptoken={from + 2}";
        }

        return new JsonObject { ["d"] = d };
    }

    private static JsonObject Oracle(int after, int limit)
    {
        var all = Rows("oracle-material-transactions");
        return new JsonObject { ["items"] = Part(all, after, limit), ["token"] = after + limit < all.Count ? after + limit : null };
    }

    private static JsonObject NetSuite(int offset) => new()
    {
        ["items"] = offset == 0 ? new JsonArray(JsonNode.Parse(Sample("netsuite-inventory-adjustment.json"))) : [],
        ["hasMore"] = offset == 0,
    };

    private static JsonObject Dynamics(int from)
    {
        var all = JsonNode.Parse(Sample("dynamics-inventory-transactions.json"))!["value"]!.AsArray();
        var page = new JsonObject { ["value"] = Part(all, from, 2) };
        if (from + 2 < all.Count)
        {
            page["@odata.nextLink"] = $"/api/data/InventTransactions?$skiptoken={from + 2}"; // Without its server.
        }

        return page;
    }

    private static JsonArray Part(JsonArray all, int from, int count) => [.. all.Skip(from).Take(count).Select(n => n!.DeepClone())];
}
