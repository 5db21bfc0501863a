using System.Net;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class BillingTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Where_nobody_bills_everything_is_allowed_and_said_so()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var billing = await app.GetAsync("/api/v1/billing");
        ((bool)billing["billed"]!, (long)billing["usage"]!["used"]!).ShouldBe((false, 0));
        await app.ConnectAsync();
    }

    [Fact]
    public async Task The_plans_store_limit_holds_and_closed_stores_do_not_count()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await StandAsync(app, standing: 2, maxStores: 2);
        var first = await app.ConnectAsync("one.myshopify.com");
        await app.ConnectAsync("two.myshopify.com");
        var (status, problem) = await ConnectAsync(app, "three.myshopify.com");
        (status, (string)problem!["type"]!).ShouldBe((HttpStatusCode.PaymentRequired, "https://syncflow.dev/problems/plan-limit"));
        ((string)problem["detail"]!).ShouldContain("2 stores");
        (await app.SqlAsync<long>("SELECT count(*) FROM connections")).ShouldBe(2);

        (await app.PostAsync($"/api/v1/connections/{first}/attest-closed", new { confirm = "one.myshopify.com" })).Status.ShouldBe(HttpStatusCode.OK);
        (await ConnectAsync(app, "three.myshopify.com")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task C39_After_a_lapse_no_store_is_added_and_what_is_there_is_served()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        await StandAsync(app, standing: 4, maxStores: 5);
        (await ConnectAsync(app, "more.myshopify.com")).Status.ShouldBe(HttpStatusCode.PaymentRequired);
        var standing = (await app.GetAsync("/api/v1/billing"))["standing"]!;
        ((string)standing["standing"]!, (bool)standing["mayGrow"]!, (string)standing["why"]!).ShouldBe(("stopped", false, "It has ended."));
        (await app.PostAsync($"/api/v1/connections/{connection}/attest-closed", new { confirm = ApiApp.Shop })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.WebhookAsync("{}", "1")).StatusCode.ShouldBe(HttpStatusCode.NotFound, "closed; a lapse closes nothing by itself");
        using var other = await app.OtherTenantAsync();
        (await other.GetStringAsync("/api/v1/billing")).ShouldContain("\"billed\":false");
    }

    [Theory]
    [InlineData("{\"plan\":\"\"}", "plan")]
    [InlineData("{\"plan\":\"starter\",\"cap\":0}", "cap")]
    [InlineData("{\"plan\":\"starter\",\"cap\":-5}", "cap")]
    public async Task Bad_input_names_its_field(string body, string field)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await app.Client.PostAsync("/api/v1/billing/subscribe", content);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain($"\"{field}\"");
        (await app.Client.GetAsync("/api/v1/billing/usage?at=november")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(0);
    }

    private static Task<(HttpStatusCode Status, System.Text.Json.Nodes.JsonNode? Body)> ConnectAsync(ApiApp app, string shop) =>
        app.PostAsync("/api/v1/connections", new { kind = "shopify", name = shop, shop, accessToken = "shpat_x" });

    private static Task<long> StandAsync(ApiApp app, short standing, int maxStores) => app.SqlAsync<long>(
        """
        INSERT INTO billing_standing (tenant_id, standing, plan, max_stores, included, allowed, why, since, checked_at)
        SELECT min(tenant_id), $1, 'starter', $2, 5000, 5000, CASE WHEN $1 = 4 THEN 'It has ended.' END, now(), now() FROM tenants
        RETURNING tenant_id
        """,
        standing, maxStores);
}
