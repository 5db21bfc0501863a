using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class WebhookTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(Dictionary<string, string> Headers, byte[] Body)> _received = new();
    private readonly WebApplication _receiver;
    private int _status = 200;

    public WebhookTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _receiver = builder.Build();
        _receiver.MapPost("/hooks", async (HttpContext http) =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            _received.Enqueue((http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
            return Results.StatusCode(_status);
        });
    }

    public async ValueTask InitializeAsync() => await _receiver.StartAsync();

    public async ValueTask DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task What_was_on_its_way_at_a_restart_is_sent_after_it_with_the_same_id_and_body()
    {
        var folder = Directory.CreateTempSubdirectory("syncflow-sandbox").FullName;
        try
        {
            _status = 500;
            await using (var sandbox = await StartAsync(o => o with { DataFolder = folder, RetryTimeScale = 1 }))
            {
                await SubscribeAsync(sandbox, "ORDERS_CREATE");
                sandbox.Place(sandbox.Main, 2);
                await WaitAsync(1);
            }

            _status = 200;
            await using (var again = await StartAsync(o => o with { DataFolder = folder, RetryTimeScale = 1 }))
            {
                var attempts = await WaitAsync(2);
                attempts[1].Headers["X-Shopify-Webhook-Id"].ShouldBe(attempts[0].Headers["X-Shopify-Webhook-Id"]);
                attempts[1].Body.ShouldBe(attempts[0].Body);
                await Waits.UntilAsync(() => again.World.Stats["webhooksSent"] == 1, "a delivery");
            }

            await using var third = await StartAsync(o => o with { DataFolder = folder, RetryTimeScale = 1 });
            third.World.Stats["webhooksResumed"].ShouldBe(0, "what was delivered is not sent again");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_webhook_is_signed_over_its_raw_body_and_carries_every_header()
    {
        await using var sandbox = await StartAsync();
        await SubscribeAsync(sandbox, "ORDERS_CREATE");

        var order = sandbox.Place(sandbox.Main, 2);

        var (headers, body) = (await WaitAsync(1))[0];
        headers["X-Shopify-Hmac-Sha256"].ShouldBe(Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body)));
        headers["X-Shopify-Topic"].ShouldBe("orders/create");
        headers["X-Shopify-Shop-Domain"].ShouldBe(sandbox.Main.Domain);
        headers["X-Shopify-API-Version"].ShouldBe("2026-10");
        headers["X-Shopify-Name"].ShouldBe("mine");
        Guid.TryParse(headers["X-Shopify-Webhook-Id"], out _).ShouldBeTrue();
        Guid.TryParse(headers["X-Shopify-Event-Id"], out _).ShouldBeTrue();
        DateTimeOffset.Parse(headers["X-Shopify-Triggered-At"], CultureInfo.InvariantCulture).ShouldBe(order.UpdatedAt);
        var json = JsonSerializer.Deserialize<JsonElement>(body);
        json.GetProperty("id").GetInt64().ShouldBe(order.Id);
        json.GetProperty("admin_graphql_api_id").GetString().ShouldBe($"gid://shopify/Order/{order.Id}");
        var line = json.GetProperty("line_items")[0];
        line.GetProperty("variant_id").GetInt64().ShouldBe(order.Lines[0].VariantId);
        line.GetProperty("fulfillable_quantity").GetInt32().ShouldBe(2);
        line.TryGetProperty("inventory_item_id", out _).ShouldBeFalse();
        json.TryGetProperty("customer", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Only_subscribed_topics_are_sent_and_a_cancel_tells_all_of_its_parts()
    {
        await using var sandbox = await StartAsync();
        foreach (var topic in new[] { "ORDERS_CANCELLED", "ORDERS_UPDATED", "REFUNDS_CREATE", "INVENTORY_LEVELS_UPDATE" })
        {
            await SubscribeAsync(sandbox, topic);
        }

        var order = sandbox.Place(sandbox.Main, 2);
        OrderDesk.Cancel(sandbox.World, sandbox.Main, order.Id, restock: true);

        var topics = (await WaitAsync(5)).Select(r => r.Headers["X-Shopify-Topic"]).Order();
        topics.ShouldBe(["inventory_levels/update", "inventory_levels/update", "orders/cancelled", "orders/updated", "refunds/create"]);
        var refund = JsonSerializer.Deserialize<JsonElement>(_received.Single(r => r.Headers["X-Shopify-Topic"] == "refunds/create").Body);
        refund.GetProperty("refund_line_items")[0].GetProperty("restock_type").GetString().ShouldBe("cancel");
    }

    [Fact]
    public async Task A_failed_delivery_is_retried_eight_times_with_one_id_and_then_the_subscription_goes()
    {
        await using var sandbox = await StartAsync(o => o with { RetryTimeScale = 0.00001 });
        await SubscribeAsync(sandbox, "ORDERS_CREATE");
        _status = 500;

        sandbox.Place(sandbox.Main, 1);

        var received = await WaitAsync(9);
        received.Select(r => r.Headers["X-Shopify-Webhook-Id"]).Distinct().Count().ShouldBe(1);
        await UntilAsync(() => sandbox.Main.Subscriptions.Count == 0);
        sandbox.World.Stats["webhooksFailed"].ShouldBe(1);
    }

    [Fact]
    public async Task Dropped_webhooks_never_come_and_duplicates_carry_the_same_id()
    {
        await using var sandbox = await StartAsync();
        await SubscribeAsync(sandbox, "ORDERS_CREATE");
        sandbox.Main.Faults = new FaultSettings { WebhookDropRate = 1 };
        sandbox.Place(sandbox.Main, 1);
        sandbox.Main.Faults = new FaultSettings { WebhookDuplicateRate = 1 };
        sandbox.Place(sandbox.Main, 1);

        var received = await WaitAsync(2);

        received.Select(r => r.Headers["X-Shopify-Webhook-Id"]).Distinct().Count().ShouldBe(1);
        sandbox.World.Stats["webhooksDropped"].ShouldBe(1);
    }

    [Fact]
    public async Task An_outage_holds_webhooks_until_it_ends()
    {
        await using var sandbox = await StartAsync();
        await SubscribeAsync(sandbox, "ORDERS_CREATE");
        sandbox.Main.Faults = new FaultSettings { Outage = true };
        sandbox.Place(sandbox.Main, 1);
        await Task.Delay(300);
        _received.ShouldBeEmpty();

        sandbox.Main.Faults = new FaultSettings();

        (await WaitAsync(1)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_uninstall_is_told_and_then_the_token_is_dead()
    {
        await using var sandbox = await StartAsync();
        await SubscribeAsync(sandbox, "APP_UNINSTALLED");

        await sandbox.ControlAsync(HttpMethod.Post, $"/sandbox/stores/{sandbox.Main.Domain}/uninstall");

        (await WaitAsync(1))[0].Headers["X-Shopify-Topic"].ShouldBe("app/uninstalled");
        using var refused = await sandbox.PostAsync(sandbox.Main, "{ shop { id } }");
        ((int)refused.StatusCode).ShouldBe(401);
    }

    [Fact]
    public async Task Subscriptions_are_listed_changed_and_deleted()
    {
        await using var sandbox = await StartAsync();
        var id = await SubscribeAsync(sandbox, "ORDERS_CREATE");
        (await SubscribeRawAsync(sandbox, "ORDERS_CREATE")).GetProperty("userErrors")[0].GetProperty("message").GetString()
            .ShouldBe("Address for this topic has already been taken");

        await sandbox.GraphAsync(
            sandbox.Main, "mutation($id:ID!){ webhookSubscriptionUpdate(id:$id, webhookSubscription:{uri:\"http://127.0.0.1:9/new\"}){ userErrors{ message } } }", new { id });
        var list = await sandbox.GraphAsync(sandbox.Main, "{ webhookSubscriptions(first:5, topics:[ORDERS_CREATE]){ nodes{ id uri topic endpoint{ __typename } } } }");
        var node = list.GetProperty("data").GetProperty("webhookSubscriptions").GetProperty("nodes")[0];
        node.GetProperty("uri").GetString().ShouldBe("http://127.0.0.1:9/new");
        node.GetProperty("endpoint").GetProperty("__typename").GetString().ShouldBe("WebhookHttpEndpoint");

        await sandbox.GraphAsync(sandbox.Main, "mutation($id:ID!){ webhookSubscriptionDelete(id:$id){ deletedWebhookSubscriptionId } }", new { id });
        sandbox.Main.Subscriptions.ShouldBeEmpty();
    }

    private async Task<string> SubscribeAsync(Sandbox sandbox, string topic) =>
        (await SubscribeRawAsync(sandbox, topic)).GetProperty("webhookSubscription").GetProperty("id").GetString()!;

    private async Task<JsonElement> SubscribeRawAsync(Sandbox sandbox, string topic) => (await sandbox.GraphAsync(
        sandbox.Main,
        "mutation($t:WebhookSubscriptionTopic!,$u:String){ webhookSubscriptionCreate(topic:$t, webhookSubscription:{uri:$u, name:\"mine\"}){ webhookSubscription{ id } userErrors{ field message } } }",
        new { t = topic, u = _receiver.Urls.First() + "/hooks" })).GetProperty("data").GetProperty("webhookSubscriptionCreate");

    private async Task<List<(Dictionary<string, string> Headers, byte[] Body)>> WaitAsync(int count)
    {
        await UntilAsync(() => _received.Count >= count);
        await Task.Delay(50);
        _received.Count.ShouldBe(count);
        return [.. _received];
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 250 && !condition(); i++)
        {
            await Task.Delay(40);
        }

        condition().ShouldBeTrue("waited ten seconds");
    }
}
