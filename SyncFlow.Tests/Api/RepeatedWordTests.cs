using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Storage.Front;
using SyncFlow.Tests.Api.StockOperations;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Numbers that sales and receipts lower, told a second time because the first answer was lost.</summary>
public sealed class RepeatedWordTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Aside = "/api/v1/stock/A/set-aside";

    private const string Preorder = "/api/v1/skus/A/preorder";

    private static readonly object FiveAside = new { location = "MAIN", units = 5 };

    private static string Soon => TimeProvider.System.GetUtcNow().AddDays(30).ToString("O");

    [Fact]
    public async Task Units_put_aside_and_sold_are_not_put_aside_again_by_a_repeat()
    {
        await using var shop = await BesideATillAsync();
        var seen = await shop.Api.TagAsync(Aside);
        (await shop.Api.PutAsync(Aside, FiveAside, seen)).Status.ShouldBe(HttpStatusCode.OK);
        await SellAsync(shop, "cart", 3);
        (await AsideAsync(shop)).ShouldBe((2, 5));

        var (status, problem) = await shop.Api.PutAsync(Aside, FiveAside, seen);
        status.ShouldBe(HttpStatusCode.PreconditionFailed);
        ((string)problem!["type"]!).ShouldEndWith("/precondition-failed");
        (await AsideAsync(shop)).ShouldBe((2, 5), "three of the five are sold");

        // Whoever looks first may: three more were carried over.
        var (_, answer) = await shop.Api.PutSeenAsync(Aside, FiveAside);
        ((int)answer!["units"]!, (int)answer["outside"]!).ShouldBe((5, 2));
        (await AsideAsync(shop)).ShouldBe((5, 2));
    }

    [Fact]
    public async Task The_same_number_of_units_aside_is_not_the_same_state()
    {
        await using var shop = await BesideATillAsync();
        (await shop.Api.PutSeenAsync(Aside, new { location = "MAIN", units = 2 })).Status.ShouldBe(HttpStatusCode.OK);
        var seen = await shop.Api.TagAsync(Aside);
        (await shop.Api.PutAsync(Aside, FiveAside, seen)).Status.ShouldBe(HttpStatusCode.OK);
        await SellAsync(shop, "cart", 3);
        (await AsideAsync(shop)).Units.ShouldBe(2, "as when it was read");
        (await shop.Api.PutAsync(Aside, FiveAside, seen)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await AsideAsync(shop)).Units.ShouldBe(2);
    }

    [Fact]
    public async Task A_preorder_promises_no_goods_a_second_time_that_arrived_before_the_repeat()
    {
        await using var shop = await StockedAsync();
        var wish = new { location = "MAIN", cap = 10, incoming = 8, until = Soon };
        var none = await shop.Api.TagAsync(Preorder);
        (await shop.Api.PutAsync(Preorder, wish, none)).Status.ShouldBe(HttpStatusCode.OK);
        await shop.DoAsync(new { key = "lorry", kind = "receipt", sku = "A", location = "MAIN", units = 8, reason = "x" });
        (await PromiseAsync(shop)).ShouldBe((0, 18));

        (await shop.Api.PutAsync(Preorder, wish, none)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PromiseAsync(shop)).ShouldBe((0, 18), "all eight are there");

        // Neither is one that began, was fulfilled and taken away meanwhile begun anew.
        (await shop.Api.Client.DeleteAsync(Preorder, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await shop.Api.PutAsync(Preorder, wish, none)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await shop.Api.PutSeenAsync(Preorder, wish)).Status.ShouldBe(HttpStatusCode.OK);
        (await PromiseAsync(shop)).ShouldBe((8, 26), "another eight are on their way, says who looked");
    }

    [Fact]
    public async Task A_preorder_is_taken_away_only_as_it_was_seen()
    {
        await using var shop = await StockedAsync();
        var wish = new { location = "MAIN", cap = 10, incoming = 8, until = Soon };
        (await shop.Api.PutSeenAsync(Preorder, wish)).Status.ShouldBe(HttpStatusCode.OK);
        var seen = await shop.Api.TagAsync(Preorder);
        await shop.DoAsync(new { key = "lorry", kind = "receipt", sku = "A", location = "MAIN", units = 2, reason = "x" });
        foreach (var (tag, status) in new[] { (seen, HttpStatusCode.PreconditionFailed), (await shop.Api.TagAsync(Preorder), HttpStatusCode.NoContent) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, Preorder);
            request.Headers.Add("If-Match", tag);
            (await shop.Api.SendAsync(request)).Status.ShouldBe(status);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("*")]
    public async Task Who_does_not_say_what_was_seen_is_refused(string? tag)
    {
        await using var shop = await BesideATillAsync();
        foreach (var (path, body) in new[] { (Aside, FiveAside), (Preorder, new { location = "MAIN", cap = 10, incoming = 8, until = Soon }) })
        {
            var (status, problem) = await shop.Api.PutAsync(path, body, tag, key: "k" + path);
            ((int)status).ShouldBe(428);
            ((string)problem!["type"]!).ShouldEndWith("/precondition-required");
        }

        (await AsideAsync(shop)).ShouldBe((0, 10));
        (await shop.Api.SqlAsync<long>("SELECT count(*) FROM preorders")).ShouldBe(0);
    }

    [Fact]
    public async Task With_a_key_the_repeat_gets_the_first_answer_and_changes_nothing()
    {
        await using var shop = await BesideATillAsync();
        var seen = await shop.Api.TagAsync(Aside);
        var first = await shop.Api.PutAsync(Aside, FiveAside, seen, "k1");
        await SellAsync(shop, "cart", 3);
        var again = await shop.Api.PutAsync(Aside, FiveAside, seen, "k1");
        (first.Status, again.Status).ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
        again.Body!.ToJsonString().ShouldBe(first.Body!.ToJsonString());
        (await AsideAsync(shop)).Units.ShouldBe(2, "the repeat told what was done, and did nothing");

        // On another state it is another request, and a key belongs to one.
        (await shop.Api.PutAsync(Aside, FiveAside, await shop.Api.TagAsync(Aside), "k1")).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);

        // Also where the answer was never kept: what was seen is not there any more.
        await shop.Api.SqlAsync<long>(
            "UPDATE idempotency_keys SET status = 0, response = NULL, created_at = now() - $1 WHERE idem_key = 'k1' RETURNING tenant_id",
            IdempotencyStore.ClaimLife + TimeSpan.FromSeconds(10));
        (await shop.Api.PutAsync(Aside, FiveAside, seen, "k1")).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await AsideAsync(shop)).Units.ShouldBe(2);
    }

    [Fact]
    public async Task A_key_is_heeded_whatever_the_method()
    {
        await using var shop = await StockedAsync();
        using var rename = Keyed(HttpMethod.Patch, "/api/v1/skus/A", "p", """{"title":"Once"}""");
        (await shop.Api.SendAsync(rename)).Status.ShouldBe(HttpStatusCode.OK);
        await shop.Api.SqlAsync<string>("UPDATE skus SET title = 'Meanwhile' WHERE code = 'A' RETURNING title");
        using var renamedAgain = Keyed(HttpMethod.Patch, "/api/v1/skus/A", "p", """{"title":"Once"}""");
        ((string)(await shop.Api.SendAsync(renamedAgain)).Body!["title"]!).ShouldBe("Once", "that was the answer");
        ((string)(await shop.Api.GetAsync("/api/v1/skus/A"))["title"]!).ShouldBe("Meanwhile");

        var wish = new { location = "MAIN", cap = 10, incoming = 8, until = Soon };
        (await shop.Api.PutSeenAsync(Preorder, wish)).Status.ShouldBe(HttpStatusCode.OK);
        using var away = Keyed(HttpMethod.Delete, Preorder, "d");
        (await shop.Api.SendAsync(away)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await shop.Api.PutSeenAsync(Preorder, wish)).Status.ShouldBe(HttpStatusCode.OK);
        using var awayAgain = Keyed(HttpMethod.Delete, Preorder, "d");
        (await shop.Api.SendAsync(awayAgain)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await PromiseAsync(shop)).Incoming.ShouldBe(8, "another preorder than the one that was taken away");
    }

    [Fact]
    public async Task What_is_aside_is_read_by_location_and_by_nobody_else()
    {
        await using var shop = await BesideATillAsync();
        await shop.DoAsync("/counts", new { items = new[] { new { key = "s", sku = "A", location = "SIDE", counted = 4 } } });
        (await shop.Api.PutSeenAsync(Aside, FiveAside)).Status.ShouldBe(HttpStatusCode.OK);
        var read = await shop.Api.GetAsync(Aside);
        read["locations"]!.AsArray().Select(l => ((string)l!["location"]!, (int)l["units"]!, (int)l["outside"]!))
            .ShouldBe([("MAIN", 5, 5)], "nobody sells without a cap at the other");
        (await shop.Api.TagAsync(Aside)).ShouldBe($"\"v{(string)read["version"]!}\"");
        using var other = await shop.Api.OtherTenantAsync();
        (await other.GetAsync(Aside, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_description_tells_which_headers_a_request_takes()
    {
        await using var shop = await StockedAsync();
        var paths = JsonNode.Parse(await shop.Api.Client.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken))!["paths"]!;
        foreach (var path in new[] { "/api/v1/stock/{sku}/set-aside", "/api/v1/skus/{sku}/preorder" })
        {
            Headers(paths[path]!["put"]!).ShouldBe([("Idempotency-Key", false), ("If-Match", true)]);
            paths[path]!["put"]!["responses"]!.AsObject().ShouldSatisfyAllConditions(r => r.ShouldContainKey("412"), r => r.ShouldContainKey("428"));
            Headers(paths[path]!["get"]!).ShouldBeEmpty();
        }

        Headers(paths["/api/v1/skus"]!["post"]!).ShouldBe([("Idempotency-Key", false)]);
        var tagged = paths.AsObject().SelectMany(path => path.Value!.AsObject().Select(verb => (Name: (string)verb.Value!["operationId"]!, Headers: Headers(verb.Value))))
            .Where(operation => operation.Headers.Exists(h => h.Item1 == "If-Match")).ToLookup(o => o.Headers.Contains(("If-Match", true)), o => o.Name);
        tagged[true].ShouldBe(["ApproveChange", "RejectChange", "SetAside", "SetPreorder", "UndoChange"], ignoreOrder: true);
        tagged[false].ShouldBe(
            [
                "UpdateSku", "UpdateLocation", "RemovePreorder", "SetTenantPolicy", "SetGroupPolicy", "SetSkuPolicy", "WithdrawTenantPolicy", "WithdrawGroupPolicy",
                "WithdrawSkuPolicy", "SetComponents", "SetBufferPolicy", "WithdrawBufferPolicy", "SetTenantBrake", "SetConnectionBrake", "ReplayDeadLetters", "DiscardDeadLetters",
            ],
            ignoreOrder: true);
        paths.AsObject().Where(path => path.Key.StartsWith("/api/v1/platform", StringComparison.Ordinal)).SelectMany(path => path.Value!.AsObject())
            .Select(verb => verb.Value!).ShouldAllBe(operation => Headers(operation).Count == 0, "outside tenants no key is kept");
    }

    private static List<(string, bool)> Headers(JsonNode operation) =>
    [
        .. (operation["parameters"]?.AsArray() ?? []).Where(p => (string)p!["in"]! == "header")
            .Select(p => ((string)p!["name"]!, (bool?)p["required"] ?? false)),
    ];

    private static HttpRequestMessage Keyed(HttpMethod method, string path, string key, string? body = null)
    {
        var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    /// <summary>A partner takes units; they come out of what is aside, like any channel's sale.</summary>
    private static async Task SellAsync(Warehouse shop, string reference, int units) => (await shop.Api.PostAsync("/api/v1/reservations", new
    {
        reference,
        expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(15),
        lines = new[] { new { sku = "A", units } },
    })).Status.ShouldBe(HttpStatusCode.Created);

    private static async Task<(int Units, int Outside)> AsideAsync(Warehouse shop)
    {
        var place = (await shop.Api.GetAsync(Aside))["locations"]!.AsArray().Single(l => (string)l!["location"]! == "MAIN")!;
        return ((int)place["units"]!, (int)place["outside"]!);
    }

    private static async Task<(int Incoming, int Ats)> PromiseAsync(Warehouse shop) =>
        ((int)(await shop.Api.GetAsync(Preorder))["incoming"]!, (int)(await shop.Api.GetAsync("/api/v1/stock/A"))["ats"]!);

    private async Task<Warehouse> StockedAsync()
    {
        var shop = await Warehouse.OpenAsync(postgres, redis);
        await shop.DoAsync("/counts", new { items = new[] { new { key = "c", sku = "A", location = "MAIN", counted = 10 } } });
        return shop;
    }

    private async Task<Warehouse> BesideATillAsync()
    {
        var shop = await StockedAsync();
        await shop.Api.ConnectAsync();
        await shop.Api.SqlAsync<long>(
            """
            WITH till AS (UPDATE connections SET status = 3, settings = '{"uncappable":true}' RETURNING tenant_id, connection_id)
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, active, fulfills_online, location_id, updated_at)
            SELECT tenant_id, connection_id, 'x1', 'Till', true, true, (SELECT location_id FROM locations WHERE code = 'MAIN'), now() FROM till RETURNING 1::bigint
            """);
        return shop;
    }
}
