using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Webhooks;

/// <summary>One webhook on its way to one subscription; retries carry the same id and body.</summary>
internal sealed record Delivery(
    Shop Shop, WebhookSubscription Subscription, string Topic, byte[] Body, Guid WebhookId, Guid EventId,
    DateTimeOffset TriggeredAt);

/// <summary>
/// Sends webhooks as Shopify does: signed, in parallel, 5 seconds to answer, 8 retries over about 4 hours, no order
/// kept. A subscription whose delivery failed 9 times is deleted.
/// </summary>
internal sealed class WebhookSender : IAsyncDisposable
{
    /// <summary>Retries after the first attempt.</summary>
    internal const int MaxRetries = 8;

    private const int MaxParallel = 64;

    private const string UserAgent = "Shopify-Captain-Hook";

    /// <summary>First wait; doubled eight times the waits add up to four hours.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(4 * 3600 / 255.0);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan OutagePoll = TimeSpan.FromMilliseconds(100);

    private readonly World _world;
    private readonly byte[] _secret;
    private readonly double _retryTimeScale;
    private readonly HttpMessageInvoker _http;
    private readonly SemaphoreSlim _slots = new(MaxParallel);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private long _pending;

    internal WebhookSender(World world, string clientSecret, double retryTimeScale)
    {
        _world = world;
        _secret = Encoding.UTF8.GetBytes(clientSecret);
        _retryTimeScale = retryTimeScale;

        // Nothing of what a client does beside sending is wanted, and a crowd of webhooks shares its processors with who hears them.
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = MaxParallel,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
        });
    }

    /// <summary>Webhooks accepted and not yet delivered or given up.</summary>
    internal long Pending => Interlocked.Read(ref _pending);

    /// <summary>Takes a notice; the body is rendered at once, while the caller holds the shop's gate.</summary>
    internal void Send(Shop shop, ShopNotice notice, DateTimeOffset now)
    {
        if (shop.Subscriptions.Count == 0 || !shop.Installed)
        {
            return;
        }

        byte[]? body = null;
        var eventId = Guid.Empty;
        foreach (var subscription in shop.Subscriptions.Values)
        {
            if (WebhookSubscription.HeaderTopic(subscription.Topic) != notice.Topic)
            {
                continue;
            }

            if (body is null)
            {
                body = RestPayloads.Render(shop, notice, now);
                eventId = _world.NewId();
            }

            Post(new Delivery(shop, subscription, notice.Topic, body, _world.NewId(), eventId, now));
        }
    }

    /// <summary>Sends what was on its way when the process before ended; what nobody subscribes to any more is left out.</summary>
    internal void Resume(Shop shop)
    {
        lock (shop.Gate)
        {
            foreach (var left in shop.Undelivered.Values.OrderBy(w => w.TriggeredAt))
            {
                if (shop.Subscriptions.TryGetValue(left.SubscriptionId, out var subscription))
                {
                    _world.Stats.Count("webhooksResumed");
                    Start(
                        new Delivery(shop, subscription, left.Topic, left.Body, left.WebhookId, left.EventId, left.TriggeredAt),
                        shop.Faults);
                }
                else
                {
                    Settled(shop, left.WebhookId);
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running.Keys);
        _http.Dispose();
        _slots.Dispose();
        _stop.Dispose();
    }

    private void Post(Delivery delivery)
    {
        var faults = delivery.Shop.Faults;
        if (_world.Draw() < faults.WebhookDropRate)
        {
            _world.Stats.Count("webhooksDropped");
            return;
        }

        Remember(delivery);
        Start(delivery, faults);
        if (_world.Draw() < faults.WebhookDuplicateRate)
        {
            _world.Stats.Count("webhooksDuplicated");
            Start(delivery, faults);
        }
    }

    private void Start(Delivery delivery, FaultSettings faults)
    {
        var delay = faults.WebhookDelayMaxMs > 0 ? _world.Draw(faults.WebhookDelayMinMs, faults.WebhookDelayMaxMs) : 0;
        if (_world.Draw() < faults.WebhookReorderRate)
        {
            delay += faults.WebhookReorderMs;
        }

        Interlocked.Increment(ref _pending);
        var task = Task.Run(() => DeliverAsync(delivery, TimeSpan.FromMilliseconds(delay)));
        _running.TryAdd(task, 0);
        task.ContinueWith(t => _running.TryRemove(t, out _), TaskScheduler.Default);
    }

    private async Task DeliverAsync(Delivery delivery, TimeSpan delay)
    {
        try
        {
            if (delay > TimeSpan.Zero)
            {
                await Task.Delay(delay, _world.Clock, _stop.Token);
            }

            for (var attempt = 0; attempt <= MaxRetries; attempt++)
            {
                if (attempt > 0)
                {
                    await Task.Delay(FirstRetry * Math.Pow(2, attempt - 1) * _retryTimeScale, _world.Clock, _stop.Token);
                }

                while (delivery.Shop.Faults.Outage)
                {
                    await Task.Delay(OutagePoll, _world.Clock, _stop.Token);
                }

                if (await AttemptAsync(delivery))
                {
                    _world.Stats.Count("webhooksSent");
                    Settled(delivery.Shop, delivery.WebhookId);
                    return;
                }

                _world.Stats.Count("webhookAttemptsFailed");
            }

            Settled(delivery.Shop, delivery.WebhookId);
            GiveUp(delivery);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _world.Stats.Count("webhooksAbandonedAtShutdown");
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private void Remember(Delivery delivery)
    {
        var left = new UndeliveredWebhook(
            delivery.WebhookId, delivery.Subscription.Id, delivery.Topic, delivery.Body, delivery.EventId, delivery.TriggeredAt);
        delivery.Shop.Undelivered[left.WebhookId] = left;
        _world.Journal?.Append("webhook", delivery.Shop, left);
    }

    private void Settled(Shop shop, Guid webhook)
    {
        if (shop.Undelivered.TryRemove(webhook, out _))
        {
            _world.Journal?.Append("webhookSettled", shop, webhook);
        }
    }

    private async Task<bool> AttemptAsync(Delivery delivery)
    {
        await _slots.WaitAsync(_stop.Token);
        try
        {
            using var patience = new CancellationTokenSource(Patience, _world.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stop.Token);
            using var request = Request(delivery);
            using var response = await _http.SendAsync(request, either.Token);
            return (int)response.StatusCode is >= 200 and < 300;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _slots.Release();
        }
    }

    private HttpRequestMessage Request(Delivery delivery)
    {
        var content = new ByteArrayContent(delivery.Body);
        content.Headers.ContentType = new("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, delivery.Subscription.Uri) { Content = content };
        var headers = request.Headers;
        headers.TryAddWithoutValidation("X-Shopify-Topic", delivery.Topic);
        headers.TryAddWithoutValidation("X-Shopify-Hmac-Sha256", Convert.ToBase64String(HMACSHA256.HashData(_secret, delivery.Body)));
        headers.TryAddWithoutValidation("X-Shopify-Shop-Domain", delivery.Shop.Domain);
        headers.TryAddWithoutValidation("X-Shopify-API-Version", delivery.Subscription.ApiVersion);
        headers.TryAddWithoutValidation("X-Shopify-Webhook-Id", delivery.WebhookId.ToString());
        headers.TryAddWithoutValidation("X-Shopify-Event-Id", delivery.EventId.ToString());
        headers.TryAddWithoutValidation(
            "X-Shopify-Triggered-At",
            delivery.TriggeredAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture));
        if (delivery.Subscription.Name is { } name)
        {
            headers.TryAddWithoutValidation("X-Shopify-Name", name);
        }

        headers.TryAddWithoutValidation("User-Agent", UserAgent);
        return request;
    }

    private void GiveUp(Delivery delivery)
    {
        _world.Stats.Count("webhooksFailed");
        lock (delivery.Shop.Gate)
        {
            if (delivery.Shop.Subscriptions.Remove(delivery.Subscription.Id))
            {
                _world.Stats.Count("subscriptionsDeleted");
                _world.Journal?.Append("deletedSubscription", delivery.Shop, delivery.Subscription.Id);
            }
        }
    }
}
