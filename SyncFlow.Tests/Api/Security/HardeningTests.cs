using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Api.Shopify;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

/// <summary>Bad input, each kind of it.</summary>
public sealed class HardeningTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Json_that_is_nested_too_deep_is_refused_and_so_is_a_body_that_is_too_large()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var deep = string.Concat(Enumerable.Repeat("""{"code":""", 40)) + "1" + new string('}', 40);
        (await SendAsync(app, "/api/v1/skus", deep)).Status.ShouldBe(HttpStatusCode.BadRequest);
        var arrays = """{"items":""" + new string('[', 5_000) + new string(']', 5_000) + "}";
        (await SendAsync(app, "/api/v1/stock-operations", arrays)).Status.ShouldBe(HttpStatusCode.BadRequest);
        var large = $$"""{"code":"{{new string('A', 7 << 20)}}"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/skus") { Content = new StringContent(large, Encoding.UTF8, "application/json") };
        request.Headers.ExpectContinue = true; // The answer comes before the body is sent.
        using var refused = await app.Client.SendAsync(request, Ct);
        refused.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await app.SqlAsync<long>("SELECT count(*) FROM skus")).ShouldBe(0);
    }

    [Theory]
    [InlineData("/api/v1/skus", "[]")]
    [InlineData("/api/v1/skus", "{\"code\":")]
    [InlineData("/api/v1/api-keys", "null")]
    [InlineData("/api/v1/stock-operations", "{\"items\":7}")]
    public async Task A_problem_tells_nothing_of_the_inside(string path, string body)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (status, text) = await SendAsync(app, path, body);
        status.ShouldBe(HttpStatusCode.BadRequest);
        foreach (var inside in new[] { "SyncFlow.", "System.", "Npgsql", "   at ", "Exception", ".cs" })
        {
            text.ShouldNotContain(inside, Case.Sensitive);
        }
    }

    [Theory]
    [InlineData("'; DROP TABLE skus; --")]
    [InlineData("A' OR '1'='1")]
    [InlineData("%_\\")]
    [InlineData("$1")]
    public async Task A_text_that_looks_like_sql_is_a_text(string code)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        (await app.PostAsync("/api/v1/skus", new { code, title = code })).Status.ShouldBe(HttpStatusCode.Created);
        (await app.PostAsync("/api/v1/skus", new { code = "OTHER" })).Status.ShouldBe(HttpStatusCode.Created);
        (await app.GetAsync($"/api/v1/skus?search={Uri.EscapeDataString(code)}"))["items"]!.AsArray().Count.ShouldBe(1);
        (await app.GetAsync($"/api/v1/stock?search={Uri.EscapeDataString(code)}"))["items"]!.AsArray().Count.ShouldBeLessThanOrEqualTo(1);
        (await app.SqlAsync<string>("SELECT code FROM skus WHERE code <> 'OTHER'")).ShouldBe(code);
        (await app.GetAsync($"/api/v1/audit?actor={Uri.EscapeDataString(code)}&subject={Uri.EscapeDataString(code)}"))["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_caller_sends_makes_no_header_and_no_line_of_ours()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (status, _) = await SendAsync(app, "/api/v1/connections", """{"kind":"shopify","name":"x\r\nSet-Cookie: a=b","shop":"a.myshopify.com\r\nX-Evil: 1","accessToken":"t"}""");
        status.ShouldBe(HttpStatusCode.BadRequest);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/docs?shop=a.myshopify.com%0d%0aX-Evil:%201;%20script-src%20*");
        using var page = await app.Client.SendAsync(request, Ct);
        page.Headers.Contains("X-Evil").ShouldBeFalse();
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'");
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("127.0.0.1")]
    [InlineData("localhost.localdomain")]
    [InlineData("redis.internal")]
    [InlineData("a.myshopify.com.evil.example")]
    [InlineData("evil.example/a.myshopify.com")]
    [InlineData("user@a.myshopify.com")]
    [InlineData("a.myshopify.com:8080")]
    public async Task A_connection_to_anything_but_a_store_is_refused(string shop)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (status, problem) = await app.PostAsync("/api/v1/connections", new { kind = "shopify", name = "x", shop, accessToken = "t" });
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().ContainsKey("shop").ShouldBeTrue();
        (await app.SqlAsync<long>("SELECT count(*) FROM connections")).ShouldBe(0);
    }

    [Fact]
    public async Task The_calls_that_install_the_app_are_not_made_into_the_own_network_either()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient(OpenApp.Work.HttpClientName);
        var refused = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(app.Application.Urls.First(), Ct));
        refused.Message.ShouldContain("own network");
    }

    [Fact]
    public async Task Every_answer_carries_the_headers_and_only_the_connected_store_may_frame_a_page()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.ConnectAsync("framer.myshopify.com");
        foreach (var path in new[] { "/api/v1/stock", "/api/v1/nothing", "/health", "/docs" })
        {
            using var answer = await app.Client.GetAsync(path, Ct);
            answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"], path);
            answer.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'", Case.Sensitive, path);
            answer.Headers.Contains("Set-Cookie").ShouldBeFalse(path);
            answer.Headers.Contains("Server").ShouldBeFalse(path);
        }

        (await PolicyAsync("framer.myshopify.com")).ShouldContain("frame-ancestors https://framer.myshopify.com https://admin.shopify.com");
        (await PolicyAsync("stranger.myshopify.com")).ShouldContain("frame-ancestors 'none'");
        (await PolicyAsync("framer.myshopify.com")).ShouldNotContain("unsafe");

        async Task<string> PolicyAsync(string shop)
        {
            using var page = await app.Client.GetAsync($"/docs?shop={shop}", Ct);
            return page.Headers.GetValues("Content-Security-Policy").Single();
        }
    }

    [Fact]
    public async Task A_caller_who_sends_too_much_is_told_when_to_come_back_and_others_are_not_slowed()
    {
        await using var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), ApiApp.With(("Limits:CallerPerSecond", "2"), ("Limits:StrangerPerSecond", "1")));
        using var other = await app.OtherTenantAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => app.Client.GetAsync("/api/v1/stock", Ct)));
        var refused = answers.Where(a => a.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        refused.Count.ShouldBeGreaterThan(20);
        refused[0].Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        ((string)JsonNode.Parse(await refused[0].Content.ReadAsStringAsync(Ct))!["type"]!).ShouldEndWith("/too-many-requests");
        (await other.GetAsync("/api/v1/stock", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);

        using var stranger = app.NewClient("sfk_guess");
        var guesses = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => stranger.GetAsync("/api/v1/stock", Ct)));
        guesses.ShouldContain(a => a.StatusCode == HttpStatusCode.TooManyRequests);
        guesses.ShouldAllBe(a => a.StatusCode == HttpStatusCode.TooManyRequests || a.StatusCode == HttpStatusCode.Unauthorized);
        (await other.GetAsync("/api/v1/stock", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK, "whoever has a key is not held back by one who guesses");
    }

    private static async Task<(HttpStatusCode Status, string Text)> SendAsync(ApiApp app, string path, string body)
    {
        using var answer = await app.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Ct);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }
}
