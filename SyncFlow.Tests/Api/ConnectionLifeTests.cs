using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>The ways back into service and out of it, as far as HTTP goes; what the runs do is tested with the worker.</summary>
public sealed class ConnectionLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    [Theory]
    [InlineData("resume", ConnectionStatus.Paused, HttpStatusCode.Accepted)]
    [InlineData("resume", ConnectionStatus.Suspended, HttpStatusCode.Accepted)]
    [InlineData("resume", ConnectionStatus.Uninstalled, HttpStatusCode.Accepted)]
    [InlineData("resume", ConnectionStatus.Disconnecting, HttpStatusCode.Accepted)]
    [InlineData("resume", ConnectionStatus.Live, HttpStatusCode.Conflict)]
    [InlineData("resume", ConnectionStatus.Closed, HttpStatusCode.Conflict)]
    [InlineData("disconnect", ConnectionStatus.Live, HttpStatusCode.Accepted)]
    [InlineData("disconnect", ConnectionStatus.Disconnecting, HttpStatusCode.Accepted)]
    [InlineData("disconnect", ConnectionStatus.Paused, HttpStatusCode.Conflict)]
    [InlineData("attest-closed", ConnectionStatus.Disconnecting, HttpStatusCode.OK)]
    [InlineData("attest-closed", ConnectionStatus.Live, HttpStatusCode.Conflict)]
    public async Task A_step_is_taken_only_from_a_status_that_allows_it(string step, ConnectionStatus from, HttpStatusCode expected)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await SetStatusAsync(app, from);

        var (status, body) = await app.PostAsync($"/api/v1/connections/{connection}/{step}", step == "attest-closed" ? new { confirm = ApiApp.Shop } : new { });
        status.ShouldBe(expected, body?.ToJsonString());
        if (expected == HttpStatusCode.Accepted)
        {
            (await app.GetAsync($"/api/v1/sync-runs/{body!["runId"]}"))["kind"]!.GetValue<string>().ShouldBe(step);
        }
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"confirm":"yes"}""")]
    [InlineData("""{"confirm":"MAIN-store.myshopify.com"}""")]
    public async Task A_shop_is_closed_for_good_only_by_who_names_it(string body)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var path = $"/api/v1/connections/{connection}/attest-closed";
        var (status, problem) = await app.PostAsync(path, JsonNode.Parse(body)!);
        (status, problem!["errors"]!.AsObject().Single().Key).ShouldBe((HttpStatusCode.BadRequest, "confirm"));
        ((string)(await app.GetAsync($"/api/v1/connections/{connection}"))["status"]!).ShouldBe("connected");
        (await app.PostAsync(path, new { confirm = ApiApp.Shop })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync(path, new { confirm = ApiApp.Shop })).Status.ShouldBe(HttpStatusCode.OK, "said again it stays closed");
    }

    [Fact]
    public async Task What_closing_a_shop_frees_is_told_before()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 3);
        await shop.Database.ExecuteAsync("UPDATE skus SET mode = 2");
        await shop.Database.ExecuteAsync("UPDATE sku_state SET mode = 2");
        await shop.Database.ExecuteAsync("UPDATE listing_levels SET belief = CASE WHEN connection_id = $1 THEN 4 ELSE 6 END, target = CASE WHEN connection_id = $1 THEN 4 ELSE 6 END", shop.Merchant.Connections[0].Value);
        await shop.Database.ExecuteAsync("UPDATE connections SET status = 4 WHERE connection_id = $1", shop.Merchant.Connections[0].Value);
        var path = $"/api/v1/connections/{shop.Merchant.Connections[0].Value}/attest-closed";
        var (status, told) = await shop.PostAsync(path + "?preview=true", new { });
        status.ShouldBe(HttpStatusCode.OK, told?.ToJsonString());
        ((int)told!["skus"]!, (int)told["levels"]!, (long)told["units"]!).ShouldBe((3, 3, 12));
        ((int)told["writes"]!["total"]!, (int)told["writes"]!["increases"]!).ShouldBe((3, 3), told.ToJsonString());
        told["writes"]!["sample"]!.AsArray().ShouldAllBe(w => (int)w!["from"]! == 6 && (int)w["to"]! == 10);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM connections WHERE status = 7")).ShouldBe(0, "nothing is done");
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(0);

        (await shop.PostAsync(path, new { confirm = (string)told["confirm"]! })).Status.ShouldBe(HttpStatusCode.OK);
        var (_, after) = await shop.PostAsync(path + "?preview=true", new { });
        ((long)after!["units"]!, (int)after["writes"]!["total"]!).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Reconnecting_stores_the_new_token_sealed_and_resumes()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await SetStatusAsync(app, ConnectionStatus.Uninstalled);
        var before = await app.SqlAsync<byte[]>("SELECT credential FROM connections");

        var (status, body) = await app.PostAsync($"/api/v1/connections/{connection}/reconnect", new { accessToken = "shpat_new_secret" });
        status.ShouldBe(HttpStatusCode.Accepted);
        var after = await app.SqlAsync<byte[]>("SELECT credential FROM connections");
        after.ShouldNotBe(before);
        System.Text.Encoding.UTF8.GetString(after).ShouldNotContain("shpat_new_secret");
        (await app.GetAsync($"/api/v1/sync-runs/{body!["runId"]}"))["kind"]!.GetValue<string>().ShouldBe("resume");
    }

    [Fact]
    public async Task A_live_connections_token_is_not_replaced_by_a_reconnect()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await SetStatusAsync(app, ConnectionStatus.Live);
        var before = await app.SqlAsync<byte[]>("SELECT credential FROM connections");

        var (status, _) = await app.PostAsync($"/api/v1/connections/{connection}/reconnect", new { accessToken = "shpat_new" });
        status.ShouldBe(HttpStatusCode.Conflict);
        (await app.SqlAsync<byte[]>("SELECT credential FROM connections")).ShouldBe(before);
    }

    [Fact]
    public async Task Reconnecting_without_a_token_names_the_field()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var (status, body) = await app.PostAsync($"/api/v1/connections/{connection}/reconnect", new { accessToken = " " });
        status.ShouldBe(HttpStatusCode.BadRequest);
        body!["errors"]!.AsObject().ContainsKey("accessToken").ShouldBeTrue();
    }

    [Fact]
    public async Task A_queued_run_is_cancelled_at_once_a_running_one_is_asked_and_a_finished_one_is_not()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var run = await BeginAsync(app, connection);
        (await CancelAsync(app, run)).Body!["status"]!.GetValue<string>().ShouldBe("cancelled");
        (await CancelAsync(app, run)).Status.ShouldBe(HttpStatusCode.OK, "it may be asked again");

        var running = await BeginAsync(app, connection);
        await app.SqlAsync<long>("UPDATE sync_runs SET state = 'running' WHERE run_id = $1 RETURNING run_id", running);
        (await CancelAsync(app, running)).Body!["status"]!.GetValue<string>().ShouldBe("running");
        (await app.SqlAsync<bool>("SELECT cancel_requested FROM sync_runs WHERE run_id = $1", running)).ShouldBeTrue();

        await app.SqlAsync<long>("UPDATE sync_runs SET state = 'succeeded' WHERE run_id = $1 RETURNING run_id", running);
        (await CancelAsync(app, running)).Status.ShouldBe(HttpStatusCode.Conflict);
        (await CancelAsync(app, 999)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private static async Task<long> BeginAsync(ApiApp app, long connection)
    {
        var (_, body) = await app.PostAsync($"/api/v1/connections/{connection}/import", new { });
        return (long)body!["runId"]!;
    }

    private static Task<(HttpStatusCode Status, JsonNode? Body)> CancelAsync(ApiApp app, long run) =>
        app.PostAsync($"/api/v1/sync-runs/{run}/cancel", new { });

    private static Task<long> SetStatusAsync(ApiApp app, ConnectionStatus status) =>
        app.SqlAsync<long>("UPDATE connections SET status = $1 RETURNING connection_id", (short)status);
}
