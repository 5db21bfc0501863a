using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>Pages in the form of sources' own APIs, read by the mappings that documents and files are read by.</summary>
public sealed class MappedPullTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Ledger =
        """
        SELECT array_agg(line ORDER BY line) FROM (
          SELECT regexp_replace(l.fact_key, 'file:.*', 'file') || ' ' || s.code || ' ' || p.code || ' ' || l.bucket || ' ' || l.delta || ' ' || l.occurred_at AS line
          FROM ledger_entries l JOIN skus s USING (tenant_id, sku_id) JOIN locations p USING (tenant_id, location_id)) e
        """;

    private static readonly string[] Places =
    [
        "SAP,1000/0001,MAIN", "SAP,1000/0002,MAIN", "SAP,2000/0001,MAIN", "Oracle,M1/FGI,MAIN", "Oracle,M1/SHOP,MAIN", "NetSuite,East warehouse,MAIN",
        "Dynamics,1/13,MAIN", "Dynamics,1/24,MAIN", "Cin7,Main Branch,SIDE", "Cin7,City Store,SIDE",
    ];

    [Fact]
    public async Task Each_documented_sample_gives_the_same_ledger_pulled_page_by_page_as_pushed_or_filed()
    {
        var told = await ToldAsync();
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        var sources = await SourcesAsync(stand);
        stand.Server.AtUrl = new VendorPages(stand.Server.Url).Answer;
        foreach (var (name, (feed, shape, pageSize)) in VendorPages.Shapes)
        {
            stand.Source = sources[name];
            var isPositions = feed == "positions";
            var pages = new JsonObject { [feed] = JsonNode.Parse(shape) };
            var (status, body) = await SetAsync(stand, pages, movements: !isPositions, positions: isPositions, pageSize);
            status.ShouldBe(HttpStatusCode.OK, $"{name}: {body?.ToJsonString()}");
            (await stand.RoundAsync(refresh: isPositions))["fault"].ShouldBeNull(name);
            (await stand.RoundAsync())["fault"].ShouldBeNull(name);
        }

        (await stand.Stand.Api.SqlAsync<string[]>(Ledger)).ShouldBe(told);
        (await stand.Stand.Api.SqlAsync<long>("SELECT count(*) FROM source_broken_rows")).ShouldBe(0);
        (await stand.Stand.Api.SqlAsync<long>("SELECT count(*) FROM held_events")).ShouldBe(0);
        stand.Server.Urls.ShouldContain(u => u.Contains("$skiptoken=2", StringComparison.Ordinal), "the address that a page named");
        stand.Server.Urls.ShouldContain("/api/stock?page=3&limit=2", "counted until a page lists nothing");
    }

    [Fact]
    public async Task What_is_wrong_with_a_page_or_a_record_is_named_in_the_sources_own_words_and_nothing_is_booked_of_it()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        stand.Source = (await SourcesAsync(stand))["Dynamics"];
        await SetAsync(stand, new JsonObject { ["movements"] = JsonNode.Parse(VendorPages.Shapes["Dynamics"].Shape) });
        async Task<JsonNode> PageAsync(string page)
        {
            stand.Server.AtUrl = _ => SourceAnswer.Of(page);
            return await stand.RoundAsync();
        }

        const string record = """{ "RecId": 1, "ItemId": "TENT-2P", "InventSiteId": "1", "InventLocationId": "13", "Qty": 5, "StatusIssue": "None", "StatusReceipt": "Received", "ModifiedDateTime": "2026-11-20T10:02:11Z" }""";
        await PageAsync($$"""{ "value": [{{record}}, {{record.Replace("5", "\"five\"", StringComparison.Ordinal)}}, {{record.Replace("\"1\"", "null", StringComparison.Ordinal)}}] }""");
        (await stand.AtAsync("TENT-2P")).ShouldBe(5);
        (await stand.BrokenAsync()).Select(r => string.Join(' ', r!["errors"]!.AsObject().Select(e => e.Key))).ShouldBe(["Qty", "InventSiteId"], ignoreOrder: true);

        foreach (var (page, named) in new[]
        {
            ("""{ "error": "session expired" }""", "value"),
            ("""{ "value": [], "@odata.nextLink": "https://elsewhere.example/next" }""", "@odata.nextLink"),
            ($$"""{ "value": [], "@odata.nextLink": "{{new string('x', 2_001)}}" }""", "@odata.nextLink"),
        })
        {
            var pull = await PageAsync(page);
            ((string)pull["faultCode"]!).ShouldBe("NOT_A_PAGE");
            ((string)pull["fault"]!).ShouldContain(named);
        }

        var asked = stand.Server.Urls.Count;
        await PageAsync($$"""{ "value": [{{record}}], "@odata.nextLink": "/api/again?$skiptoken={{asked}}" }""");
        ((string)(await stand.PullAsync())["faultCode"]!).ShouldBe("CURSOR_LOOPS", "a page that names itself");
        (await stand.AtAsync("TENT-2P")).ShouldBe(5);
    }

    [Fact]
    public async Task A_source_that_does_not_count_its_pages_is_not_asked_for_ever()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        stand.Source = (await SourcesAsync(stand))["Cin7"];
        await SetAsync(stand, new JsonObject { ["positions"] = JsonNode.Parse(VendorPages.Shapes["Cin7"].Shape) }, movements: false, positions: true);
        stand.Server.AtUrl = _ => SourceAnswer.Of(VendorPages.Rows("cin7-stock").ToJsonString());
        ((string)(await stand.RoundAsync(refresh: true))["faultCode"]!).ShouldBe("SAME_PAGE");
        (await stand.Stand.UnitsAsync()).ShouldBe(0, "a refresh whose end never came is none");
    }

    [Fact]
    public async Task A_form_of_pages_is_checked_field_by_field_and_its_mapping_stays_as_long_as_it_is_used()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        stand.Source = (await SourcesAsync(stand))["Dynamics"];
        async Task<string> FieldsAsync(string pages, bool positions = false)
        {
            var (status, body) = await SetAsync(stand, JsonNode.Parse(pages)!.AsObject(), positions: positions);
            status.ShouldBe(HttpStatusCode.BadRequest, pages);
            return string.Join(' ', body!["errors"]!.AsObject().Select(e => e.Key));
        }

        (await FieldsAsync("""{ "movements": { "mapping": "nobody" } }""")).ShouldBe("pages.movements.mapping");
        (await FieldsAsync("""{ "movements": {} }""")).ShouldBe("pages.movements.mapping");
        (await FieldsAsync("""{ "positions": { "mapping": "cin7-stock" } }""")).ShouldBe("pages.positions");
        (await FieldsAsync("""{ "positions": { "mapping": "sap-material-document", "watermark": "w" } }""", positions: true)).ShouldBe("pages.positions.mapping pages.positions.watermark");
        (await FieldsAsync("""{ "movements": { "mapping": "cin7-stock", "path": "../admin?x={what}", "asOf": "at" } }""")).ShouldBe("pages.movements.path pages.movements.asOf");
        (await FieldsAsync("""{ "movements": { "mapping": "cin7-stock", "path": "https://elsewhere/x", "more": "more" } }""")).ShouldBe("pages.movements.path pages.movements.more");
        (await FieldsAsync("""{ "movements": { "mapping": "cin7-stock", "path": "a?p={page}", "next": "next", "rows": "" } }""")).ShouldBe("pages.movements.path pages.movements.rows");

        using var own = new HttpRequestMessage(HttpMethod.Put, "/api/v1/source-mappings/mine")
        {
            Content = new StringContent("""{ "fields": { "id": "{i}", "type": "movement", "sku": "{s}", "location": "1/13", "units": "{u}", "occurredAt": "{t}" } }""", Encoding.UTF8, "application/json"),
        };
        (await stand.Stand.Api.SendAsync(own)).Status.ShouldBe(HttpStatusCode.OK);
        var (set, view) = await SetAsync(stand, JsonNode.Parse("""{ "movements": { "mapping": "mine", "rows": "found[]", "watermark": "upTo" } }""")!.AsObject());
        set.ShouldBe(HttpStatusCode.OK);
        ((string)view!["ownPages"]!["movements"]!["rows"]!).ShouldBe("found[]");
        using var gone = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/source-mappings/mine");
        (await stand.Stand.Api.SendAsync(gone)).Status.ShouldBe(HttpStatusCode.Conflict);

        stand.Server.AtUrl = _ => SourceAnswer.Of("""{ "found": [{ "i": 1, "s": "TENT-2P", "u": 4, "t": "2026-11-20T10:00:00Z" }], "upTo": "2026-11-20T11:00:00Z" }""");
        ((string)(await stand.RoundAsync())["watermark"]!).ShouldStartWith("2026-11-20T11:00:00");
        stand.Server.Urls.ShouldBe(["/api/movements?limit=100"], "the Source API's own address, where nothing else is said");
        await stand.RoundAsync();
        stand.Server.Urls[1].ShouldStartWith("/api/movements?since=2026-11-20T10%3A59%3A50");
        (await stand.AtAsync("TENT-2P")).ShouldBe(4);
    }

    /// <summary>The ledger of the same samples, pushed as documents; a stock list as a file.</summary>
    private async Task<string[]> ToldAsync()
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        var sources = await SourcesAsync(stand);
        foreach (var (name, mapping, text) in VendorPages.Documents)
        {
            using var document = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{sources[name]}/documents?mapping={mapping}")
            {
                Content = new StringContent(text, Encoding.UTF8, "application/json"),
            };
            var (status, body) = await stand.Stand.Api.SendAsync(document);
            status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
        }

        var asOf = VendorPages.Date.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        (await stand.Stand.CsvAsync($"/api/v1/sources/{sources["Cin7"]}/refreshes/csv?mapping=cin7-stock&asOf={asOf}", VendorPages.Sample("cin7-stock.csv"))).Status
            .ShouldBe(HttpStatusCode.Accepted);
        await stand.Stand.FilesAsync();
        return await stand.Stand.Api.SqlAsync<string[]>(Ledger);
    }

    private static async Task<Dictionary<string, long>> SourcesAsync(PullStand stand)
    {
        foreach (var code in new[] { "TENT-2P", "TENT-4P" })
        {
            (await stand.Stand.Api.PostAsync("/api/v1/skus", new { code })).Status.ShouldBe(HttpStatusCode.Created);
        }

        var sources = new Dictionary<string, long>();
        foreach (var name in new[] { "SAP", "Oracle", "NetSuite", "Dynamics", "Cin7" })
        {
            sources[name] = await stand.Stand.SourceAsync(name, "erp");
        }

        await stand.Stand.MapAsync(Places);
        return sources;
    }

    private static Task<(HttpStatusCode Status, JsonNode? Body)> SetAsync(
        PullStand stand, JsonObject pages, bool movements = true, bool positions = false, int pageSize = 100) => stand.TrySetAsync(new
        {
            url = stand.Server.Url,
            authorization = new { scheme = "bearer", secret = "s" },
            movements,
            positions,
            pageSize,
            overlap = 10,
            pages,
        });
}
