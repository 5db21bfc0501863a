using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class PreorderTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Path = "/api/v1/skus/A/preorder";

    private static string Soon => TimeProvider.System.GetUtcNow().AddDays(30).ToString("O");

    [Fact]
    public async Task A_SKU_is_sold_against_what_is_on_its_way_and_the_promise_stands_until_the_goods_are_there()
    {
        await using var app = await StartAsync(onHand: 0);
        var (status, set) = await PutAsync(app, new { location = "MAIN", cap = 10, incoming = 8, until = Soon, arrivesOn = "2026-12-24" });
        status.ShouldBe(HttpStatusCode.OK);
        ((int)set!["incoming"]!, (string)set["arrivesOn"]!, (int)set["promised"]!).ShouldBe((8, "2026-12-24", 0));
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(8);
        ((int)(await app.GetAsync("/api/v1/stock"))["items"]![0]!["ats"]!).ShouldBe(8);

        // A hold is promised against it, so it cannot be taken away, and another place cannot ship it.
        (await app.PostAsync("/api/v1/reservations", new
        {
            reference = "cart",
            expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(15),
            lines = new[] { new { sku = "A", units = 3 } },
        })).Status.ShouldBe(HttpStatusCode.Created);
        ((int)(await app.GetAsync(Path))["promised"]!).ShouldBe(3);
        (await app.Client.DeleteAsync(Path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await app.GetAsync("/api/v1/preorders"))["items"]!.AsArray().Count.ShouldBe(1);
        using var other = await app.OtherTenantAsync();
        (await other.GetAsync(Path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_preorder_that_nothing_is_promised_against_can_be_taken_away()
    {
        await using var app = await StartAsync(onHand: 5);
        await PutAsync(app, new { location = "MAIN", cap = 10, incoming = 8, until = Soon });
        (await app.Client.DeleteAsync(Path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await app.Client.DeleteAsync(Path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        ((int)(await app.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(5);
    }

    [Theory]
    [InlineData("""{"cap":1,"incoming":1,"until":"SOON"}""", "location")]
    [InlineData("""{"location":"MOON","cap":1,"incoming":1,"until":"SOON"}""", "location")]
    [InlineData("""{"location":"MAIN","cap":0,"incoming":1,"until":"SOON"}""", "cap")]
    [InlineData("""{"location":"MAIN","cap":1.5,"incoming":1,"until":"SOON"}""", "cap")]
    [InlineData("""{"location":"MAIN","cap":1,"incoming":-1,"until":"SOON"}""", "incoming")]
    [InlineData("""{"location":"MAIN","cap":1,"incoming":1,"until":"2020-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"location":"MAIN","cap":1,"incoming":1}""", "until")]
    public async Task What_cannot_be_is_refused_by_field_and_nothing_changes(string body, string field)
    {
        await using var app = await StartAsync(onHand: 5);
        using var request = new HttpRequestMessage(HttpMethod.Put, Path)
        {
            Content = new StringContent(body.Replace("SOON", Soon, StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"),
        };
        var (status, problem) = await app.SendAsync(request);
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().ShouldContainKey(field);
        (await app.SqlAsync<long>("SELECT count(*) FROM preorders")).ShouldBe(0);
    }

    [Fact]
    public async Task A_place_that_nobody_counted_is_counted_first()
    {
        await using var app = await StartAsync(onHand: 5);
        await app.PostAsync("/api/v1/locations", new { code = "NEW", name = "New" });
        var (status, problem) = await PutAsync(app, new { location = "NEW", cap = 1, incoming = 1, until = Soon });
        status.ShouldBe(HttpStatusCode.Conflict);
        ((string)problem!["detail"]!).ShouldContain("count it first");
    }

    [Fact]
    public async Task Units_are_set_aside_only_where_somebody_sells_without_a_cap()
    {
        await using var app = await StartAsync(onHand: 5);
        const string aside = "/api/v1/stock/A/set-aside";
        (await PutAsync(app, new { location = "MAIN", units = 2 }, aside)).Status.ShouldBe(HttpStatusCode.Conflict, "no such seller");
        await app.ConnectAsync();
        await app.SqlAsync<long>(
            """
            WITH till AS (UPDATE connections SET status = 3, settings = '{"uncappable":true}' RETURNING tenant_id, connection_id)
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, active, fulfills_online, location_id, updated_at)
            SELECT tenant_id, connection_id, 'x1', 'Till', true, true, (SELECT min(location_id) FROM locations), now() FROM till RETURNING 1::bigint
            """);
        (await PutAsync(app, new { location = "MAIN", units = 6 }, aside)).Body!["errors"]!.AsObject().ShouldContainKey("units");
        (await PutAsync(app, new { location = "MAIN", units = -1 }, aside)).Status.ShouldBe(HttpStatusCode.BadRequest);
        var (status, answer) = await PutAsync(app, new { location = "MAIN", units = 2 }, aside);
        status.ShouldBe(HttpStatusCode.OK);
        ((int)answer!["units"]!, (int)answer["outside"]!).ShouldBe((2, 3));

        // Only what is aside can be reserved; the till may have sold the rest.
        static object Cart(int units) => new
        {
            reference = $"cart-{units}",
            expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(15),
            lines = new[] { new { sku = "A", units } },
        };
        (await app.PostAsync("/api/v1/reservations", Cart(3))).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.PostAsync("/api/v1/reservations", Cart(2))).Status.ShouldBe(HttpStatusCode.Created);
        (await app.SqlAsync<int>("SELECT set_aside FROM positions")).ShouldBe(0);
    }

    private static Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(ApiApp app, object body, string path = Path) =>
        app.PutSeenAsync(path, body);

    private async Task<ApiApp> StartAsync(int onHand)
    {
        var app = await ApiApp.StartAsync(postgres, redis);
        await app.PostAsync("/api/v1/skus", new { code = "A", mode = "guard" });
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await app.SqlAsync<long>(
            "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, s.sku_id, l.location_id, $1, true FROM skus s, locations l RETURNING tenant_id",
            onHand);
        return app;
    }
}
