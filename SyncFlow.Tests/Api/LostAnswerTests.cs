using System.Net;
using Shouldly;
using SyncFlow.Storage.Front;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>A process that dies between the work of a request and the storing of its answer: the retry does no work twice.</summary>
public sealed class LostAnswerTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_run_is_begun_once_and_the_retry_finds_it()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var first = await app.PostAsync($"/api/v1/connections/{connection}/import", new { }, "key-1");
        await LoseAnswersAsync(app);

        var second = await app.PostAsync($"/api/v1/connections/{connection}/import", new { }, "key-1");
        second.Status.ShouldBe(HttpStatusCode.Accepted);
        ((long)second.Body!["runId"]!).ShouldBe((long)first.Body!["runId"]!);
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(1);
        var other = await app.PostAsync($"/api/v1/connections/{connection}/import", new { }, "key-2");
        ((long)other.Body!["runId"]!).ShouldNotBe((long)first.Body!["runId"]!);
    }

    [Fact]
    public async Task A_movement_is_stored_once()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        var movement = new { sku = "A", location = "MAIN", kind = "receipt", units = 5, reason = "delivery", key = "note-1" };
        (await app.PostAsync("/api/v1/stock-movements", movement, "key-1")).Status.ShouldBe(HttpStatusCode.Accepted);
        await LoseAnswersAsync(app);

        (await app.PostAsync("/api/v1/stock-movements", movement, "key-1")).Status.ShouldBe(HttpStatusCode.Accepted);
        (await app.InboxCountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task What_has_a_unique_name_is_made_once()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        foreach (var (path, body) in new (string, object)[]
        {
            ("locations", new { code = "MAIN", name = "Main" }), ("skus", new { code = "A" }),
            ("connections", new { kind = "shopify", name = "x", shop = ApiApp.Shop, accessToken = "t" }),
        })
        {
            (await app.PostAsync($"/api/v1/{path}", body, "key-" + path)).Status.ShouldBe(HttpStatusCode.Created);
            await LoseAnswersAsync(app);
            (await app.PostAsync($"/api/v1/{path}", body, "key-" + path)).Status.ShouldBe(HttpStatusCode.Conflict);
            (await app.SqlAsync<long>($"SELECT count(*) FROM {path}")).ShouldBe(1);
        }
    }

    [Fact]
    public async Task Until_the_claim_has_run_out_the_retry_is_told_to_wait()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await app.PostAsync($"/api/v1/connections/{connection}/import", new { }, "key-1");
        await app.SqlAsync<long>("UPDATE idempotency_keys SET status = 0, response = NULL RETURNING tenant_id");
        (await app.PostAsync($"/api/v1/connections/{connection}/import", new { }, "key-1")).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    /// <summary>As a crash leaves it: the work is committed, its key claimed and not answered, and the claim is old.</summary>
    private static Task<long> LoseAnswersAsync(ApiApp app) => app.SqlAsync<long>(
        "UPDATE idempotency_keys SET status = 0, response = NULL, created_at = now() - $1 RETURNING tenant_id",
        IdempotencyStore.ClaimLife + TimeSpan.FromSeconds(10));
}
