using System.Net;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class ExplainTests(PostgresFixture postgres, RedisFixture redis)
{
    [Theory]
    [InlineData("at=2999-01-01T00:00:00Z", "at")]
    [InlineData("format=pdf", "format")]
    [InlineData("limit=0", "limit")]
    [InlineData("cursor=bm9uc2Vuc2U", "cursor")]
    public async Task What_cannot_be_answered_is_refused_and_the_field_named(string query, string field)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/stock/A/explain?" + query);
        var (status, body) = await app.SendAsync(request);
        status.ShouldBe(HttpStatusCode.BadRequest);
        body!["errors"]![field].ShouldNotBeNull();
    }

    [Theory]
    [InlineData("location=NOWHERE")]
    [InlineData("channel=77")]
    [InlineData("channel=No%20such%20store")]
    public async Task Places_and_channels_that_do_not_exist_are_not_found(string query)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/stock/A/explain?" + query);
        (await app.SendAsync(request)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Pages_of_an_explanation_follow_their_cursor_to_the_first_entry()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await app.SqlAsync<long>(
            """
            INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
            SELECT 1, s.sku_id, l.location_id, 1, n, 9, 'movement:' || n, now(), '2026-01-01Z'::timestamptz + make_interval(hours => n)
            FROM skus s, locations l, generate_series(1, 7) n ORDER BY n RETURNING tenant_id
            """);
        var (seen, cursor) = (new List<int>(), "");
        do
        {
            var page = (await app.GetAsync("/api/v1/stock/A/explain?limit=3" + cursor))["entries"]!;
            seen.AddRange(page["items"]!.AsArray().Select(e => (int)e!["delta"]!));
            ((int)page["sumsAfter"]![0]!["buckets"]!["onHand"]!).ShouldBe((int)page["items"]![0]!["sum"]!);
            cursor = page["next"] is { } next ? "&cursor=" + (string)next! : "";
        }
        while (cursor.Length > 0);
        seen.ShouldBe([7, 6, 5, 4, 3, 2, 1]);

        var text = await app.Client.GetStringAsync("/api/v1/stock/A/explain?format=text&at=2026-01-01T03:00:00Z");
        text.ShouldContain("Goods were received (3): 3 more on hand at MAIN; +3 makes 6");
        text.ShouldContain("but nothing is published from it: no opening count stands behind its on-hand");
        var listed = await app.GetAsync("/api/v1/ledger?sku=A&limit=4");
        listed["items"]!.AsArray().Select(e => (int)e!["delta"]!).ShouldBe([7, 6, 5, 4]);
        var rest = await app.GetAsync("/api/v1/ledger?sku=A&limit=4&cursor=" + (string)listed["next"]!);
        rest["items"]!.AsArray().Select(e => (int)e!["delta"]!).ShouldBe([3, 2, 1]);
    }

    [Fact]
    public async Task A_repair_follows_a_replay_that_found_something_and_takes_exactly_its_SKUs()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        (await Refused(app, new { repair = true })).ShouldBe("previewRunId");
        (await Refused(app, new { previewRunId = 1 })).ShouldBe("previewRunId");
        (await Refused(app, new { sku = "GONE" })).ShouldBe("sku");

        var (status, body) = await app.PostAsync("/api/v1/ledger/replays", new { });
        status.ShouldBe(HttpStatusCode.Accepted);
        var run = (long)body!["runId"]!;
        (await Refused(app, new { repair = true, previewRunId = run })).ShouldBe("previewRunId", "it has not ended");

        await EndAsync(app, run, """{"differingSkuIds": []}""");
        (await app.PostAsync("/api/v1/ledger/replays", new { repair = true, previewRunId = run })).Status.ShouldBe(HttpStatusCode.Conflict);
        await EndAsync(app, run, """{"differingSkuIds": [5, 9]}""");
        var repair = await app.PostAsync("/api/v1/ledger/replays", new { repair = true, previewRunId = run });
        repair.Status.ShouldBe(HttpStatusCode.Accepted);
        var queued = await app.GetAsync($"/api/v1/sync-runs/{(long)repair.Body!["runId"]!}");
        queued["parameters"]!["skuIds"]!.AsArray().Select(id => (long)id!).ShouldBe([5, 9]);
        ((bool)queued["parameters"]!["repair"]!).ShouldBeTrue();
    }

    private static Task<long> EndAsync(ApiApp app, long run, string result) => app.SqlAsync<long>(
        "UPDATE sync_runs SET state = 'succeeded', finished_at = now(), result = $2::jsonb WHERE run_id = $1 RETURNING run_id", run, result);

    private static async Task<string> Refused(ApiApp app, object request)
    {
        var (status, body) = await app.PostAsync("/api/v1/ledger/replays", request);
        status.ShouldBe(HttpStatusCode.BadRequest);
        return body!["errors"]!.AsObject().ShouldHaveSingleItem().Key;
    }
}
