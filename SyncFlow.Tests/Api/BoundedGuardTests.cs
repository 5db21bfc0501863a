using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class BoundedGuardTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Only_a_channel_that_takes_absolute_values_is_bounded_and_it_says_so_and_its_levels_are_replanned()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var id = await app.ConnectAsync();
        var path = $"/api/v1/connections/{id}/bounded-guard";
        await RefusedAsync(app, path, new { enabled = true }, "enabled");
        await RefusedAsync(app, path, new { }, "enabled");
        ((bool)JsonNode.Parse(await app.Client.GetStringAsync(path))!["enabled"]!).ShouldBeFalse();

        await app.SqlAsync<long>($"UPDATE connections SET kind = 'market', settle_seconds = 12 WHERE connection_id = {id} RETURNING connection_id");
        await RefusedAsync(app, path, new { enabled = true, lagSeconds = 0 }, "lagSeconds");
        await RefusedAsync(app, path, new { enabled = true, factor = 11 }, "factor");
        await RefusedAsync(app, path, new { enabled = false, factor = 3 }, "factor");
        (await RunsAsync(app, id)).ShouldBe(0);

        using var on = await app.Client.PutAsJsonAsync(path, new { enabled = true });
        on.StatusCode.ShouldBe(HttpStatusCode.OK, await on.Content.ReadAsStringAsync());
        var guard = (await app.GetAsync($"/api/v1/connections/{id}"))["boundedGuard"]!;
        ((double)guard["lagSeconds"]!, (double)guard["factor"]!, (bool)guard["lagIsSet"]!, (bool)guard["proven"]!).ShouldBe((132, 3, false, false));
        (await RunsAsync(app, id)).ShouldBe(1);
        (await app.Client.PutAsJsonAsync(path, new { enabled = true })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await RunsAsync(app, id)).ShouldBe(1, "nothing changed");

        (await app.Client.PutAsJsonAsync(path, new { enabled = true, lagSeconds = 40, factor = 2.5 })).StatusCode.ShouldBe(HttpStatusCode.OK);
        guard = JsonNode.Parse(await app.Client.GetStringAsync(path))!["guard"]!;
        ((double)guard["lagSeconds"]!, (double)guard["factor"]!, (bool)guard["lagIsSet"]!).ShouldBe((40, 2.5, true));
        (await app.Client.PutAsJsonAsync(path, new { enabled = false })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.GetAsync($"/api/v1/connections/{id}"))["boundedGuard"].ShouldBeNull();
        (await RunsAsync(app, id)).ShouldBe(3);
        (await app.SqlAsync<long>(
            $"SELECT count(*) FROM setting_history WHERE subject = 'connection' AND subject_id = {id} AND settings->'settings' ? 'boundedGuard'")).ShouldBe(2);
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log a WHERE a::text LIKE '%boundedGuard%'")).ShouldBe(3);
    }

    [Fact]
    public async Task Another_tenants_connection_is_not_found()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var path = $"/api/v1/connections/{await app.ConnectAsync()}/bounded-guard";
        using var other = await app.OtherTenantAsync();
        (await other.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await other.PutAsJsonAsync(path, new { enabled = false })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await app.Client.PutAsJsonAsync("/api/v1/connections/999/bounded-guard", new { enabled = true })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static Task<long> RunsAsync(ApiApp app, long id) =>
        app.SqlAsync<long>($"SELECT count(*) FROM sync_runs WHERE kind = 'replan' AND connection_id = {id}");

    private static async Task RefusedAsync(ApiApp app, string path, object body, string field)
    {
        using var refused = await app.Client.PutAsJsonAsync(path, body);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain($"\"{field}\"");
    }
}
