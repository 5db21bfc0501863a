using System.Collections.Concurrent;
using SyncFlow.Core;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// How many events the next batch of a tenant may take. A backlog is taken in larger and larger batches, for a SKU that
/// many of its facts touch is then written once; as soon as another tenant waits, or a batch is not full, they are small.
/// </summary>
internal sealed class BatchSizes
{
    /// <summary>
    /// Times that a batch is larger than the full one before it. Little, for a burst is no backlog: one batch of all of it
    /// would show nothing of it elsewhere until its end.
    /// </summary>
    private const int Growth = 2;

    private readonly ConcurrentDictionary<TenantId, int> grown = new();

    /// <summary>Most events of the next batch.</summary>
    /// <param name="othersWait">Whether another tenant waits for its turn, or did lately.</param>
    public int Next(TenantId tenant, bool othersWait) =>
        othersWait ? InboxRetries.UsuallyClaimed : grown.GetValueOrDefault(tenant, InboxRetries.UsuallyClaimed);

    /// <summary>Learns from a batch.</summary>
    public void Learn(TenantId tenant, int limit, int claimed)
    {
        if (claimed == limit)
        {
            // Of two batches that ran side by side the smaller one may end last.
            var next = Math.Min(Growth * limit, InboxRetries.MostClaimed);
            grown.AddOrUpdate(tenant, next, (_, known) => Math.Max(known, next));
        }
        else
        {
            grown.TryRemove(tenant, out _);
        }
    }
}
