using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using SyncFlow.Api.Security;
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

    [Fact]
    public async Task Guesses_beyond_an_addresses_bucket_do_not_reach_the_database_and_who_was_known_goes_on()
    {
        await using var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), ApiApp.With(("Limits:StrangerPerSecond", "1")));
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++)
        {
            // A key that is good and was never shown: only the database can tell, and it is not asked.
            var (_, made) = await app.PostAsync("/api/v1/api-keys", new { name = $"new {i}", scopes = new[] { "read" } });
            using var fresh = app.NewClient((string)made!["key"]!);
            await EmptyAsync(app, null);
            answers.Add((await fresh.GetAsync("/api/v1/stock", Ct)).StatusCode);
            (await app.Client.GetAsync("/api/v1/stock", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK, "whoever was known is not held back");
        }

        answers.ShouldContain(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Of_guesses_that_come_at_once_no_more_reach_the_database_than_the_bucket_has_tokens()
    {
        await using var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), ApiApp.With(("Limits:StrangerPerSecond", "1")));
        await using var busy = new NpgsqlConnection(app.Database + ";Pooling=false");
        await busy.OpenAsync(Ct);
        await using var held = await busy.BeginTransactionAsync(Ct);
        await using (var command = new NpgsqlCommand("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE", busy, held))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        var guesses = Enumerable.Range(0, 40).Select(GuessAsync).ToList();
        await Waits.UntilAsync(() => guesses.Count(g => g.IsCompleted) >= 30, "guesses that are refused while others are looked up");
        guesses.Where(g => g.IsCompleted).Select(g => g.Result).ShouldAllBe(status => status == HttpStatusCode.TooManyRequests);
        await held.RollbackAsync(Ct);
        (await Task.WhenAll(guesses)).Count(status => status == HttpStatusCode.Unauthorized).ShouldBe(10, "the bucket's tokens");

        async Task<HttpStatusCode> GuessAsync(int n)
        {
            using var stranger = app.NewClient($"sfk_guess{n}");
            using var answer = await stranger.GetAsync("/api/v1/stock", Ct);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Behind_known_proxies_every_caller_has_his_own_bucket_and_stands_in_the_audit_log()
    {
        await using var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(),
            ApiApp.With(("Limits:StrangerPerSecond", "1"), ("Forwarded:Networks", "127.0.0.0/8, ::1/128"), ("Forwarded:Proxies", "192.0.2.7")));
        await EmptyAsync(app, "203.0.113.1");
        (await GuessAsync(app, "203.0.113.2")).ShouldBe(HttpStatusCode.Unauthorized, "another caller");
        await EmptyAsync(app, "203.0.113.3");
        (await GuessAsync(app, "198.51.100.9, 203.0.113.4, 192.0.2.7")).ShouldBe(HttpStatusCode.Unauthorized, "behind two proxies");
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE origin LIKE '203.0.113.9%'")).ShouldBe(0);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/locations") { Content = JsonContent.Create(new { code = "A", name = "A" }) };
        request.Headers.Add("X-Forwarded-For", "198.51.100.9, 203.0.113.9");
        (await app.SendAsync(request)).Status.ShouldBe(HttpStatusCode.Created);
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE origin LIKE '203.0.113.9%'")).ShouldBe(1, "what a caller writes before our proxy does is not believed");
    }

    [Fact]
    public async Task Without_a_known_proxy_nobody_gets_another_bucket_by_a_header()
    {
        await using var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), ApiApp.With(("Limits:StrangerPerSecond", "1")));
        var guesses = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => GuessAsync(app, $"203.0.113.{n}")));
        guesses.ShouldContain(HttpStatusCode.TooManyRequests);
    }

    [Theory]
    [InlineData("Forwarded:Proxies", "10.0.0.0/8")]
    [InlineData("Forwarded:Networks", "10.0.0.1/8x")]
    public async Task A_proxy_that_is_none_stops_the_start_and_is_named(string setting, string value)
    {
        var (database, store) = (await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync());
        var failed = await Should.ThrowAsync<InvalidOperationException>(() => ApiApp.StartAsync(database, store, ApiApp.With((setting, value))));
        failed.Message.ShouldContain(value);
    }

    [Theory]
    [InlineData("::ffff:203.0.113.1", "203.0.113.1")]
    [InlineData("203.0.113.1", "203.0.113.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void Who_has_one_address_of_a_network_has_one_bucket(string address, string bucket) =>
        CallerLimits.SideOf(IPAddress.Parse(address)).ShouldBe(IPAddress.Parse(bucket));

    /// <summary>Guesses until there is no token left.</summary>
    private static async Task EmptyAsync(ApiApp app, string? address)
    {
        HttpStatusCode[] guesses;
        do
        {
            guesses = await Task.WhenAll(Enumerable.Range(0, 15).Select(_ => GuessAsync(app, address)));
        }
        while (!guesses.Contains(HttpStatusCode.TooManyRequests));
    }

    private static async Task<HttpStatusCode> GuessAsync(ApiApp app, string? address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/stock");
        request.Headers.Add("Authorization", "Bearer sfk_guess");
        if (address is not null)
        {
            request.Headers.Add("X-Forwarded-For", address);
        }

        using var client = app.NewClient(null);
        using var answer = await client.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string Text)> SendAsync(ApiApp app, string path, string body)
    {
        using var answer = await app.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Ct);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }
}
