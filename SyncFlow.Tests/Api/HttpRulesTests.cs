using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Api.Http;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class HttpRulesTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task The_same_idempotency_key_gives_the_same_answer_and_does_the_work_once()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var body = new { code = "MAIN", name = "Main" };
        var first = await app.PostAsync("/api/v1/locations", body, "k1");
        var again = await app.PostAsync("/api/v1/locations", body, "k1");
        first.Status.ShouldBe(HttpStatusCode.Created);
        again.Status.ShouldBe(HttpStatusCode.Created);
        again.Body!.ToJsonString().ShouldBe(first.Body!.ToJsonString());

        var other = await app.PostAsync("/api/v1/locations", new { code = "SHOP", name = "Shop" }, "k1");
        other.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        ((string)other.Body!["type"]!).ShouldEndWith("/idempotency-key-reused");
        (await app.PostAsync("/api/v1/skus", body, "k1")).Status.ShouldBe(HttpStatusCode.UnprocessableEntity, "another address is another request");
        (await app.SqlAsync<long>("SELECT count(*) FROM locations")).ShouldBe(1);
    }

    [Fact]
    public async Task A_key_whose_first_request_still_runs_is_refused()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" }, "k1");
        await app.SqlAsync<string>("UPDATE idempotency_keys SET status = 0, response = NULL, created_at = now() RETURNING idem_key");
        var (status, problem) = await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" }, "k1");
        status.ShouldBe(HttpStatusCode.Conflict);
        ((string)problem!["type"]!).ShouldEndWith("/idempotency-key-in-use");

        await app.SqlAsync<string>("UPDATE idempotency_keys SET created_at = now() - interval '10 minutes' RETURNING idem_key");
        var taken = await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" }, "k1");
        ((string)taken.Body!["type"]!).ShouldEndWith("/already-exists", customMessage: "the claim of a dead process is taken over");
    }

    [Theory]
    [InlineData("/api/v1/connections", """{"kind":"etsy","name":"","shop":"no domain","accessToken":"t"}""", "kind,name,shop")]
    [InlineData("/api/v1/locations", """{"code":"A","name":"A","poolGroup":0}""", "poolGroup")]
    [InlineData("/api/v1/skus", """{"code":"A","safetyBuffer":-1,"riskBudget":-1}""", "safetyBuffer,riskBudget")]
    [InlineData("/api/v1/skus", """{"code":"A","mode":"greedy"}""", "mode")]
    [InlineData("/api/v1/skus", """{"code":"A","safetyBuffer":2147483647,"riskBudget":10000001}""", "safetyBuffer,riskBudget")]
    [InlineData("/api/v1/skus", """{"code":"A","safetyBuffer":"many"}""", "safetyBuffer")]
    [InlineData("/api/v1/skus", """{"code":"A","colour":"red"}""", "colour")]
    [InlineData("/api/v1/listings/auto-map", "{}", "connectionId")]
    [InlineData("/api/v1/sync-runs", """{"kind":"dance","connectionId":99,"sku":"none"}""", "kind,connectionId,sku")]
    [InlineData("/api/v1/stock-movements", """{"sku":"A","location":"L","kind":"receipt","units":-3,"reason":"r","key":"k"}""", "units,sku,location")]
    [InlineData("/api/v1/stock-movements", """{"sku":"none","location":"none","kind":"receipt","units":3,"reason":"r","key":"k"}""", "sku,location")]
    public async Task A_validation_problem_names_the_fields(string path, string body, string fields)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        var (status, problem) = await app.SendAsync(request);
        status.ShouldBe(HttpStatusCode.BadRequest);
        ((string)problem!["type"]!).ShouldBe("https://syncflow.dev/problems/validation");
        problem["errors"]!.AsObject().Select(pair => pair.Key).ShouldBe(fields.Split(','));
    }

    [Theory]
    [InlineData("/api/v1/skus?limit=0", "limit")]
    [InlineData("/api/v1/skus?limit=501", "limit")]
    [InlineData("/api/v1/skus?limit=many", "limit")]
    [InlineData("/api/v1/skus?cursor=%21%21", "cursor")]
    [InlineData("/api/v1/connections?status=sleepy", "status")]
    public async Task A_bad_query_names_the_parameter(string path, string field)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var answer = await app.Client.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        problem["errors"]!.AsObject().Select(pair => pair.Key).ShouldBe([field]);
    }

    [Fact]
    public async Task What_cannot_be_read_or_found_is_a_problem_too()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var broken = new HttpRequestMessage(HttpMethod.Post, "/api/v1/skus") { Content = new StringContent("{", System.Text.Encoding.UTF8, "application/json") };
        var (status, problem) = await app.SendAsync(broken);
        status.ShouldBe(HttpStatusCode.BadRequest);
        ((string)problem!["type"]!).ShouldEndWith("/malformed-request");
        using var text = new HttpRequestMessage(HttpMethod.Post, "/api/v1/skus") { Content = new StringContent("x") };
        (await app.SendAsync(text)).Status.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        using var nowhere = new HttpRequestMessage(HttpMethod.Get, "/api/v1/nowhere");
        ((string)(await app.SendAsync(nowhere)).Body!["type"]!).ShouldEndWith("/not-found");
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repeat()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.SqlAsync<long>(
            "INSERT INTO skus (tenant_id, code, code_key) SELECT 1, 'S' || n, 'S' || n FROM generate_series(1, 25) n RETURNING sku_id");
        foreach (var list in new[] { "skus", "stock" })
        {
            var seen = new List<string>();
            string? next = null;
            do
            {
                var page = await app.GetAsync($"/api/v1/{list}?limit=10" + (next is null ? "" : "&cursor=" + Uri.EscapeDataString(next)));
                seen.AddRange(page["items"]!.AsArray().Select(item => (string)(item!["code"] ?? item["sku"])!));
                next = (string?)page["next"];
            }
            while (next is not null);

            seen.Count.ShouldBe(25);
            seen.Distinct().Count().ShouldBe(25);
        }

        (await app.GetAsync("/api/v1/skus?limit=25"))["next"].ShouldBeNull();
        (await app.GetAsync("/api/v1/skus?search=s2"))["items"]!.AsArray().Count.ShouldBe(7);
        (await app.GetAsync("/api/v1/skus?search=%25"))["items"]!.AsArray().ShouldBeEmpty("a percent sign is only a percent sign");
    }

    [Fact]
    public async Task A_change_made_on_an_older_reading_is_refused()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "a/1", title = "Shirt" });
        using var read = await app.Client.GetAsync("/api/v1/skus/A%2F1");
        read.StatusCode.ShouldBe(HttpStatusCode.OK);
        var tag = read.Headers.ETag!.ToString();
        (await PatchAsync(app, tag, new { mode = "guard", safetyBuffer = 2 })).ShouldBe(HttpStatusCode.OK);
        (await PatchAsync(app, tag, new { mode = "shared" })).ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PatchAsync(app, null, new { riskBudget = 5 })).ShouldBe(HttpStatusCode.OK);
        var sku = await app.GetAsync("/api/v1/skus/a%2f1");
        ((string)sku["mode"]!).ShouldBe("guard");
        ((int)sku["safetyBuffer"]!).ShouldBe(2);
        ((int)sku["riskBudget"]!).ShouldBe(5);
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(2);
    }

    [Fact]
    public async Task OpenApi_lists_every_route_and_the_page_shows_it()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var document = JsonNode.Parse(await app.Client.GetStringAsync("/openapi/v1.json"))!;
        ((string)document["openapi"]!).ShouldStartWith("3.1");
        var described = document["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(verb => verb.Key.ToUpperInvariant() + " " + path.Key)).ToHashSet();
        var routes = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/api/v1", StringComparison.Ordinal) || route.RoutePattern.RawText == "/webhooks/shopify")
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(verb => $"{verb} {Plain(route.RoutePattern.RawText!)}"))
            .ToList();
        routes.Count.ShouldBeGreaterThan(40);
        routes.ShouldAllBe(route => described.Contains(route));
        (await app.Client.GetStringAsync("/docs")).ShouldContain("/openapi/v1.json");
    }

    /// <summary>Two types of one name would be one schema, and one of them described as the other.</summary>
    [Fact]
    public async Task OpenApi_gives_no_two_types_one_name()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var metadata = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.SelectMany(endpoint => endpoint.Metadata).ToList();
        var types = metadata.OfType<IAcceptsMetadata>().Select(m => m.RequestType).Concat(metadata.OfType<IProducesResponseTypeMetadata>().Select(m => m.Type))
            .OfType<Type>().Where(type => type != typeof(void)).Distinct().ToList();
        types.Count.ShouldBeGreaterThan(100);
        var options = new System.Text.Json.JsonSerializerOptions(Json.Options) { TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver() };
        string? NameOf(Type type) => SchemaNames.Of(options.GetTypeInfo(type));
        var names = types.Select(type => (Type: type, Name: NameOf(type))).Where(named => named.Name is not null);
        names.GroupBy(named => named.Name).Where(group => group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(g => g.Type.FullName))}")
            .ShouldBeEmpty();
        var document = JsonNode.Parse(await app.Client.GetStringAsync("/openapi/v1.json"))!;
        var schemas = document["components"]!["schemas"]!.AsObject();
        foreach (var type in metadata.OfType<IAcceptsMetadata>().Select(m => m.RequestType).OfType<Type>().Where(t => t.Name == "Request").Distinct())
        {
            var fields = type.GetProperties().Select(p => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(p.Name));
            schemas[NameOf(type)!]!["properties"]!.AsObject().Select(p => p.Key)
                .ShouldBe(fields, ignoreOrder: true, type.FullName);
        }
    }

    private static string Plain(string pattern) => pattern.Replace(":long}", "}", StringComparison.Ordinal).Replace(":guid}", "}", StringComparison.Ordinal);

    private static async Task<HttpStatusCode> PatchAsync(ApiApp app, string? tag, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, "/api/v1/skus/a%2F1") { Content = JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.Add("If-Match", tag);
        }

        return (await app.SendAsync(request)).Status;
    }
}
