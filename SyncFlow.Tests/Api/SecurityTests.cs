using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class SecurityTests(PostgresFixture postgres, RedisFixture redis)
{
    [Theory]
    [InlineData(null)]
    [InlineData("sf_wrong_0123456789abcdef")]
    public async Task Without_a_known_key_every_route_is_closed(string? key)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var client = app.NewClient(key);
        foreach (var path in new[] { "/api/v1/connections", "/api/v1/stock/A", "/api/v1/nothing-here" })
        {
            using var answer = await client.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        }

        (await client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_expired_key_is_refused()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        (await app.Client.GetAsync("/api/v1/skus")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await app.SqlAsync<long>("UPDATE api_keys SET expires_at = now() - interval '1 second' RETURNING tenant_id");
        await Waits.UntilAsync(
            async () => (await app.Client.GetAsync("/api/v1/skus")).StatusCode == HttpStatusCode.Unauthorized, "the key to be refused", TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_bootstrap_key_belongs_to_the_first_tenant_and_is_stored_hashed_once()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var first = await ApiApp.StartAsync(database, await redis.ConfigurationAsync()))
        {
            (await first.SqlAsync<string>("SELECT name FROM tenants WHERE tenant_id = 1")).ShouldBe("Default");
        }

        await using var second = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        (await second.SqlAsync<long>("SELECT count(*) FROM api_keys")).ShouldBe(1);
        (await second.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE position($1 in key_hash) > 0", System.Text.Encoding.UTF8.GetBytes(ApiApp.Key))).ShouldBe(0);
    }

    [Fact]
    public async Task What_belongs_to_another_tenant_is_not_found()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var other = await app.OtherTenantAsync();
        var connection = await app.ConnectAsync();
        var (_, location) = await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        var (_, run) = await app.PostAsync($"/api/v1/connections/{connection}/import", new { });

        foreach (var path in new[]
        {
            $"/api/v1/connections/{connection}", $"/api/v1/connections/{connection}/channel-locations",
            $"/api/v1/locations/{location!["id"]}", "/api/v1/skus/A", "/api/v1/stock/A", $"/api/v1/sync-runs/{run!["runId"]}",
        })
        {
            (await app.Client.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK, path);
            (await other.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        foreach (var path in new[] { "pause", "import", "go-live", "baseline", "attest-closed", "test", "resume", "disconnect", "reconnect" })
        {
            object request = path == "reconnect" ? new { accessToken = "theirs" } : new { };
            using var answer = await other.PostAsJsonAsync($"/api/v1/connections/{connection}/{path}", request);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        var list = JsonNode.Parse(await other.GetStringAsync("/api/v1/connections"))!;
        list["items"]!.AsArray().ShouldBeEmpty();
        using var taken = await other.PostAsJsonAsync("/api/v1/connections", new { kind = "shopify", name = "x", shop = ApiApp.Shop, accessToken = "t" });
        taken.StatusCode.ShouldBe(HttpStatusCode.Conflict, "a shop belongs to one tenant");
    }

    [Fact]
    public async Task A_credential_is_stored_sealed_and_never_shown()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        (await app.GetAsync($"/api/v1/connections/{connection}")).ToJsonString().ShouldNotContain("shpat_secret");
        var stored = await app.SqlAsync<byte[]>("SELECT credential FROM connections");
        stored.Length.ShouldBeGreaterThan(12);
        System.Text.Encoding.UTF8.GetString(stored).ShouldNotContain("shpat_secret");
    }
}
