using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Facts;
using SyncFlow.Tests.Simulator;
using SyncFlow.Tests.Support;

namespace SyncFlow.Tests.Channels;

/// <summary>A real endpoint that verifies, normalises and keeps the webhooks it gets.</summary>
internal sealed class HookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(ShopifyWebhookHeaders Headers, InboundEvent Event)> _events = new();

    private HookReceiver(WebApplication app) => _app = app;

    internal Uri Address => new(new Uri(_app.Urls.First()), "/hooks/shopify");

    internal IReadOnlyList<(ShopifyWebhookHeaders Headers, InboundEvent Event)> Events => [.. _events];

    internal static async Task<HookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var receiver = new HookReceiver(builder.Build());
        receiver._app.MapPost("/hooks/shopify", (Delegate)receiver.TakeAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>Waits for so many webhooks of a topic and gives the last one's facts.</summary>
    internal async Task<T> FactAsync<T>(string topic, int count = 1)
        where T : Fact
    {
        await Waits.UntilAsync(() => Events.Count(e => e.Headers.Topic == topic) >= count, $"{count} of {topic}");
        var latest = Events.Where(e => e.Headers.Topic == topic).MaxBy(e => e.Headers.TriggeredAt).Event;
        var result = Normalisers.Normalise(latest);
        result.MalformedReason.ShouldBeNull();
        return result.Facts.Single().ShouldBeOfType<T>();
    }

    private async Task<IResult> TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = ShopifyWebhookHeaders.Read(
            http.Request.Headers, (all, name) => all.TryGetValue(name, out var value) ? value.ToString() : null, out _);
        if (headers is null || !ShopifyWebhookVerifier.Verify(body.ToArray(), headers.Hmac, System.Text.Encoding.UTF8.GetBytes(Sandbox.Secret)))
        {
            return Results.Unauthorized();
        }

        _events.Enqueue((headers, new InboundEvent(
            ContentKinds.ShopifyWebhook, headers.Topic, new ConnectionId(1), 1, headers.WebhookId, headers.TriggeredAt!.Value,
            body.ToArray())));
        return Results.Ok();
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
