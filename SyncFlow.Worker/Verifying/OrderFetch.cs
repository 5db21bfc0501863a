using System.Globalization;
using System.Security.Cryptography;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Verifying;

/// <summary>
/// Fetches orders of one connection and puts them into the inbox. The watermark is the channel's own update time and
/// moves only past what is stored; each fetch overlaps the one before by more than an order can stay invisible.
/// </summary>
internal sealed class OrderFetch(InboxFeed feed, FetchStore store, WorkerOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Added to λ for the overlap: clocks and whole seconds.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    /// <summary>Names remembered so that unchanged orders of the overlap are not stored again and again.</summary>
    private const int MostRemembered = 20_000;

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly HashSet<string> _stored = new(StringComparer.Ordinal);

    /// <summary>Orders changed since the watermark: stored and applied when it returns.</summary>
    /// <param name="exactly">
    /// Whether every order must be applied: of this fetch and of all before it. A reading is exact only then, for of an order
    /// that is dead it is not known what it took. Without it dead ones are let be.
    /// </param>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    /// <exception cref="NotAppliedException">They are stored, but not applied in time, or dead.</exception>
    public async Task DeltaAsync(ChannelLink link, bool exactly, CancellationToken ct)
    {
        await _one.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var beganAt = time.GetUtcNow();
            var known = await store.WatermarkAsync(link.Tenant, link.Id, ct).ConfigureAwait(false) ?? link.Client.ShopTime;
            var since = known - options.Verify.Lag - Slack;
            var (unknown, newest) = await ListAsync(link, since, ct).ConfigureAwait(false);
            var (names, _) = await StoreAsync(
                link, link.Client.ReadOrdersByIdAsync(unknown, BudgetUse.Verify, ct), FetchTopics.Fetch, progress: null, ct).ConfigureAwait(false);
            if (newest > known)
            {
                await store.AdvanceAsync(link.Tenant, link.Id, newest.Value, ct).ConfigureAwait(false);
            }

            await feed.SettleAsync(link.Tenant, link.Id, names, options.ApplyLimit, ct).ConfigureAwait(false);
            if (exactly)
            {
                await feed.RequireOrdersAsync(link.Tenant, link.Id, beganAt, options.ApplyLimit, ct).ConfigureAwait(false);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// Webhooks have brought most orders already; a list of ids and times says which are still missing, at a hundredth
    /// of what reading all of them whole would cost.
    /// </summary>
    private async Task<(List<string> Unknown, DateTimeOffset? Newest)> ListAsync(ChannelLink link, DateTimeOffset since, CancellationToken ct)
    {
        var unknown = new List<string>();
        DateTimeOffset? newest = null;
        await foreach (var answer in link.Client.ListOrdersUpdatedSinceAsync(since, ct).ConfigureAwait(false))
        {
            var page = answer.OrThrow("orders");
            if (page.IsEmpty)
            {
                continue;
            }

            newest = page.Max(o => o.UpdatedAt);
            unknown.AddRange(await store.UnknownAsync(
                link.Tenant, link.Id, [.. page.Select(o => (o.OrderRef, o.UpdatedAt))], ct).ConfigureAwait(false));
        }

        return (unknown, newest);
    }

    /// <summary>Stores pages of orders; returns the names of the events and the newest update seen.</summary>
    /// <param name="topic">One of <see cref="FetchTopics"/>.</param>
    /// <param name="freshSince">Orders made since then are stored as fetched, whatever the topic: they are news.</param>
    public async Task<(List<string> Names, DateTimeOffset? Newest)> StoreAsync(
        ChannelLink link, IAsyncEnumerable<ChannelResult<OrderPage>> pages, string topic, Func<int, Task>? progress,
        CancellationToken ct, DateTimeOffset? freshSince = null)
    {
        var names = new List<string>();
        DateTimeOffset? newest = null;
        await foreach (var answer in pages.WithCancellation(ct).ConfigureAwait(false))
        {
            var page = answer.OrThrow("orders");
            var events = page.Orders.Select(o => Event(link, o, o.CreatedAt >= freshSince ? FetchTopics.Fetch : topic, page.AskedAt)).ToList();
            await feed.StoreAsync(link.Tenant, [.. events.Where(e => !_stored.Contains(e.WebhookId))], ct).ConfigureAwait(false);
            if (_stored.Count + events.Count > MostRemembered)
            {
                _stored.Clear();
            }

            _stored.UnionWith(events.Select(e => e.WebhookId));
            names.AddRange(events.Select(e => e.WebhookId));
            foreach (var order in page.Orders)
            {
                newest = newest is null || order.UpdatedAt > newest ? order.UpdatedAt : newest;
            }

            if (progress is not null)
            {
                await progress(names.Count).ConfigureAwait(false);
            }
        }

        return (names, newest);
    }

    public void Dispose() => _one.Dispose();

    /// <summary>Names an order's content: the same content again is not stored again on the same day.</summary>
    private InboxEvent Event(ChannelLink link, FetchedOrder order, string topic, DateTimeOffset askedAt) => new(
        link.Tenant, link.Id, topic,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{topic}:{order.OrderRef}:{order.UpdatedAt.UtcTicks}:{Convert.ToHexString(SHA256.HashData(order.Json.Span).AsSpan(0, 8))}"),
        null, askedAt, time.GetUtcNow(), options.ShopifyApiVersion, ContentKinds.ShopifyOrder, order.Json);
}
