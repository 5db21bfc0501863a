using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class BrakeTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_switch_is_set_shown_everywhere_and_lifted_and_says_who_and_why()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var (status, body) = await PutAsync(app, $"/api/v1/brakes/connections/{connection}", new { strength = "increases", why = "stock take" });
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
        ((string)body!["brake"]!["strength"]!).ShouldBe("increases");
        ((string)body["brake"]!["why"]!).ShouldBe("stock take");
        ((string)body["brake"]!["who"]!).ShouldNotBeEmpty();
        body["brake"]!["since"].ShouldNotBeNull();

        ((string)(await app.GetAsync($"/api/v1/connections/{connection}"))["brake"]!["why"]!).ShouldBe("stock take");
        ((long)(await app.GetAsync("/api/v1/stats/pipeline"))["connectionsFrozen"]!).ShouldBe(1);
        (await app.GetAsync("/api/v1/brakes"))["items"]!.AsArray().Count.ShouldBe(1);

        await PutAsync(app, "/api/v1/brakes/tenant", new { strength = "allWrites", why = "audit" });
        ((string)(await app.GetAsync($"/api/v1/connections/{connection}"))["brake"]!["why"]!).ShouldBe("audit", "the stronger one is in force");
        await PutAsync(app, "/api/v1/brakes/tenant", new { strength = "none" });
        var (_, lifted) = await PutAsync(app, $"/api/v1/brakes/connections/{connection}", new { strength = "none" });
        ((int)lifted!["writes"]!["total"]!).ShouldBe(0);
        (await app.GetAsync($"/api/v1/connections/{connection}"))["brake"].ShouldBeNull();
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE action = 'brake'")).ShouldBe(4);
        var entry = (await app.GetAsync($"/api/v1/audit?action=brake&subject=connection:{connection}"))["items"]![0]!;
        ((string)entry["before"]!["strength"]!, (string)entry["before"]!["why"]!, (string)entry["after"]!["strength"]!).ShouldBe(("Increases", "stock take", "None"));
    }

    [Fact]
    public async Task A_wrong_wish_names_its_field_and_a_stale_one_changes_nothing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var path = $"/api/v1/brakes/connections/{connection}";
        await FieldAsync(app, path, new { why = "x" }, "strength");
        await FieldAsync(app, path, new { strength = "half", why = "x" }, "strength");
        await FieldAsync(app, path, new { strength = "increases" }, "why");
        await FieldAsync(app, path, new { strength = "increases", why = new string('x', 501) }, "why");
        (await PutAsync(app, "/api/v1/brakes/connections/999", new { strength = "increases", why = "x" })).Status.ShouldBe(HttpStatusCode.NotFound);
        using var other = await app.OtherTenantAsync();
        (await other.PutAsJsonAsync(path, new { strength = "increases", why = "x" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await app.SqlAsync<long>("SELECT count(*) FROM brakes")).ShouldBe(0);

        using var read = await app.Client.GetAsync(path);
        var tag = read.Headers.ETag!.Tag;
        (await PutAsync(app, path, new { strength = "increases", why = "x" }, tag)).Status.ShouldBe(HttpStatusCode.OK);
        (await PutAsync(app, path, new { strength = "allWrites", why = "y" }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await app.SqlAsync<short>("SELECT strength FROM brakes")).ShouldBe((short)1);

        // A preview tells and changes nothing.
        var (_, preview) = await PutAsync(app, path + "?preview=true", new { strength = "none" });
        preview!["writes"].ShouldNotBeNull();
        (await app.SqlAsync<short>("SELECT strength FROM brakes")).ShouldBe((short)1);
    }

    private static async Task FieldAsync(ApiApp app, string path, object body, string field)
    {
        var (status, problem) = await PutAsync(app, path, body);
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().Single().Key.ShouldBe(field);
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(ApiApp app, string path, object body, string? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.Add("If-Match", tag);
        }

        return await app.SendAsync(request);
    }
}
