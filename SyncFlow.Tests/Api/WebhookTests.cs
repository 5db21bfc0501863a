using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Api.Webhooks;
using SyncFlow.AppHost.Servers;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Schema;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class WebhookTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Bad_webhooks_store_nothing_and_the_good_one_beside_them_is_stored()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.ConnectAsync();
        var large = new string(' ', 5 << 20);
        var answers = await Task.WhenAll(
            app.WebhookAsync("{}", "a", shop: "nobody.myshopify.com"),
            app.WebhookAsync("{}", "b", hmac: null),
            app.WebhookAsync("{}", "c", hmac: Convert.ToBase64String(new byte[32])),
            app.WebhookAsync("{}", "d", hmac: "not base64"),
            app.WebhookAsync(large, "e"),
            app.WebhookAsync("""{"id":1}""", "good"));

        answers.Select(answer => answer.StatusCode).ShouldBe(
        [
            HttpStatusCode.NotFound, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized,
            HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.OK,
        ]);
        var problem = JsonNode.Parse(await answers[0].Content.ReadAsStringAsync())!;
        ((string)problem["type"]!).ShouldBe("https://syncflow.dev/problems/unknown-shop");
        (await app.InboxCountAsync()).ShouldBe(1);
        (await app.SqlAsync<string>("SELECT webhook_id FROM inbox")).ShouldBe("good");
    }

    [Fact]
    public async Task A_body_of_unknown_length_over_the_limit_is_refused()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.ConnectAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/shopify") { Content = new StreamContent(new Endless(5 << 20)) };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Add("X-Shopify-Topic", "orders/create");
        request.Headers.Add("X-Shopify-Shop-Domain", ApiApp.Shop);
        request.Headers.Add("X-Shopify-Webhook-Id", "1");
        using var answer = await app.Client.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await app.InboxCountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Broken_json_and_unknown_topics_are_stored_as_received_when_the_signature_is_good()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        (await app.WebhookAsync("{ broken", "1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.WebhookAsync("{}", "2", topic: "moons/rise")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.SqlAsync<string>("SELECT convert_from(body, 'UTF8') FROM inbox WHERE webhook_id = '1'")).ShouldBe("{ broken");
        (await app.SqlAsync<string>("SELECT topic || ' ' || content FROM inbox WHERE webhook_id = '2'")).ShouldBe("moons/rise shopify.webhook");
        (await app.SqlAsync<long>("SELECT count(*) FROM inbox WHERE connection_id = $1 AND state = 0", connection)).ShouldBe(2);
    }

    [Fact]
    public async Task The_same_webhook_id_is_stored_once_and_answered_200_each_time()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.ConnectAsync();
        for (var delivery = 0; delivery < 3; delivery++)
        {
            (await app.WebhookAsync("""{"id":1}""", "same")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        (await app.InboxCountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Two_hundred_concurrent_webhooks_share_commits_and_are_stored_once_each()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        await app.ConnectAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => app.WebhookAsync("""{"id":1}""", $"w{number}")));
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        (await app.InboxCountAsync()).ShouldBe(200);
        app.Services.GetRequiredService<GroupCommitInbox<InboxEvent>>().Statements.ShouldBeLessThan(150);
    }

    [Fact]
    public async Task Without_redis_webhooks_are_stored_and_answered()
    {
        await using var app = await ApiApp.StartAsync(await postgres.CreateDatabaseAsync(), "127.0.0.1:1");
        await app.ConnectAsync();
        (await app.WebhookAsync("{}", "1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.InboxCountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Without_postgres_webhooks_are_refused_so_that_they_come_again()
    {
        var folder = TestServers.CreateFolder();
        var settings = new PostgresSettings(folder.FullName, Path.Combine(folder.FullName, "postgres.log"), Temporary: true);
        var server = await TestServers.StartOrSkipAsync(limit => EmbeddedPostgres.StartAsync(settings, limit));
        var stopped = false;
        try
        {
            await Migrator.MigrateAsync(server.ConnectionString, TestContext.Current.CancellationToken);
            await using var app = await ApiApp.StartAsync(server.ConnectionString, await redis.ConfigurationAsync());
            await app.ConnectAsync();
            (await app.WebhookAsync("{}", "1")).StatusCode.ShouldBe(HttpStatusCode.OK);
            await server.DisposeAsync();
            stopped = true;

            var known = await app.WebhookAsync("{}", "2");
            var unknown = await app.WebhookAsync("{}", "3", shop: "other.myshopify.com");
            known.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            known.Headers.RetryAfter.ShouldNotBeNull();
            unknown.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await app.Client.GetAsync("/api/v1/skus")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }
        finally
        {
            if (!stopped)
            {
                await server.DisposeAsync();
            }

            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_closed_connection_takes_no_webhooks_any_more()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var id = await app.ConnectAsync();
        (await app.WebhookAsync("{}", "1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.PostAsync($"/api/v1/connections/{id}/attest-closed", new { confirm = ApiApp.Shop })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.WebhookAsync("{}", "2")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await app.ConnectAsync()).ShouldNotBe(id, "a closed shop may be connected anew");
    }

    private sealed class Endless(int length) : MemoryStream(new byte[length])
    {
        public override bool CanSeek => false;
    }
}
