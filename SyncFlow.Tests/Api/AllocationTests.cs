using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class AllocationTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Policies = "/api/v1/policies/allocation";

    [Fact]
    public async Task A_policy_is_previewed_set_read_versioned_and_withdrawn_and_each_change_is_planned()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var shop = await app.ConnectAsync();
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        var rule = new { mode = "guard", channels = new[] { new { connectionId = shop, percent = 60.5, reserve = 3 } } };

        var (_, preview) = await PutAsync(app, $"{Policies}/skus/A?preview=true", rule);
        ((int)preview!["policy"]!["version"]!).ShouldBe(0, "a preview sets nothing");
        var (status, set) = await PutAsync(app, $"{Policies}/skus/a", rule);
        status.ShouldBe(HttpStatusCode.OK, set?.ToJsonString());
        ((int)set!["policy"]!["version"]!).ShouldBe(1);
        ((decimal)set["policy"]!["channels"]![0]!["percent"]!).ShouldBe(60.5m);
        await PutAsync(app, $"{Policies}/skus/A", rule);
        ((int)(await app.GetAsync($"{Policies}/skus/A"))["version"]!).ShouldBe(1, "the same again is no change");

        await PutAsync(app, $"{Policies}/tenant", new { mode = "shared" });
        (await app.GetAsync(Policies))["items"]!.AsArray().Select(p => (string)p!["scope"]!).ShouldBe(["tenant", "sku"]);
        var (_, withdrawn) = await SendAsync(app, HttpMethod.Delete, $"{Policies}/skus/A");
        withdrawn!["policy"]!["channels"].ShouldBeNull();
        var versions = (await app.GetAsync($"{Policies}/skus/A/versions"))["items"]!.AsArray();
        versions.Select(v => ((int)v!["version"]!, v["channels"] is null)).ShouldBe([(2, true), (1, false)]);
        (await app.SqlAsync<string>("SELECT string_agg(parameters::text, ' ' ORDER BY run_id) FROM sync_runs WHERE kind = 'replan'"))
            .ShouldBe("""{"skuId": 1} {} {"skuId": 1}""");
    }

    [Fact]
    public async Task A_stale_change_and_another_tenant_change_nothing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        using var read = await app.Client.GetAsync($"{Policies}/tenant", TestContext.Current.CancellationToken);
        var tag = read.Headers.ETag!.Tag;
        (await PutAsync(app, $"{Policies}/tenant", new { mode = "guard" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await PutAsync(app, $"{Policies}/tenant", new { mode = "shared" }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        using var other = await app.OtherTenantAsync();
        (await other.PutAsJsonAsync($"{Policies}/skus/A", new { mode = "guard" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        ((int)JsonNode.Parse(await other.GetStringAsync($"{Policies}/tenant"))!["version"]!).ShouldBe(0);
        (await app.SqlAsync<long>("SELECT count(*) FROM allocation_versions")).ShouldBe(1);
    }

    [Fact]
    public async Task A_rule_that_cannot_be_met_is_refused_by_its_field()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (a, b) = (await app.ConnectAsync(), await app.ConnectAsync("other.myshopify.com"));
        async Task FieldAsync(object body, string field)
        {
            var (status, problem) = await PutAsync(app, $"{Policies}/tenant", body);
            status.ShouldBe(HttpStatusCode.BadRequest, problem?.ToJsonString());
            problem!["errors"]!.AsObject().ShouldContain(e => e.Key == field, problem.ToJsonString());
        }

        await FieldAsync(new { }, "channels");
        await FieldAsync(new { channels = new[] { new { percent = 10 } } }, "channels[0].connectionId");
        await FieldAsync(new { channels = new[] { new { connectionId = 99, percent = 10 } } }, "channels[0].connectionId");
        await FieldAsync(new { channels = new[] { new { connectionId = a, percent = 60 }, new { connectionId = b, percent = 41 } } }, "channels");
        await FieldAsync(new { channels = new[] { new { connectionId = a, percent = 60 }, new { connectionId = a, percent = 1 } } }, "channels[1].connectionId");
        await FieldAsync(new { channels = new[] { new { connectionId = a, cap = 5, minimum = 6 } } }, "channels[0].cap");
        await FieldAsync(new { channels = new[] { new { connectionId = a, cap = 5, reserve = 6 } } }, "channels[0].cap");
        await FieldAsync(new { channels = new[] { new { connectionId = a, reserve = -1 } } }, "channels[0].reserve");
        await FieldAsync(new { channels = new[] { new { connectionId = a, weight = 0 } } }, "channels[0].weight");
        (await PutAsync(app, $"{Policies}/tenant", new { channels = new[] { new { connectionId = a, reserve = 1.5 } } })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await app.SqlAsync<long>("SELECT count(*) FROM allocation_policies")).ShouldBe(0);
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(0);
    }

    [Fact]
    public async Task Skus_are_in_one_group_and_move_between_groups()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        foreach (var code in new[] { "A", "B", "C" })
        {
            await app.PostAsync("/api/v1/skus", new { code });
        }

        await app.PostAsync("/api/v1/sku-groups", new { code = "Shirts", name = "All shirts" });
        await app.PostAsync("/api/v1/sku-groups", new { code = "Hats" });
        (await app.PostAsync("/api/v1/sku-groups", new { code = "hats" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await SendAsync(app, HttpMethod.Patch, "/api/v1/sku-groups/hats", new { name = "Headwear" })).Status.ShouldBe(HttpStatusCode.OK);
        var (status, body) = await app.PostAsync("/api/v1/sku-groups/shirts/members", new { add = new[] { "a", "B" } });
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
        ((int)body!["group"]!["skus"]!).ShouldBe(2);
        var (_, moved) = await app.PostAsync("/api/v1/sku-groups/hats/members", new { add = new[] { "B" }, remove = new[] { "A" } });
        (((int)moved!["moved"]!), (int)moved["group"]!["skus"]!).ShouldBe((1, 1), "A is in another group and stays there");
        ((int)(await app.GetAsync("/api/v1/sku-groups/Shirts"))["skus"]!).ShouldBe(1);
        var unknown = await app.PostAsync("/api/v1/sku-groups/hats/members", new { add = new[] { "C", "nothing" } });
        unknown.Status.ShouldBe(HttpStatusCode.BadRequest);
        unknown.Body!["errors"]!["add"].ShouldNotBeNull();
        (await app.SqlAsync<long>("SELECT count(*) FROM skus WHERE group_id IS NOT NULL")).ShouldBe(2, "all or none");

        await PutAsync(app, $"{Policies}/groups/Hats", new { mode = "guard" });
        (await app.SqlAsync<string>("SELECT parameters::text FROM sync_runs ORDER BY run_id DESC LIMIT 1")).ShouldContain("groupId");
    }

    [Fact]
    public async Task A_launch_is_planned_listed_and_called_off_and_a_wrong_one_names_its_field()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        var until = TimeProvider.System.GetUtcNow().AddHours(2);
        var (status, launch) = await app.PostAsync("/api/v1/launches", new { sku = "A", name = "drop", until });
        status.ShouldBe(HttpStatusCode.Created, launch?.ToJsonString());
        (await app.GetAsync("/api/v1/launches?open=true"))["items"]!.AsArray().Count.ShouldBe(1);
        (await SendAsync(app, HttpMethod.Delete, $"/api/v1/launches/{launch!["id"]}")).Status.ShouldBe(HttpStatusCode.OK);
        (await app.GetAsync("/api/v1/launches?open=true"))["items"]!.AsArray().Count.ShouldBe(0);
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(2);

        (object Body, string Field)[] wrong =
        [
            (new { sku = "A" }, "until"), (new { until }, "sku"), (new { sku = "A", group = "B", until }, "sku"),
            (new { sku = "A", until = until.AddHours(-3) }, "until"), (new { sku = "A", from = until, until }, "until"),
            (new { sku = "A", until = until.AddDays(100) }, "until"), (new { sku = "B", until }, "sku"), (new { group = "B", until }, "group"),
        ];
        foreach (var (body, field) in wrong)
        {
            var (refused, problem) = await app.PostAsync("/api/v1/launches", body);
            refused.ShouldBe(HttpStatusCode.BadRequest);
            problem!["errors"]!.AsObject().Select(e => e.Key).ShouldContain(field);
        }
    }

    [Fact]
    public async Task An_authority_rule_that_is_set_or_taken_away_has_what_it_reaches_planned_again()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A" });
        var (_, location) = await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await PutAsync(app, "/api/v1/authority-rules", new { sku = "A", owner = "ledger" });
        await PutAsync(app, "/api/v1/authority-rules", new { locationId = (long)location!["id"]!, owner = "ledger" });
        var (_, rule) = await PutAsync(app, "/api/v1/authority-rules", new { skuPrefix = "B", owner = "ledger" });
        await SendAsync(app, HttpMethod.Delete, $"/api/v1/authority-rules/{rule!["id"]}");
        (await SendAsync(app, HttpMethod.Delete, $"/api/v1/authority-rules/{rule["id"]}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await app.SqlAsync<string>("SELECT string_agg(parameters::text, ' ' ORDER BY run_id) FROM sync_runs WHERE kind = 'replan'"))
            .ShouldBe("""{"skuId": 1} {"locationId": 1} {} {}""");
    }

    private static Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(ApiApp app, string path, object body, string? tag = null) =>
        SendAsync(app, HttpMethod.Put, path, body, tag);

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(
        ApiApp app, HttpMethod method, string path, object? body = null, string? tag = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.Add("If-Match", tag);
        }

        return await app.SendAsync(request);
    }
}
