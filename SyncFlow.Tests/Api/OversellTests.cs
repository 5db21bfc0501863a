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
        var open = await LinesAsync(app, "?done=false");
        open[0].ShouldBe("id,oversellId,kind,connectionId,order,line,sku,units,toLocation,value,currency,createdAt,done,doneAt,doneBy");
        open.Skip(1).ShouldHaveSingleItem().ShouldStartWith($"{action["id"]},1,cancel,1,7,70,A,2,,,,");
        (await app.PostAsync($"/api/v1/oversell-actions/{action["id"]}/done", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.GetAsync("/api/v1/oversell-actions?done=false"))["items"]!.AsArray().ShouldBeEmpty();
        (await LinesAsync(app, "?done=false")).ShouldHaveSingleItem("the head is there where nothing is");
        (await LinesAsync(app, "?connectionId=2")).ShouldHaveSingleItem();
        (await LinesAsync(app, ""))[1].ShouldContain(",True,");
        using var other = await app.OtherTenantAsync();
        (await other.GetAsync($"{Path}/1", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_a_settlement_costs_is_told_booked_to_its_cause_and_reported()
    {
        await using var app = await StartAsync();
        await app.SqlAsync<long>(
            """
            UPDATE oversells SET proposal = '[{"kind": 2, "connection": 1, "order": "7", "line": "70", "units": 2, "to": null, "value": 59.8, "currency": "EUR"}]'
            RETURNING tenant_id
            """);
        ((decimal)(await app.GetAsync($"{Path}/1"))["proposal"]![0]!["value"]!["amount"]!).ShouldBe(59.8m);
        foreach (var (cost, field) in new (object, string)[] { (new { amount = -1, currency = "EUR" }, "cost.amount"), (new { amount = 1, currency = "euro" }, "cost.currency") })
        {
            var (refused, problem) = await app.PostAsync($"{Path}/1/confirm", new { cost });
            (refused, problem!["errors"]!.AsObject().Single().Key).ShouldBe((HttpStatusCode.BadRequest, field));
        }

        (await app.PostAsync($"{Path}/1/confirm", new { })).Status.ShouldBe(HttpStatusCode.OK);
        var booked = (await app.GetAsync($"{Path}/1"))["costs"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)booked["cause"]!, (decimal)booked["cost"]!["amount"]!).ShouldBe(("sharedModeRace", 59.8m));
        foreach (var period in new[] { "whole", "day", "week", "month" })
        {
            var item = (await app.GetAsync($"/api/v1/reports/oversell-costs?period={period}"))["items"]!.AsArray().ShouldHaveSingleItem()!;
            ((string)item["cause"]!, (int)item["cancelledUnits"]!, (string)item["costs"]![0]!["currency"]!).ShouldBe(("sharedModeRace", 2, "EUR"));
        }

        (await app.GetAsync("/api/v1/reports/oversell-costs?until=2026-01-01T00:00:00Z"))["items"]!.AsArray().ShouldBeEmpty();
        (await app.Client.GetAsync("/api/v1/reports/oversell-costs?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", TestContext.Current.CancellationToken))
            .StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_person_may_say_what_a_settlement_costs_all_in_all()
    {
        await using var app = await StartAsync();
        (await app.PostAsync($"{Path}/1/confirm", new { cost = new { amount = 12.5, currency = "CHF" } })).Status.ShouldBe(HttpStatusCode.OK);
        var item = (await app.GetAsync("/api/v1/reports/oversell-costs"))["items"]!.AsArray().ShouldHaveSingleItem()!;
        ((decimal)item["costs"]![0]!["amount"]!, (int)item["cancelledUnits"]!, (int)item["unvaluedUnits"]!).ShouldBe((12.5m, 2, 0));
    }

    [Fact]
    public async Task Settlement_rules_are_read_set_and_checked()
    {
        await using var app = await StartAsync();
        ((string)(await app.GetAsync("/api/v1/settlement-rules"))["confirmation"]!).ShouldBe("byPerson");
        (await PutAsync(app, new { ranking = new[] { "laterFirst" }, maySplit = true, confirmation = "resource" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((bool)(await app.GetAsync("/api/v1/settlement-rules"))["maySplit"]!).ShouldBeTrue();
        ((string?)(await app.GetAsync("/api/v1/settlement-rules"))["cancelCost"]).ShouldBeNull();
        var priced = new { ranking = new[] { "lowestValueFirst" }, maySplit = true, confirmation = "resource", cancelCost = new { amount = 3, currency = "EUR" } };
        (await PutAsync(app, priced)).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((decimal)(await app.GetAsync("/api/v1/settlement-rules"))["cancelCost"]!["amount"]!).ShouldBe(3);
        foreach (var (body, field) in new (object, string)[]
        {
            (new { ranking = new[] { "laterFirst" }, maySplit = true, confirmation = "resource", resourceCost = new { amount = 1 } }, "resourceCost.currency"),
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

    private static Task<string[]> LinesAsync(ApiApp app, string query) => app.CsvAsync("/api/v1/oversell-actions/csv" + query);

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
