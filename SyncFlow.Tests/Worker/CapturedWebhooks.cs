using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Simulator.Webhooks;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Tests.Worker;

/// <summary>
/// Takes the webhooks of a world out of its hands: none is sent, each is kept with the body it had when it happened, and
/// a test delivers it when, as often and in the order it likes.
/// </summary>
internal sealed class CapturedWebhooks
{
    private readonly WorkerWorld _world;
    private readonly List<Captured> _kept = [];
    private readonly Lock _gate = new();

    public CapturedWebhooks(WorkerWorld world)
    {
        _world = world;
        world.Sandbox.World.Notify = (shop, notice, at) =>
        {
            var body = RestPayloads.Render(shop, notice, at);
            lock (_gate)
            {
                _kept.Add(new Captured(shop, notice.Topic, $"captured-{_kept.Count}", body, at));
            }
        };
    }

    /// <summary>What was kept under a topic, oldest first.</summary>
    public IReadOnlyList<Captured> Of(string topic)
    {
        lock (_gate)
        {
            return [.. _kept.Where(c => c.Topic == topic)];
        }
    }

    /// <summary>Delivers one as the shop would; a second time is a repeat under the same id.</summary>
    public async Task DeliverAsync(Captured webhook)
    {
        var connection = await _world.CountAsync("SELECT connection_id FROM connections WHERE shop = $1", webhook.Shop.Domain);
        var inbox = new InboxStore(_world.Database.Ingest, TimeProvider.System);
        await inbox.AppendAsync(
            [
                new InboxEvent(
                    new TenantId(WorkerWorld.Tenant), new ConnectionId(connection), webhook.Topic, webhook.Id, null, webhook.At,
                    TimeProvider.System.GetUtcNow(), "2026-10", ContentKinds.ShopifyWebhook, webhook.Body),
            ],
            CancellationToken.None);
    }

    public Task AppliedAsync() => Support.Waits.UntilAsync(
        () => _world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 0)"), "an empty inbox");

    /// <summary>A webhook as it happened.</summary>
    /// <param name="Id">The webhook's own id, which a repeat carries too.</param>
    internal sealed record Captured(Shop Shop, string Topic, string Id, byte[] Body, DateTimeOffset At);
}
