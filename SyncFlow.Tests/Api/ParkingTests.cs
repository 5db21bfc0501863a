using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class ParkingTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Units_are_parked_where_the_connection_owns_on_hand_and_the_switch_replans_its_levels()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var id = await app.ConnectAsync();
        var path = $"/api/v1/connections/{id}/parking";
        await RefusedAsync(app, path, new { enabled = true }, "enabled");
        await RefusedAsync(app, path, new { }, "enabled");
        await RefusedAsync(app, path, new { enabled = "yes" }, "enabled");
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(0);

        (await app.Client.PutAsJsonAsync("/api/v1/authority-rules", new { owner = "connection", connectionId = id })).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var on = await app.Client.PutAsJsonAsync(path, new { enabled = true });
        on.StatusCode.ShouldBe(HttpStatusCode.OK, await on.Content.ReadAsStringAsync());
        var view = JsonNode.Parse(await app.Client.GetStringAsync(path))!;
        ((bool)view["enabled"]!, (int)view["levels"]!, (int)view["parked"]!).ShouldBe((true, 0, 0));
        (await app.SqlAsync<long>($"SELECT count(*) FROM sync_runs WHERE kind = 'replan' AND connection_id = {id}")).ShouldBe(1);

        (await app.Client.PutAsJsonAsync(path, new { enabled = true })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.SqlAsync<long>($"SELECT count(*) FROM sync_runs WHERE kind = 'replan' AND connection_id = {id}")).ShouldBe(1, "nothing changed");
        (await app.Client.PutAsJsonAsync(path, new { enabled = false })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.SqlAsync<bool>($"SELECT (settings->>'parksUnits')::bool FROM connections WHERE connection_id = {id}")).ShouldBeFalse();
    }

    [Fact]
    public async Task Another_tenants_connection_is_not_found()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var path = $"/api/v1/connections/{await app.ConnectAsync()}/parking";
        using var other = await app.OtherTenantAsync();
        (await other.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await other.PutAsJsonAsync(path, new { enabled = false })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await app.Client.GetAsync("/api/v1/connections/999/parking")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static async Task RefusedAsync(ApiApp app, string path, object body, string field)
    {
        using var refused = await app.Client.PutAsJsonAsync(path, body);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain($"\"{field}\"");
    }
}
