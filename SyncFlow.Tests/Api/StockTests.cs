using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class StockTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Items =
        """
        INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, title, tracked, is_bundle, archived, seen_at)
        """;

    [Fact]
    public async Task C18_Duplicate_blank_and_untracked_variants_are_reported_and_never_guessed()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await app.SqlAsync<long>(
            Items +
            """
             SELECT 1, $1, 'v' || n, 'i' || n, 'p', sku, 't', tracked, bundle, archived, now()
            FROM (VALUES (1, 'ABC', true, false, false), (2, ' abc ', true, false, false), (3, '  ', true, false, false),
              (4, 'D', false, false, false), (5, 'E', true, true, false), (6, ' f-1', true, false, false), (7, 'F-1', true, false, true))
              AS x (n, sku, tracked, bundle, archived) RETURNING tenant_id
            """,
            connection);

        var dry = await MapAsync(app, connection, dryRun: true);
        (await app.SqlAsync<long>("SELECT count(*) FROM listings")).ShouldBe(0, "a dry run writes nothing");
        var real = await MapAsync(app, connection, dryRun: false);
        real.ToJsonString().ShouldBe(dry.ToJsonString(), "a dry run tells exactly what is done");
        ((int)real["mapped"]!).ShouldBe(1);
        ((int)real["levelsCreated"]!).ShouldBe(2, "one for each mapped location");
        var ambiguous = real["ambiguous"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)ambiguous["sku"]!).ToUpperInvariant().ShouldBe("ABC");
        ambiguous["variants"]!.AsArray().Select(variant => (string)variant!["variantRef"]!).Order().ShouldBe(["v1", "v2"]);
        Refs(real, "blank").ShouldBe(["v3"]);
        Refs(real, "untracked").ShouldBe(["v4"]);
        Refs(real, "bundles").ShouldBe(["v5"]);
        Refs(real, "unmatched").ShouldBeEmpty();
        (await app.SqlAsync<string>("SELECT code_key FROM skus")).ShouldBe("F-1");
        (await app.SqlAsync<long>("SELECT count(*) FROM listing_levels WHERE status = 1 AND item_ref = 'i6'")).ShouldBe(2);

        var again = await MapAsync(app, connection, dryRun: false);
        ((int)again["mapped"]!).ShouldBe(0);
        ((int)again["alreadyMapped"]!).ShouldBe(1);
        ((int)(await app.GetAsync("/api/v1/listings?sku=f-1"))["items"]![0]!["levels"]!).ShouldBe(2);
    }

    [Fact]
    public async Task Skus_the_tenant_does_not_have_are_reported_where_none_are_to_be_created()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await app.SqlAsync<long>(Items + " VALUES (1, $1, 'v1', 'i1', 'p', 'NEW', 't', true, false, false, now()) RETURNING tenant_id", connection);
        var (_, report) = await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection, createMissingSkus = false });
        Refs(report!, "unmatched").ShouldBe(["v1"]);
        (await app.SqlAsync<long>("SELECT count(*) FROM skus")).ShouldBe(0);
    }

    [Fact]
    public async Task Twenty_thousand_variants_are_mapped_set_by_set()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await app.SqlAsync<long>(
            Items + " SELECT 1, $1, 'v' || n, 'i' || n, 'p', 'SKU-' || n, 't', true, false, false, now() FROM generate_series(1, 20000) n RETURNING tenant_id",
            connection);
        using var calls = new DatabaseCalls(app.Database);
        var report = await MapAsync(app, connection, dryRun: false);
        ((int)report["mapped"]!).ShouldBe(20_000);
        ((int)report["levelsCreated"]!).ShouldBe(40_000);
        calls.Count.ShouldBeInRange(2, 100, "one round trip for each variant would be twenty thousand");
    }

    [Fact]
    public async Task A_movement_is_stored_once_for_its_key_and_another_one_with_the_key_is_refused()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await PrepareAsync(app);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        var movement = new { sku = "a", location = "MAIN", kind = "write-off", units = 3, reason = "broken glass", key = "note-7" };
        var first = await app.PostAsync("/api/v1/stock-movements", movement);
        var again = await app.PostAsync("/api/v1/stock-movements?wait=true", movement);
        first.Status.ShouldBe(HttpStatusCode.Accepted);
        again.Status.ShouldBe(HttpStatusCode.Accepted, "nobody applies it here");
        ((long)again.Body!["operationId"]!).ShouldBe((long)first.Body!["operationId"]!);
        (await app.InboxCountAsync()).ShouldBe(1);
        var stored = JsonNode.Parse(await app.SqlAsync<string>("SELECT convert_from(body, 'UTF8') FROM inbox"))!;
        ((int)stored[0]!["legs"]![0]!["delta"]!).ShouldBe(-3);
        ((string)stored[0]!["key"]!).ShouldBe("movement:note-7");

        var other = await app.PostAsync("/api/v1/stock-movements", new { sku = "a", location = "MAIN", kind = "receipt", units = 3, reason = "r", key = "note-7" });
        other.Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.SqlAsync<string>("SELECT note FROM stock_operations")).ShouldBe("broken glass");
    }

    [Fact]
    public async Task Stock_is_shown_and_explained_now_and_as_it_was_known()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await PrepareAsync(app);
        await app.PostAsync("/api/v1/skus", new { code = "A", safetyBuffer = 1 });
        await app.SqlAsync<long>(
            """
            INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, committed, opened)
            SELECT 1, sku_id, (SELECT location_id FROM locations WHERE code = 'MAIN'), 10, 4, true FROM skus RETURNING tenant_id
            """);
        await app.SqlAsync<long>(
            """
            INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
            SELECT 1, s.sku_id, l.location_id, bucket, delta, 1, key, at::timestamptz, at::timestamptz
            FROM skus s, locations l, (VALUES (1, 10, 'opening', '2026-01-01Z'), (2, 3, 'order:1', '2026-01-02Z'), (2, 1, 'order:2', '2026-01-03Z')) AS e (bucket, delta, key, at)
            WHERE l.code = 'MAIN' ORDER BY at RETURNING tenant_id
            """);

        var stock = await app.GetAsync("/api/v1/stock/a");
        ((int)stock["ats"]!).ShouldBe(5);
        ((int)stock["locations"]![0]!["buckets"]!["committed"]!).ShouldBe(4);
        ((int)stock["exposure"]!["units"]!).ShouldBe(0);
        ((int)(await app.GetAsync("/api/v1/stock"))["items"]![0]!["ats"]!).ShouldBe(5);

        var now = await app.GetAsync("/api/v1/stock/A/explain");
        now["entries"]!["items"]!.AsArray().Select(entry => (long)entry!["sum"]!).ShouldBe([4, 3, 10]);
        var then = await app.GetAsync("/api/v1/stock/A/explain?location=MAIN&at=2026-01-02T12:00:00Z");
        then["entries"]!["items"]!.AsArray().Count.ShouldBe(2);
        ((int)then["locations"]![0]!["buckets"]!["committed"]!).ShouldBe(3);
        ((string)then["timeBasis"]!).ShouldBe("recorded");
        (await app.GetAsync("/api/v1/ledger?sku=A&limit=2"))["next"].ShouldNotBeNull();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/stock/A/explain");
        request.Headers.Add("Accept", "text/plain");
        using var answer = await app.Client.SendAsync(request);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("1 more committed to open orders at MAIN; +1 makes 4");
        (await app.GetAsync("/api/v1/stats/pipeline"))["eventsPending"].ShouldNotBeNull();
    }

    /// <summary>A store with two locations, both mapped; returns the connection.</summary>
    private static async Task<long> PrepareAsync(ApiApp app)
    {
        var connection = await app.ConnectAsync();
        await app.SqlAsync<long>(
            "INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name) VALUES (1, $1, 'x1', 'Main'), (1, $1, 'x2', 'Side') RETURNING tenant_id",
            connection);
        foreach (var (code, external) in new[] { ("MAIN", "x1"), ("SIDE", "x2") })
        {
            var (_, location) = await app.PostAsync("/api/v1/locations", new { code, name = code });
            using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/location-mappings")
            {
                Content = System.Net.Http.Json.JsonContent.Create(new { connectionId = connection, externalLocationId = external, locationId = (long)location!["id"]! }),
            };
            (await app.SendAsync(request)).Status.ShouldBe(HttpStatusCode.OK);
        }

        return connection;
    }

    private static async Task<JsonNode> MapAsync(ApiApp app, long connection, bool dryRun)
    {
        var (status, report) = await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection, dryRun });
        status.ShouldBe(HttpStatusCode.OK);
        return report!;
    }

    private static IEnumerable<string> Refs(JsonNode report, string list) => report[list]!.AsArray().Select(item => (string)item!["variantRef"]!);
}
