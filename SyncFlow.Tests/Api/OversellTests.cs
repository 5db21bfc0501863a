using System.Net;
using System.Net.Http.Json;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class OversellTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Path = "/api/v1/oversells";

    [Fact]
    public async Task An_oversell_is_listed_read_with_its_causes_and_decided_once()
    {
        await using var app = await StartAsync();
        (await app.GetAsync($"{Path}?open=true&cause=sharedModeRace&sku=a"))["items"]!.AsArray().Count.ShouldBe(1);
        (await app.GetAsync($"{Path}?state=resolved"))["items"]!.AsArray().ShouldBeEmpty();
        (await app.Client.GetAsync($"{Path}?state=gone", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var found = await app.GetAsync($"{Path}/1");
        ((string)found["oversell"]!["state"]!).ShouldBe("proposed");
        ((string)found["causes"]![0]!["factKey"]!).ShouldBe("order:1:7");
        ((string)found["proposal"]![0]!["kind"]!).ShouldBe("cancel");

        var tooLong = await app.PostAsync($"{Path}/1/confirm", new { note = new string('x', 501) });
        tooLong.Body!["errors"]!.AsObject().ShouldContainKey("note");
        var (status, confirmed) = await app.PostAsync($"{Path}/1/confirm", new { note = "sorry" });
        status.ShouldBe(HttpStatusCode.OK);
        ((string)confirmed!["state"]!).ShouldBe("confirmed");
        (await app.PostAsync($"{Path}/1/dismiss", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.PostAsync($"{Path}/9/confirm", new { })).Status.ShouldBe(HttpStatusCode.NotFound);

        var action = (await app.GetAsync("/api/v1/oversell-actions?done=false"))["items"]!.AsArray().Single()!;
        ((string)action["orderRef"]!).ShouldBe("7");
        (await app.PostAsync($"/api/v1/oversell-actions/{action["id"]}/done", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.GetAsync("/api/v1/oversell-actions?done=false"))["items"]!.AsArray().ShouldBeEmpty();
        using var other = await app.OtherTenantAsync();
        (await other.GetAsync($"{Path}/1", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Settlement_rules_are_read_set_and_checked()
    {
        await using var app = await StartAsync();
        ((string)(await app.GetAsync("/api/v1/settlement-rules"))["confirmation"]!).ShouldBe("byPerson");
        (await PutAsync(app, new { ranking = new[] { "laterFirst" }, maySplit = true, confirmation = "resource" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((bool)(await app.GetAsync("/api/v1/settlement-rules"))["maySplit"]!).ShouldBeTrue();
        foreach (var (body, field) in new (object, string)[]
        {
            (new { ranking = Array.Empty<string>(), maySplit = true, confirmation = "resource" }, "ranking"),
            (new { ranking = new[] { "laterFirst", "laterFirst" }, maySplit = true, confirmation = "resource" }, "ranking"),
            (new { ranking = new[] { "laterFirst" }, confirmation = "resource" }, "maySplit"),
            (new { ranking = new[] { "laterFirst" }, maySplit = true, confirmation = "never" }, "confirmation"),
        })
        {
            using var answer = await PutAsync(app, body);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain($"\"{field}\"");
        }
    }

    private static Task<HttpResponseMessage> PutAsync(ApiApp app, object body) =>
        app.Client.PutAsJsonAsync("/api/v1/settlement-rules", body, TestContext.Current.CancellationToken);

    private async Task<ApiApp> StartAsync()
    {
        var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        await app.SqlAsync<long>(
            """
            INSERT INTO oversells (tenant_id, sku_id, pool_group, state, units, most_units, cause, mode, opened_at, seen_at, proposal, proposed_units, left_units, proposed_at)
            SELECT 1, sku_id, 1, 2, 2, 2, 3, 1, now(), now(), '[{"kind": 2, "connection": 1, "order": "7", "line": "70", "units": 2, "to": null}]', 2, 0, now()
            FROM skus RETURNING tenant_id
            """);
        await app.SqlAsync<long>(
            "INSERT INTO oversell_causes (tenant_id, oversell_id, fact_key, units, cause, reason, occurred_at, recorded_at) VALUES (1, 1, 'order:1:7', 2, 3, 2, now(), now()) RETURNING tenant_id");
        return app;
    }
}
