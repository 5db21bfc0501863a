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

        var (status, body) = await app.PostAsync($"/api/v1/connections/{connection}/{step}", new { });
        status.ShouldBe(expected, body?.ToJsonString());
        if (expected == HttpStatusCode.Accepted)
        {
            (await app.GetAsync($"/api/v1/sync-runs/{body!["runId"]}"))["kind"]!.GetValue<string>().ShouldBe(step);
        }
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
