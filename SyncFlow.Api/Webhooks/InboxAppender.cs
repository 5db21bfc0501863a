using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Api.Webhooks;

/// <summary>
/// Stores events and tells the workers, once for each merchant of a statement and not once for each event: a crowd's
/// wake-ups would otherwise cost more than its inserts. A lost one costs a second, for the worker also sweeps.
/// </summary>
internal sealed class InboxAppender(InboxStore inbox, WakeUps wakeUps)
{
    /// <summary>Stores all or nothing, and has committed when it returns.</summary>
    public async Task AppendAsync(IReadOnlyList<InboxEvent> events, CancellationToken ct)
    {
        await inbox.AppendAsync(events, ct).ConfigureAwait(false);
        foreach (var tenant in new HashSet<TenantId>(events.Select(e => e.Tenant)))
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Inbox, tenant.Value);
        }
    }
}
