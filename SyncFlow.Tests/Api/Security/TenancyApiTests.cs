using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Storage.Tenancy;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

public sealed class TenancyApiTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_quota_is_told_enforced_and_set_for_one_tenant_alone()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.Services.GetRequiredService<TenantDesk>().SetQuotaAsync(1, Quota.Locations, 2, Ct);
        using var other = await app.OtherTenantAsync();
        foreach (var code in new[] { "A", "B" })
        {
            (await app.PostAsync("/api/v1/locations", new { code, name = code })).Status.ShouldBe(HttpStatusCode.Created);
        }

        var (status, problem) = await app.PostAsync("/api/v1/locations", new { code = "C", name = "C" });
        status.ShouldBe(HttpStatusCode.Conflict);
        ((string)problem!["type"]!).ShouldEndWith("/quota-reached");
        ((string)problem["quota"]!).ShouldBe("locations");
        var quotas = (await app.GetAsync("/api/v1/tenant"))["quotas"]!.AsArray();
        ((long)quotas.Single(q => (string)q!["quota"]! == "locations")!["used"]!).ShouldBe(2);
        foreach (var code in new[] { "A", "B", "C" })
        {
            (await other.PostAsJsonAsync("/api/v1/locations", new { code, name = code }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Created);
        }
    }

    [Fact]
    public async Task The_number_of_SKUs_is_held_whichever_way_they_are_made()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.Services.GetRequiredService<TenantDesk>().SetQuotaAsync(1, Quota.Skus, 2, Ct);
        var connection = await app.ConnectAsync();
        await app.SqlAsync<long>(
            """
            INSERT INTO channel_items (tenant_id, connection_id, variant_ref, item_ref, product_ref, sku_text, title, tracked, oversell_allowed, is_bundle, archived, seen_at)
            SELECT 1, $1, 'v' || n, 'i' || n, 'p' || n, 'S' || n, 's', true, false, false, false, now() FROM generate_series(1, 2) n RETURNING tenant_id
            """,
            connection);
        (await app.PostAsync("/api/v1/skus", new { code = "A" })).Status.ShouldBe(HttpStatusCode.Created);
        var (status, problem) = await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection });
        (status, (string)problem!["quota"]!).ShouldBe((HttpStatusCode.Conflict, "skus"), "two more would be three");
        (await app.SqlAsync<long>("SELECT count(*) FROM skus")).ShouldBe(1, "nothing is done by halves");
        (await app.PostAsync("/api/v1/listings/pools", new { connectionId = connection, sku = "S1" })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync("/api/v1/skus", new { code = "B" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.PostAsync("/api/v1/listings/pools", new { connectionId = connection, sku = "S2" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.PostAsync("/api/v1/listings/auto-map", new { connectionId = connection, createMissingSkus = false })).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Deletion_needs_the_name_waits_and_can_be_taken_back()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        (await app.PostAsync("/api/v1/tenant/deletion", new { confirm = "yes" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        var (status, tenant) = await app.PostAsync("/api/v1/tenant/deletion", new { confirm = "Default" });
        status.ShouldBe(HttpStatusCode.Accepted);
        ((DateTimeOffset)tenant!["deletionDueAt"]! - (DateTimeOffset)tenant["deletionAskedAt"]!).TotalDays.ShouldBe(30);
        (await app.Client.GetAsync("/api/v1/stock", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK, "everything goes on until then");
        (await app.Client.DeleteAsync("/api/v1/tenant/deletion", Ct)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await app.GetAsync("/api/v1/tenant"))["tenant"]!["deletionDueAt"].ShouldBeNull();
        (await app.GetAsync("/api/v1/audit?action=tenants.update"))["items"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Groups_and_permissions_of_stores_are_set_checked_and_told_as_they_count()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var (one, two) = (await app.ConnectAsync("one.myshopify.com"), await app.ConnectAsync("two.myshopify.com"));
        var (_, outlets) = await app.PostAsync("/api/v1/store-groups", new { name = "outlets", connectionIds = new[] { one, two } });
        var (_, closed) = await app.PostAsync("/api/v1/store-groups", new { name = "closed", connectionIds = new[] { two } });
        (await app.PostAsync("/api/v1/store-groups", new { name = "outlets" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.PostAsync("/api/v1/store-groups", new { name = "x", connectionIds = new[] { 99 } })).Status.ShouldBe(HttpStatusCode.BadRequest);

        await PutAsync(app, $"/store-groups/{outlets!["id"]}/permissions", new { topics = new { orders = "read", levels = "both" } }, HttpStatusCode.OK);
        await PutAsync(app, $"/store-groups/{closed!["id"]}/permissions", new Dictionary<string, object> { ["topics"] = new Dictionary<string, string> { ["*"] = "read" } }, HttpStatusCode.OK);
        await PutAsync(app, $"/connections/{one}/permissions", new { topics = new { sales = "read" } }, HttpStatusCode.BadRequest);
        (await InForceAsync(app, one)).ShouldBe("read both both");
        (await InForceAsync(app, two)).ShouldBe("read read read", "the strictest of its groups counts");

        await PutAsync(app, $"/connections/{two}/permissions", new { topics = new { levels = "push" } }, HttpStatusCode.OK);
        (await InForceAsync(app, two)).ShouldBe("read push read", "its own word counts before its groups'");
        (await app.Client.DeleteAsync($"/api/v1/store-groups/{closed["id"]}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await InForceAsync(app, two)).ShouldBe("read push both");
    }

    private static async Task PutAsync(ApiApp app, string path, object body, HttpStatusCode expected)
    {
        using var answer = await app.Client.PutAsJsonAsync("/api/v1" + path, body, Ct);
        answer.StatusCode.ShouldBe(expected, await answer.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<string> InForceAsync(ApiApp app, long connection)
    {
        var inForce = (await app.GetAsync($"/api/v1/connections/{connection}/permissions"))["inForce"]!;
        return $"{inForce["orders"]} {inForce["levels"]} {inForce["catalog"]}";
    }
}
