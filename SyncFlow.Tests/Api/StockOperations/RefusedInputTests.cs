using System.Net;
using System.Text;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

/// <summary>
/// Everything about stock that is refused, one row for each, over HTTP against a warehouse with stock, kits and stores: the
/// field is named and no position, entry, event or rule is another than before.
/// </summary>
public sealed class RefusedInputTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Items = "/stock-operations", Policy = "/policies/allocation/tenant";

    [Theory]
    [InlineData("a quantity out of range", "POST", Items, """{"items":[{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":2147483648}]}""", "items[0].units")]
    [InlineData("a fraction", "POST", Items, """{"items":[{"key":"k","kind":"write-off","sku":"A","location":"MAIN","units":0.5,"reason":"broken"}]}""", "items[0].units")]
    [InlineData("a negative receipt", "POST", Items, """{"items":[{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":-3}]}""", "items[0].units")]
    [InlineData("an unknown SKU", "POST", Items, """{"items":[{"key":"k","kind":"receipt","sku":"NONE","location":"MAIN","units":3}]}""", "items[0].sku")]
    [InlineData("an unknown location", "POST", Items, """{"items":[{"key":"k","kind":"receipt","sku":"A","location":"MOON","units":3}]}""", "items[0].location")]
    [InlineData("rules that cannot be met together", "PUT", Policy, """{"channels":[{"connectionId":1,"cap":5,"reserve":6}]}""", "channels[0].cap")]
    [InlineData("percents over a hundred", "PUT", Policy, """{"channels":[{"connectionId":1,"percent":60},{"connectionId":2,"percent":41}]}""", "channels")]
    [InlineData("a kit of itself", "PUT", "/skus/INNER/components", """{"components":[{"sku":"OUTER","units":1}]}""", "components[0].sku")]
    [InlineData("a hold that is over", "POST", "/reservations", """{"reference":"r","expiresAt":"2020-01-01T00:00:00Z","lines":[{"sku":"A","units":1}]}""", "expiresAt")]
    [InlineData("a count of tomorrow", "POST", "/counts", """{"items":[{"key":"c","sku":"A","location":"MAIN","counted":1,"asOf":"2999-01-01T00:00:00Z"}]}""", "items[0].asOf")]
    [InlineData("an explanation of tomorrow", "GET", "/stock/A/explain?at=2999-01-01T00:00:00Z", "", "at")]
    public async Task It_is_refused_by_its_field_and_nothing_is_other_than_before(string what, string method, string path, string body, string field)
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await FillAsync(warehouse);
        var before = await PrintAsync(warehouse);
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1" + path);
        if (body.Length > 0)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        var (status, problem) = await warehouse.Api.SendAsync(request);
        status.ShouldBe(HttpStatusCode.BadRequest, what);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldContain(field, problem.ToJsonString());
        ((string?)problem["title"]).ShouldNotBeNullOrEmpty();
        await warehouse.ApplyAsync();
        (await PrintAsync(warehouse)).ShouldBe(before, what);
    }

    private static async Task FillAsync(Warehouse warehouse)
    {
        await warehouse.DoAsync(
            new { key = "r1", kind = "receipt", sku = "A", location = "MAIN", units = 10 },
            new { key = "r2", kind = "receipt", sku = "B", location = "SIDE", units = 4 });
        await warehouse.Api.ConnectAsync();
        await warehouse.Api.ConnectAsync("second.myshopify.com");
        foreach (var (kit, part) in new[] { ("INNER", "A"), ("OUTER", "INNER") })
        {
            (await warehouse.Api.PostAsync("/api/v1/skus", new { code = kit })).Status.ShouldBe(HttpStatusCode.Created);
            using var parts = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/skus/{kit}/components")
            {
                Content = new StringContent($$"""{"components":[{"sku":"{{part}}","units":1}]}""", Encoding.UTF8, "application/json"),
            };
            (await warehouse.Api.SendAsync(parts)).Status.ShouldBe(HttpStatusCode.OK);
        }
    }

    private static Task<string> PrintAsync(Warehouse warehouse) => warehouse.Api.SqlAsync<string>(
        """
        SELECT concat_ws(' | ',
          (SELECT string_agg(p::text, ',' ORDER BY p::text) FROM positions p), (SELECT count(*) FROM ledger_entries), (SELECT count(*) FROM inbox),
          (SELECT count(*) FROM allocation_policies), (SELECT string_agg(c::text, ',' ORDER BY c::text) FROM sku_components c),
          (SELECT count(*) FROM reservations))
        """);
}
