using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Dead letters are looked through and settled many at a time.</summary>
public sealed class DeadLetterTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Path = "/api/v1/dead-letters";

    [Fact]
    public async Task They_are_listed_by_connection_topic_and_time()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (one, other) = await FilledAsync(app);
        (await CountAsync(app, "")).ShouldBe(9);
        (await CountAsync(app, $"?connectionId={one}")).ShouldBe(6);
        (await CountAsync(app, "?topic=orders/create")).ShouldBe(6);
        (await CountAsync(app, $"?connectionId={other}&topic=refunds/create")).ShouldBe(0);
        (await CountAsync(app, "?since=2026-01-02T00:00:00Z")).ShouldBe(6);
        (await CountAsync(app, $"?connectionId={one}&topic=orders/create&since=2026-01-03T00:00:00Z")).ShouldBe(1);
        using var wrong = await app.Client.GetAsync(Path + "?since=03/04/2026");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Many_are_replayed_and_discarded_by_a_filter_and_a_dry_run_only_counts()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (one, other) = await FilledAsync(app);
        (await SettleAsync(app, "/replay", new { connectionId = one, topic = "orders/create", dryRun = true })).ShouldBe((true, 3, 0, 3));
        (await StatesAsync(app)).ShouldBe((0, 9, 0));
        (await SettleAsync(app, "/replay", new { connectionId = one, topic = "orders/create" })).ShouldBe((false, 3, 3, 0));
        (await StatesAsync(app)).ShouldBe((3, 6, 0));
        (await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 0 AND attempts = 0 AND connection_id = $1 AND topic = 'orders/create'", one)).ShouldBe(3);

        (await SettleAsync(app, "/discard", new { since = "2026-01-03T00:00:00Z", reason = "the shop is gone", dryRun = true })).ShouldBe((true, 2, 0, 2));
        (await SettleAsync(app, "/discard", new { since = "2026-01-03T00:00:00Z", reason = "the shop is gone" })).ShouldBe((false, 2, 2, 0));
        (await StatesAsync(app)).ShouldBe((3, 4, 2));
        (await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 3 AND error = 'the shop is gone' AND received_at >= '2026-01-03'")).ShouldBe(2);
        (await SettleAsync(app, "/discard", new { connectionId = other })).ShouldBe((false, 2, 2, 0));
        (await app.SqlAsync<string>("SELECT string_agg(concat(action, ' ', actor, ' ', details ->> 'events'), ', ' ORDER BY seq) FROM audit_log WHERE subject = 'dead-letters'"))
            .ShouldBe("dead-letters.replay Bootstrap 3, dead-letters.discard Bootstrap 2, dead-letters.discard Bootstrap 2");
    }

    [Fact]
    public async Task What_nobody_has_seen_is_not_let_go()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (one, _) = await FilledAsync(app);
        var wish = new { since = "2026-01-01T00:00:00Z" };
        (await SendAsync(app, "/discard", wish, null)).Status.ShouldBe((HttpStatusCode)428);
        (await SendAsync(app, "/discard", wish, "*")).Status.ShouldBe((HttpStatusCode)428);
        var (_, look, seen) = await SendAsync(app, "/discard", new { since = "2026-01-01T00:00:00Z", dryRun = true }, null);
        look!["topics"]!.AsArray().Select(t => ((string)t!["topic"]!, (int)t["events"]!)).ShouldBe([("orders/create", 6), ("refunds/create", 3)]);

        // As many as before, but one is another.
        await app.SqlAsync<long>("UPDATE inbox SET state = 1 WHERE event_id = (SELECT min(event_id) FROM inbox) RETURNING event_id");
        await DeadAsync(app, one, "refunds/create", 1);
        (await SendAsync(app, "/discard", wish, seen)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await SendAsync(app, "/replay", wish, seen)).Status.ShouldBe(HttpStatusCode.PreconditionFailed, "who says what he has seen means that");
        (await StatesAsync(app)).ShouldBe((0, 9, 0));

        var (_, _, now) = await SendAsync(app, "/discard", new { since = "2026-01-01T00:00:00Z", dryRun = true }, null);
        var (_, done, left) = await SendAsync(app, "/discard", wish, now);
        ((int)done!["done"]!, (int)done["left"]!).ShouldBe((9, 0));
        (await SendAsync(app, "/discard", wish, left)).Status.ShouldBe(HttpStatusCode.OK, "the answer names what is left");
        (await StatesAsync(app)).Dead.ShouldBe(0);
    }

    [Fact]
    public async Task What_a_person_let_go_is_listed_and_can_be_taken_back_and_what_is_not_ours_to_act_on_cannot()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (one, other) = await FilledAsync(app);
        await app.SqlAsync<long>("UPDATE inbox SET state = 3, error = 'no rule' WHERE connection_id = $1 RETURNING event_id", other);
        await SettleAsync(app, "/discard", new { connectionId = one });
        (await CountAsync(app, "")).ShouldBe(0);
        (await CountAsync(app, "?discarded=true")).ShouldBe(6);
        var id = (long)(await app.GetAsync(Path + "?discarded=true&topic=refunds/create"))["items"]![0]!["id"]!;
        (await app.PostAsync($"{Path}/{id}/replay", new { })).Status.ShouldBe(HttpStatusCode.NoContent);
        (await SettleAsync(app, "/replay", new { connectionId = one })).ShouldBe((false, 0, 0, 0), "none waits for a decision");
        (await SettleAsync(app, "/replay", new { connectionId = one, discarded = true })).ShouldBe((false, 5, 5, 0));
        (await SettleAsync(app, "/replay", new { connectionId = other, discarded = true })).ShouldBe((false, 0, 0, 0));
        (await StatesAsync(app)).ShouldBe((6, 0, 3));
        var ignored = await app.SqlAsync<long>("SELECT min(event_id) FROM inbox WHERE state = 3");
        (await app.PostAsync($"{Path}/{ignored}/replay", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Whoever_settles_a_single_one_stands_in_the_audit_log()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await FilledAsync(app);
        var ids = await app.SqlAsync<long[]>("SELECT array_agg(event_id ORDER BY event_id) FROM inbox");
        (await app.PostAsync($"{Path}/{ids[0]}/replay", new { })).Status.ShouldBe(HttpStatusCode.NoContent);
        (await app.PostAsync($"{Path}/{ids[0]}/discard", new { reason = "late" })).Status.ShouldBe(HttpStatusCode.NotFound, "it is none any more");
        (await app.PostAsync($"{Path}/{ids[1]}/discard", new { reason = "not wanted" })).Status.ShouldBe(HttpStatusCode.NoContent);
        (await app.SqlAsync<string>("SELECT string_agg(concat_ws(' ', action, actor, subject, details ->> 'reason'), ', ' ORDER BY seq) FROM audit_log WHERE action LIKE 'dead-letters.%'"))
            .ShouldBe($"dead-letters.replay Bootstrap dead-letters:{ids[0]}, dead-letters.discard Bootstrap dead-letters:{ids[1]} not wanted");
    }

    [Fact]
    public async Task One_call_settles_a_bounded_number_the_oldest_first_and_says_how_many_are_left()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await DeadAsync(app, connection, "orders/create", DeadLetterStore.MostAtOnce + 5);
        (await SettleAsync(app, "/replay", new { connectionId = connection })).ShouldBe((false, DeadLetterStore.MostAtOnce + 5, DeadLetterStore.MostAtOnce, 5));
        (await app.SqlAsync<bool>("SELECT max(event_id) FILTER (WHERE state = 0) < min(event_id) FILTER (WHERE state = 2) FROM inbox")).ShouldBeTrue();
        (await SettleAsync(app, "/replay", new { connectionId = connection })).ShouldBe((false, 5, 5, 0));
    }

    [Theory]
    [InlineData("/replay", """{}""", "connectionId")]
    [InlineData("/discard", """{"reason":"all of them"}""", "connectionId")]
    [InlineData("/discard", """{"topic":"orders/create","reason":"<long>"}""", "reason")]
    [InlineData("/77777/discard", """{"reason":"<long>"}""", "reason")]
    public async Task What_is_wrong_is_named_and_nothing_is_settled(string path, string body, string field)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await FilledAsync(app);
        await app.SqlAsync<long>("UPDATE inbox SET event_id = 77777 WHERE event_id = (SELECT max(event_id) FROM inbox) RETURNING event_id");
        var (status, problem) = await app.PostAsync(Path + path, JsonNode.Parse(body.Replace("<long>", new string('x', 501), StringComparison.Ordinal))!);
        (status, problem!["errors"]!.AsObject().Single().Key).ShouldBe((HttpStatusCode.BadRequest, field));
        (await StatesAsync(app)).ShouldBe((0, 9, 0));
    }

    [Fact]
    public async Task Another_tenants_are_not_meant()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (one, _) = await FilledAsync(app);
        using var stranger = await app.OtherTenantAsync();
        using var content = new StringContent($$"""{"connectionId":{{one}},"since":"2020-01-01T00:00:00Z"}""", System.Text.Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, Path + "/discard") { Content = content };
        request.Headers.Add("If-Match", "\"v\"");
        using var answer = await stranger.SendAsync(request);
        ((long)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["matching"]!).ShouldBe(0);
        (await StatesAsync(app)).ShouldBe((0, 9, 0));
    }

    /// <summary>Three of each: one connection's orders and refunds, and another's orders; a day between each and the next.</summary>
    private static async Task<(long One, long Other)> FilledAsync(ApiApp app)
    {
        var (one, other) = (await app.ConnectAsync("one.myshopify.com"), await app.ConnectAsync("other.myshopify.com"));
        await DeadAsync(app, one, "orders/create", 3);
        await DeadAsync(app, one, "refunds/create", 3);
        await DeadAsync(app, other, "orders/create", 3);
        return (one, other);
    }

    private static Task<long> DeadAsync(ApiApp app, long connection, string topic, int count) => app.SqlAsync<long>(
        """
        INSERT INTO inbox (tenant_id, received_day, topic, webhook_id, triggered_at, received_at, content, body, state, attempts, next_attempt_at, connection_id, error)
        SELECT 1, '2026-01-01', $2, gen_random_uuid()::text, now(), timestamptz '2026-01-01Z' + (n - 1) * interval '1 day', 'c', '', 2, 5, now(), $1, 'broken'
        FROM generate_series(1, $3) n RETURNING event_id
        """,
        connection, topic, count);

    private static async Task<int> CountAsync(ApiApp app, string query) => (await app.GetAsync(Path + query))["items"]!.AsArray().Count;

    /// <summary>Settles what a look just before has shown.</summary>
    private static async Task<(bool Dry, long Matching, int Done, long Left)> SettleAsync(ApiApp app, string path, object body)
    {
        var look = JsonSerializer.SerializeToNode(body)!;
        look["dryRun"] = true;
        var seen = (await SendAsync(app, path, look, null)).Tag;
        var (status, answer, _) = await SendAsync(app, path, body, seen);
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        return ((bool)answer!["dryRun"]!, (long)answer["matching"]!, (int)answer["done"]!, (long)answer["left"]!);
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body, string? Tag)> SendAsync(ApiApp app, string path, object body, string? seen)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path + path) { Content = JsonContent.Create(body) };
        if (seen is not null)
        {
            request.Headers.Add("If-Match", seen);
        }

        using var answer = await app.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), answer.Headers.ETag?.Tag);
    }

    private static async Task<(long Pending, long Dead, long Ignored)> StatesAsync(ApiApp app) => (
        await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 0"), await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 2"),
        await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 3"));
}
