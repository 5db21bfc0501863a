using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Storage.Brakes;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>
/// A rule that reaches more SKUs than a caller waits for: looked at, set, approved and taken back by runs. It takes that
/// many SKUs to see it, which is why this test takes its time.
/// </summary>
public sealed class WideRuleTests(PostgresFixture postgres, RedisFixture redis)
{
    private const int Skus = RuleDesk.MostAtOnce + 1;
    private const string Policy = "/api/v1/policies/allocation/tenant";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_rule_over_a_whole_catalog_is_previewed_held_approved_and_taken_back_by_runs()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10, stores: 1);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await FillAsync(world);
        var half = new { channels = new[] { new { connectionId = 1, percent = 50 } } };

        var preview = await EndAsync(app, await SendAsync(app, HttpMethod.Put, Policy + "?preview=true", half));
        (Word(preview, "outcome"), (int)preview["writes"]!["total"]!, (int)preview["writes"]!["decreases"]!).ShouldBe(("previewed", Skus, Skus));
        preview["writes"]!["items"]!.AsArray().Count.ShouldBe(PolicyWrites.MostItems);
        preview["writes"]!["items"]!.AsArray().ShouldAllBe(w => (int)w!["from"]! == 10 && (int)w["to"]! == 5);
        ((string)preview["trip"]!).ShouldContain($"touches {Skus} of {Skus} levels");
        (await world.CountAsync("SELECT count(*) FROM allocation_versions")).ShouldBe(0);

        var held = await EndAsync(app, await SendAsync(app, HttpMethod.Put, Policy, half));
        Word(held, "outcome").ShouldBe("waits");
        var change = (long)held["changeId"]!;
        (await world.CountAsync("SELECT count(*) FROM allocation_versions")).ShouldBe(0, "nothing of it is done");
        var seen = await app.GetAsync($"/api/v1/changes/{change}");
        ((int)seen["impact"]![0]!["touched"]!, (string)seen["state"]!, seen["sample"]!.AsArray().Count).ShouldBe((Skus, "waiting", 50));
        var (again, answer) = await SendAsync(app, HttpMethod.Put, Policy, half);
        (again, (long)answer!["id"]!).ShouldBe((HttpStatusCode.Accepted, change), "the wish waits once");

        var approved = await EndAsync(app, await SendAsync(app, HttpMethod.Post, $"/api/v1/changes/{change}/approve", new { note = "yes" }, Tag(seen)));
        Word(approved, "outcome").ShouldBe("done");
        await UntilTargetAsync(world, 5);

        var done = (await app.GetAsync($"/api/v1/changes/{change}/undo"))["change"]!;
        var undone = await EndAsync(app, await SendAsync(app, HttpMethod.Post, $"/api/v1/changes/{change}/undo", new { why = "wrong" }, Tag(done)));
        Word(undone, "outcome").ShouldBe("done");
        await UntilTargetAsync(world, 10);
        ((string)(await app.GetAsync($"/api/v1/changes/{change}"))["state"]!).ShouldBe("undone");
        (await world.Database.ScalarAsync<string[]>("SELECT array_agg(DISTINCT w) FROM bulk_changes, unnest(ARRAY[who, decided_by]) w"))
            .ShouldBe([(string)(await app.GetAsync("/api/v1/me"))["name"]!], "whoever asked, not the worker");

        var (status, problem) = await SendAsync(app, HttpMethod.Put, Policy, new { channels = new[] { new { connectionId = 1, percent = 101 } } });
        (status, problem!["errors"]!["channels[0].percent"] is not null).ShouldBe((HttpStatusCode.BadRequest, true), "what is wrong is said at once");
    }

    /// <summary>Live levels that show ten of ten, on a channel that nobody publishes to.</summary>
    private static async Task FillAsync(WorkerWorld world)
    {
        await world.Database.ExecuteAsync(
            "INSERT INTO connection_runtime (tenant_id, connection_id, lease_owner, lease_epoch, lease_until) VALUES (1, 1, 'gone', 9, now() + interval '1 hour') ON CONFLICT (tenant_id, connection_id) DO UPDATE SET lease_owner = 'gone', lease_epoch = 9, lease_until = now() + interval '1 hour'");
        await world.Database.ExecuteAsync("UPDATE connections SET status = 3");
        await world.Database.ExecuteAsync($"INSERT INTO skus (tenant_id, code, code_key, title) SELECT 1, 'W' || n, 'W' || n, '' FROM generate_series(1, {Skus}) n");
        await world.Database.ExecuteAsync(
            "INSERT INTO listings (tenant_id, connection_id, variant_ref, item_ref, sku_id, created_at) SELECT 1, 1, 'w' || sku_id, 'w' || sku_id, sku_id, now() FROM skus");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO listing_levels (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, status, belief, target)
            SELECT 1, listing_id, 1, sku_id, 1, 'w', item_ref, 3, 10, 10 FROM listings
            """);
        await world.Database.ExecuteAsync("INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, sku_id, 1, 10, true FROM skus");
        await world.Database.ExecuteAsync("ANALYZE");
    }

    private static Task UntilTargetAsync(WorkerWorld world, int units) => Waits.UntilAsync(
        () => world.Database.ScalarAsync<bool>($"SELECT bool_and(target = {units}) FROM listing_levels"), $"targets of {units}", Limit);

    private static string Word(JsonNode result, string member) => (string)result[member]!;

    private static string Tag(JsonNode change) => $"\"{change["id"]}-{change["version"]}\"";

    /// <summary>The result of the run that a request began.</summary>
    private static async Task<JsonNode> EndAsync(ApiApp app, (HttpStatusCode Status, JsonNode? Body) begun)
    {
        begun.Status.ShouldBe(HttpStatusCode.Accepted, begun.Body?.ToJsonString());
        JsonNode run = begun.Body!;
        await Waits.UntilAsync(
            async () => (string)(run = await app.GetAsync($"/api/v1/sync-runs/{begun.Body!["runId"]}"))["status"]! is not ("queued" or "running"), "the run", Limit);
        ((string)run["status"]!).ShouldBe("succeeded", run.ToJsonString());
        ((int)run["progress"]!["done"]!).ShouldBe(Skus);
        return run["result"]!;
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(ApiApp app, HttpMethod method, string path, object body, string? tag = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await app.SendAsync(request);
    }
}
