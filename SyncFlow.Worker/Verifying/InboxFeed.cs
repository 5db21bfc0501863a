using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Apply;

namespace SyncFlow.Worker.Verifying;

/// <summary>Stored events were not applied in time; what depends on them begins anew.</summary>
internal sealed class NotAppliedException(string message) : Exception(message);

/// <summary>Puts what the worker read itself into the inbox, like anything else that arrives, and waits until it is applied.</summary>
internal sealed class InboxFeed(
    FetchStore store, ApplyService apply, WakeUps wakeUps, TimeProvider time, ILogger<InboxFeed> logger)
{
    /// <summary>Events in one statement.</summary>
    private const int MostPerStatement = 250;

    private static readonly TimeSpan[] Looks = [.. new[] { 5, 10, 20, 40, 80, 100 }.Select(ms => TimeSpan.FromMilliseconds(ms))];

    /// <summary>Stores events and wakes those who apply them.</summary>
    public Task StoreAsync(TenantId tenant, IReadOnlyList<InboxEvent> events, CancellationToken ct) => StoreAsync(tenant, events, null, ct);

    /// <summary>The same, of which each statement needs a lease.</summary>
    /// <exception cref="LeaseLostException">It is not held any more.</exception>
    public async Task StoreAsync(TenantId tenant, IReadOnlyList<InboxEvent> events, LeaseOf? under, CancellationToken ct)
    {
        foreach (var chunk in events.Chunk(MostPerStatement))
        {
            await store.StoreAsync(tenant, chunk, under, ct).ConfigureAwait(false);
        }

        if (events.Count > 0)
        {
            apply.Wake(tenant);
            await wakeUps.PublishAsync(WakeUpKind.Inbox, tenant.Value).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until none of these events is pending.</summary>
    /// <exception cref="NotAppliedException">Some still are when the time is up.</exception>
    public async Task WaitAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<string> names, TimeSpan limit, CancellationToken ct)
    {
        if (names.Count == 0)
        {
            return;
        }

        var until = time.GetUtcNow() + limit;
        for (var look = 0; ; look++)
        {
            var (pending, _) = await store.PendingAsync(tenant, connection, names, ct).ConfigureAwait(false);
            if (pending == 0)
            {
                return;
            }

            if (time.GetUtcNow() >= until)
            {
                Log.NotAppliedInTime(logger, tenant.Value, connection.Value, pending);
                throw new NotAppliedException($"{pending} of {names.Count} stored events were not applied within {limit.TotalSeconds} s.");
            }

            await Task.Delay(Looks[Math.Min(look, Looks.Length - 1)], time, ct).ConfigureAwait(false);
        }
    }
}
