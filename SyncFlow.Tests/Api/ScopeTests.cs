using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Api.Security;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class ScopeTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_key_may_do_what_its_scopes_say_and_nothing_else()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        string[] scopes = ["read", "write", "operate"];
        foreach (var scope in scopes)
        {
            using var client = await ClientAsync(app, scope);
            (await StatusAsync(client.GetAsync("/api/v1/skus"))).ShouldBe(Expected(scope == "read", HttpStatusCode.OK), scope);
            (await StatusAsync(client.PostAsJsonAsync("/api/v1/skus", new { code = scope }))).ShouldBe(Expected(scope == "write", HttpStatusCode.Created), scope);
            (await StatusAsync(client.PostAsJsonAsync($"/api/v1/connections/{connection}/import", new { })))
                .ShouldBe(Expected(scope == "operate", HttpStatusCode.Accepted), scope);
        }

        (await app.SqlAsync<long>("SELECT count(*) FROM skus")).ShouldBe(1, "a refused request does nothing");
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(1);
    }

    [Fact]
    public async Task The_answer_names_the_permission_that_is_missing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var client = await ClientAsync(app, "read");
        using var answer = await client.PostAsJsonAsync("/api/v1/locations", new { code = "X", name = "X" });
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        problem["type"]!.GetValue<string>().ShouldEndWith("/insufficient-scope");
        problem["detail"]!.GetValue<string>().ShouldContain("'locations:write'");
    }

    [Fact]
    public async Task A_key_without_scopes_may_do_nothing_and_several_scopes_add_up()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var nothing = await ClientAsync(app);
        (await StatusAsync(nothing.GetAsync("/api/v1/stock"))).ShouldBe(HttpStatusCode.Forbidden);
        using var both = await ClientAsync(app, "read", "write");
        (await StatusAsync(both.GetAsync("/api/v1/stock"))).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(both.PostAsJsonAsync("/api/v1/skus", new { code = "A" }))).ShouldBe(HttpStatusCode.Created);
        (await StatusAsync(both.PostAsJsonAsync("/api/v1/sync-runs", new { kind = "push" }))).ShouldBe(HttpStatusCode.Forbidden);
    }

    private static HttpStatusCode Expected(bool allowed, HttpStatusCode success) => allowed ? success : HttpStatusCode.Forbidden;

    private static async Task<HttpStatusCode> StatusAsync(Task<HttpResponseMessage> request)
    {
        using var answer = await request;
        return answer.StatusCode;
    }

    private static async Task<HttpClient> ClientAsync(ApiApp app, params string[] scopes)
    {
        var key = "sf_scoped_0123456789_" + string.Join('_', scopes);
        await app.SqlAsync<long>(
            "INSERT INTO api_keys (tenant_id, name, key_hash, scopes) SELECT min(tenant_id), 'scoped', $1, $2 FROM tenants RETURNING tenant_id",
            Secrets.Hash(key), scopes);
        return app.NewClient(key);
    }
}
