using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Whatever is sent to the webhook endpoint, as a person sees it afterwards; the good event beside it counts.</summary>
public sealed class BadInputTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Broken_and_unknown_webhooks_are_seen_and_counted_and_lose_no_good_event()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var app = await ApiApp.StartAsync(database, await redis.ConfigurationAsync());
        await app.ConnectAsync();
        await app.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await app.PostAsync("/api/v1/skus", new { code = "A" });

        using var unknown = await app.WebhookAsync("{}", "1", shop: "nobody.myshopify.com");
        using var unsigned = await app.WebhookAsync("{}", "2", hmac: null);
        using var forged = await app.WebhookAsync("{}", "3", hmac: Convert.ToBase64String(new byte[32]));
        using var large = await app.WebhookAsync(new string(' ', 5 << 20), "4");
        using var broken = await app.WebhookAsync("{ broken", "5");
        using var alien = await app.WebhookAsync("{}", "6", topic: "moons/rise");
        await app.PostAsync(
            "/api/v1/stock-movements", new { sku = "A", location = "MAIN", kind = "receipt", units = 5, reason = "delivery", key = "note-1" });
        new[] { unknown, unsigned, forged, large, broken, alien }.Select(a => a.StatusCode).ShouldBe(
        [
            HttpStatusCode.NotFound, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.RequestEntityTooLarge,
            HttpStatusCode.OK, HttpStatusCode.OK,
        ]);

        await using var source = NpgsqlDataSource.Create(PostgresExtensions.ForRole(database, PostgresRole.Worker));
        var pipeline = new ApplyPipeline(
            source, new InboxStore(source, TimeProvider.System), TimeProvider.System, NullLogger<ApplyPipeline>.Instance);
        var tenant = await app.SqlAsync<long>("SELECT min(tenant_id) FROM tenants");
        (await pipeline.RunAsync(new TenantId(tenant), CancellationToken.None)).Failed.ShouldBe(0);

        var dead = (await app.GetAsync("/api/v1/dead-letters"))["items"]!.AsArray();
        dead.Count.ShouldBe(1);
        dead[0]!.ToJsonString().ShouldContain("orders/create");
        dead[0]!["error"]!.GetValue<string>().ShouldNotBeNullOrEmpty();
        (await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE state = 3 AND topic = 'moons/rise' AND error IS NOT NULL")).ShouldBe(1);
        (await app.GetAsync("/api/v1/stats/pipeline")).ToJsonString().ShouldContain("\"eventsIgnored\":1");
        (await app.SqlAsync<int>("SELECT on_hand FROM positions")).ShouldBe(5);
    }
}
