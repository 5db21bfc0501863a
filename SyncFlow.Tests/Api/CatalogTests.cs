using System.Net;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Pools and suggestions: what automatic mapping leaves to people.</summary>
public sealed class CatalogTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task C18_An_ambiguous_sku_is_declared_one_pool_and_its_shared_item_is_one_listing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await ItemsAsync(app, connection, "('v1', 'i1', 'ABC'), ('v2', 'i2', 'abc '), ('v3', 'i2', 'ABC'), ('v4', 'i4', 'OTHER')");

        (await app.PostAsync("/api/v1/listings/pools", new { connectionId = connection, sku = "NONE" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        var (missing, problem) = await app.PostAsync("/api/v1/listings/pools", new { sku = "ABC", variantRefs = Array.Empty<string>() });
        missing.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().Select(field => field.Key).ShouldBe(["connectionId", "variantRefs"], ignoreOrder: true);
        (await app.SqlAsync<long>("SELECT count(*) FROM listings")).ShouldBe(0);

        var (status, pool) = await app.PostAsync("/api/v1/listings/pools", new { connectionId = connection, sku = "abc" });
        status.ShouldBe(HttpStatusCode.OK);
        ((int)pool!["listings"]!, (int)pool["sharedVariants"]!, (int)pool["levels"]!).ShouldBe((2, 1, 2));
        (await app.SqlAsync<long>("SELECT count(DISTINCT sku_id) FROM listings")).ShouldBe(1);

        (await app.PostAsync("/api/v1/listings/pools", new { connectionId = connection, sku = "OTHER", variantRefs = new[] { "v1", "v4" } }))
            .Status.ShouldBe(HttpStatusCode.BadRequest, "v1 sells ABC");
        (await app.SqlAsync<long>("SELECT count(*) FROM listings")).ShouldBe(2);
    }

    [Fact]
    public async Task C19_A_suggestion_is_accepted_once_into_a_new_generation_or_rejected_for_good()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await ItemsAsync(app, connection, "('v1', 'i1', 'ABC')");
        await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection });
        await app.SqlAsync<long>("UPDATE listings SET active = false RETURNING listing_id");
        await app.SqlAsync<long>("UPDATE listing_levels SET status = 6, generation = 4 RETURNING level_id");
        await ItemsAsync(app, connection, "('v2', 'i2', 'ABC'), ('v3', 'i3', 'ABC')");
        var suggested = await app.SqlAsync<long>(
            """
            WITH made AS (
              INSERT INTO mapping_suggestions (tenant_id, connection_id, variant_ref, sku_id, confidence, reason, created_at)
              SELECT 1, $1, v, s.sku_id, 95, 'because', now() FROM skus s, unnest(ARRAY['v2', 'v3']) v RETURNING suggestion_id)
            SELECT min(suggestion_id) FROM made
            """,
            connection);

        var listed = (await app.GetAsync("/api/v1/listings/suggestions?state=Open"))["items"]!.AsArray();
        listed.Count.ShouldBe(2);
        ((int)listed[0]!["confidence"]!).ShouldBe(95);

        (await app.PostAsync($"/api/v1/listings/suggestions/{suggested}/accept", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync($"/api/v1/listings/suggestions/{suggested}/accept", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync($"/api/v1/listings/suggestions/{suggested}/reject", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.SqlAsync<int>("SELECT generation FROM listing_levels WHERE item_ref = 'i2' AND status = 1")).ShouldBe(5);

        (await app.PostAsync($"/api/v1/listings/suggestions/{suggested + 1}/reject", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.SqlAsync<long>("SELECT count(*) FROM listings")).ShouldBe(2);
        (await app.PostAsync("/api/v1/listings/suggestions/999/accept", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task C15_Units_at_a_closed_location_are_listed_as_stranded()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await ItemsAsync(app, connection, "('v1', 'i1', 'ABC')");
        await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection });
        await app.SqlAsync<long>("INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, sku_id, 1, 7, true FROM skus RETURNING sku_id");
        (await app.GetAsync("/api/v1/locations/stranded")).AsArray().ShouldBeEmpty();

        // A system that reports stock there sells nothing, so it does not keep the place open.
        var (_, erp) = await app.PostAsync("/api/v1/sources", new { kind = "erp", name = "ERP", writes = new[] { "onHand" } });
        await app.SqlAsync<string>("INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id) VALUES (1, $1, '1000', '1000', 1) RETURNING name", (long)erp!["id"]!);
        ((int)(await app.GetAsync("/api/v1/stock/ABC"))["ats"]!).ShouldBe(7);
        await app.SqlAsync<string>("UPDATE channel_locations SET active = false WHERE connection_id = $1 RETURNING external_location_id", connection);

        var stranded = (await app.GetAsync("/api/v1/locations/stranded")).AsArray().ShouldHaveSingleItem()!;
        ((int)stranded["units"]!, (int)stranded["skus"]!).ShouldBe((7, 1));
        ((int)(await app.GetAsync("/api/v1/stock/ABC"))["ats"]!).ShouldBe(0);
        await app.SqlAsync<string>("UPDATE channel_locations SET active = true WHERE connection_id = $1 RETURNING external_location_id", connection);
        (await app.GetAsync("/api/v1/locations/stranded")).AsArray().ShouldBeEmpty();
        ((int)(await app.GetAsync("/api/v1/stock/ABC"))["ats"]!).ShouldBe(7, "opened again, all of it is back once");
    }

    [Fact]
    public async Task S2_1_A_rule_of_authority_is_previewed_set_replaced_and_taken_away()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await PrepareAsync(app);
        await ItemsAsync(app, connection, "('v1', 'i1', 'ABC'), ('v2', 'i2', 'XYZ')");
        await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection });
        await app.SqlAsync<long>("INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, sku_id, 1, 7, true FROM skus RETURNING sku_id");
        await app.SqlAsync<long>("UPDATE listing_levels SET observed_available = 9, observed_version = 1, observed_seen_at = now(), observed_on_hand = 9 RETURNING level_id");

        var (_, preview) = await app.PostAsync("/api/v1/authority-rules/preview", new { skuPrefix = "ab", owner = "connection", connectionId = connection });
        ((int)preview!["total"]!).ShouldBe(1);
        var difference = preview["differences"]![0]!;
        ((string)difference["sku"]!, (int)difference["ledgerOnHand"]!, (int)difference["shownOnHand"]!).ShouldBe(("ABC", 7, 9));
        (await app.GetAsync("/api/v1/authority-rules")).AsArray().ShouldBeEmpty("a preview sets nothing");

        foreach (var owner in new[] { "connection", "ledger" })
        {
            using var put = Put(new { skuPrefix = "ab", owner, connectionId = owner == "ledger" ? (long?)null : connection });
            (await app.SendAsync(put)).Status.ShouldBe(HttpStatusCode.OK);
        }

        var rule = (await app.GetAsync("/api/v1/authority-rules")).AsArray().ShouldHaveSingleItem()!;
        rule["connectionId"].ShouldBeNull("the last word about a scope counts");
        using var remove = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/authority-rules/{(long)rule["id"]!}");
        (await app.SendAsync(remove)).Status.ShouldBe(HttpStatusCode.NoContent);

        using var wrong = Put(new { sku = "NONE", owner = "connection", connectionId = connection });
        var (status, problem) = await app.SendAsync(wrong);
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!["sku"].ShouldNotBeNull();
        using var both = Put(new { sku = "ABC", skuPrefix = "A", owner = "somebody" });
        (await app.SendAsync(both)).Body!["errors"]!.AsObject().Select(f => f.Key).ShouldBe(["owner", "skuPrefix"], ignoreOrder: true);
    }

    private static HttpRequestMessage Put(object body) => new(HttpMethod.Put, "/api/v1/authority-rules")
    {
        Content = System.Net.Http.Json.JsonContent.Create(body),
    };

    private static async Task<long> PrepareAsync(ApiApp app)
    {
        var connection = await app.ConnectAsync();
        await app.SqlAsync<long>("INSERT INTO locations (tenant_id, location_id, code, name) VALUES (1, 1, 'MAIN', 'Main') RETURNING location_id");
        await app.SqlAsync<string>(
            """
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id) VALUES (1, $1, '11', 'Shop', 1)
            RETURNING external_location_id
            """,
            connection);
        return connection;
    }

    private static Task<string> ItemsAsync(ApiApp app, long connection, string rows) => app.SqlAsync<string>(
        $"""
        INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, seen_at)
        SELECT 1, $1, x.v, x.i, 'p', x.s, now() FROM (VALUES {rows}) AS x (v, i, s) RETURNING variant_ref
        """,
        connection);
}
