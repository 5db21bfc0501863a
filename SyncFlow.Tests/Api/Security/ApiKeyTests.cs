using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Api.Security;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

public sealed class ApiKeyTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_key_is_shown_once_stored_hashed_and_does_what_its_scopes_say()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (id, secret) = await MakeAsync(app, new { name = "WMS", scopes = new[] { "stock:read" } });
        secret.ShouldStartWith("sfk_");
        using var client = app.NewClient(secret);
        (await StatusAsync(client, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(client, "/api/v1/skus")).ShouldBe(HttpStatusCode.Forbidden);

        var shown = (await app.GetAsync("/api/v1/api-keys")).ToJsonString() + (await app.GetAsync($"/api/v1/api-keys/{id}")).ToJsonString();
        shown.ShouldNotContain(secret);
        shown.ShouldContain(secret[..10]);
        (await app.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE position($1 in key_hash) > 0", Encoding.UTF8.GetBytes(secret))).ShouldBe(0);
    }

    [Fact]
    public async Task A_repeat_of_the_request_makes_no_second_key_and_shows_nothing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var body = new { name = "once", scopes = new[] { "read" } };
        (await app.PostAsync("/api/v1/api-keys", body, "k")).Status.ShouldBe(HttpStatusCode.Created);
        var (status, answer) = await app.PostAsync("/api/v1/api-keys", body, "k");
        status.ShouldBe(HttpStatusCode.Conflict);
        ((string)answer!["type"]!).ShouldEndWith("/state-conflict");
        (await app.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE name = 'once'")).ShouldBe(1);
        (await app.SqlAsync<long>("SELECT count(*) FROM idempotency_keys WHERE response LIKE '%sfk_%'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_repeat_of_a_refused_request_is_refused_the_same_way_and_not_told_that_it_was_done()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var body = new { name = "wrong", scopes = new[] { "fly" } };
        var (first, said) = await app.PostAsync("/api/v1/api-keys", body, "k");
        var (again, repeated) = await app.PostAsync("/api/v1/api-keys", body, "k");
        (first, again).ShouldBe((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest));
        repeated!["errors"]!.ToJsonString().ShouldBe(said!["errors"]!.ToJsonString());
        (await app.PostAsync("/api/v1/api-keys/77/rotate", new { }, "r")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await app.PostAsync("/api/v1/api-keys/77/rotate", new { }, "r")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_rotated_key_goes_on_for_the_overlap_and_no_longer()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (id, old) = await MakeAsync(app, new { name = "ERP", scopes = new[] { "read", "stock:write" } });
        var (status, made) = await app.PostAsync($"/api/v1/api-keys/{id}/rotate", new { overlapMinutes = 60 });
        status.ShouldBe(HttpStatusCode.Created);
        using var before = app.NewClient(old);
        using var after = app.NewClient((string)made!["key"]!);
        (await StatusAsync(before, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(after, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        made["apiKey"]!["scopes"]!.AsArray().Count.ShouldBe(2);
        ((long)(await app.GetAsync($"/api/v1/api-keys/{id}"))["rotatedTo"]!).ShouldBe((long)made["apiKey"]!["id"]!);
        (await app.PostAsync($"/api/v1/api-keys/{id}/rotate", new { })).Status.ShouldBe(HttpStatusCode.Conflict, "a key is rotated once");

        var (_, third) = await app.PostAsync($"/api/v1/api-keys/{made["apiKey"]!["id"]}/rotate", new { overlapMinutes = 0 });
        await GoneAsync(after);
        using var last = app.NewClient((string)third!["key"]!);
        (await StatusAsync(last, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(before, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK, "its overlap goes on");
    }

    [Fact]
    public async Task A_key_that_was_taken_back_opens_nothing_in_any_process()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        await using var other = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        var (id, secret) = await MakeAsync(one, new { name = "till", scopes = new[] { "read" } });
        using var here = one.NewClient(secret);
        using var there = other.NewClient(secret);
        (await StatusAsync(here, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(there, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        (await one.PostAsync($"/api/v1/api-keys/{id}/revoke", new { })).Status.ShouldBe(HttpStatusCode.OK);
        await GoneAsync(here);
        await GoneAsync(there);
    }

    [Fact]
    public async Task When_a_key_was_last_used_is_noted_without_a_write_per_request()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (id, secret) = await MakeAsync(app, new { name = "often", scopes = new[] { "read" } });
        using var client = app.NewClient(secret);
        for (var i = 0; i < 3; i++)
        {
            (await StatusAsync(client, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        }

        (await app.GetAsync($"/api/v1/api-keys/{id}"))["lastUsedAt"].ShouldBeNull();
        var cachedWrites = await app.SqlAsync<string>("SELECT xmin::text FROM api_keys WHERE name = 'often'");
        await app.Services.GetRequiredService<KeyUses>().NoteAsync(TestContext.Current.CancellationToken);
        (await app.GetAsync($"/api/v1/api-keys/{id}"))["lastUsedAt"].ShouldNotBeNull();
        (await app.SqlAsync<string>("SELECT xmin::text FROM api_keys WHERE name = 'often'")).ShouldNotBe(cachedWrites);
    }

    [Fact]
    public async Task Nobody_gives_a_key_more_than_he_holds()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (_, secret) = await MakeAsync(app, new { name = "clerk", scopes = new[] { "keys:manage", "keys:read", "read" } });
        using var clerk = app.NewClient(secret);
        foreach (var scope in new[] { "*", "write", "users:manage" })
        {
            using var refused = await clerk.PostAsJsonAsync("/api/v1/api-keys", new { name = "more", scopes = new[] { scope } });
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden, scope);
        }

        var (strong, _) = await MakeAsync(app, new { name = "strong", scopes = new[] { "*" } });
        (await clerk.PostAsJsonAsync($"/api/v1/api-keys/{strong}/rotate", new { })).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "rotating it would show it");
        (await clerk.PostAsJsonAsync("/api/v1/api-keys", new { name = "less", scopes = new[] { "stock:read" } })).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await app.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE name = 'more'")).ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"name":"","scopes":[]}""", "name,scopes")]
    [InlineData("""{"name":"a","scopes":["fly","platform:enter"]}""", "scopes[0],scopes[1]")]
    [InlineData("""{"name":"a","scopes":["read"],"expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name":"a","scopes":["stock:read"],"partner":"3PL"}""", "expiresAt")]
    [InlineData("""{"name":"a","scopes":["read"],"locationIds":[77]}""", "locationIds")]
    public async Task What_is_wrong_with_a_key_is_named(string body, string fields)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var answer = await app.Client.PostAsync("/api/v1/api-keys", new StringContent(body, Encoding.UTF8, "application/json"));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(fields.Split(','), ignoreOrder: true);
    }

    [Fact]
    public async Task A_partners_key_has_no_more_than_partners_may_have()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var expiresAt = TimeProvider.System.GetUtcNow().AddDays(30);
        (await app.PostAsync("/api/v1/api-keys", new { name = "a", scopes = new[] { "*" }, partner = "3PL", expiresAt })).Status.ShouldBe(HttpStatusCode.BadRequest);
        var (id, secret) = await MakeAsync(app, new { name = "a", scopes = new[] { "stock:read", "sources:write" }, partner = "3PL", expiresAt });

        // Also not when somebody writes more into the database.
        await app.SqlAsync<long>("UPDATE api_keys SET scopes = ARRAY['*'] WHERE api_key_id = $1 RETURNING tenant_id", id);
        using var client = app.NewClient(secret);
        (await StatusAsync(client, "/api/v1/stock")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(client, "/api/v1/api-keys")).ShouldBe(HttpStatusCode.Forbidden);
    }

    private static async Task<(long Id, string Secret)> MakeAsync(ApiApp app, object body)
    {
        var (status, answer) = await app.PostAsync("/api/v1/api-keys", body);
        status.ShouldBe(HttpStatusCode.Created, answer?.ToJsonString());
        return ((long)answer!["apiKey"]!["id"]!, (string)answer["key"]!);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }

    /// <summary>The database tells of the change; that takes a moment.</summary>
    private static Task GoneAsync(HttpClient client) => Waits.UntilAsync(
        async () => await StatusAsync(client, "/api/v1/stock") == HttpStatusCode.Unauthorized, "the key to open nothing", TimeSpan.FromSeconds(5));
}
