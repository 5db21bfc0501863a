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

    /// <summary>Waits until all of these events are applied.</summary>
    /// <exception cref="NotAppliedException">Some are still pending when the time is up, or are dead.</exception>
    public async Task WaitAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<string> names, TimeSpan limit, CancellationToken ct)
    {
        if (await SettleAsync(tenant, connection, names, limit, ct).ConfigureAwait(false) is > 0 and var dead)
        {
            throw Dead(tenant, connection, dead, names.Count);
        }
    }

    /// <summary>Waits until none of these events is pending; returns how many are dead.</summary>
    /// <exception cref="NotAppliedException">Some still are when the time is up.</exception>
    public async Task<int> SettleAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<string> names, TimeSpan limit, CancellationToken ct)
    {
        var dead = 0;
        await LookAsync(
            async () =>
            {
                (var pending, dead) = names.Count == 0 ? (0, 0) : await store.PendingAsync(tenant, connection, names, ct).ConfigureAwait(false);
                return pending;
            },
            pending => NotInTime(tenant, connection, pending, $"{pending} of {names.Count} stored events", limit), limit, ct).ConfigureAwait(false);
        return dead;
    }

    /// <summary>Waits until every order of a connection that was fetched before a moment is applied.</summary>
    /// <exception cref="NotAppliedException">Some are still pending when the time is up; or one is dead, whenever it was fetched.</exception>
    public async Task RequireOrdersAsync(
        TenantId tenant, ConnectionId connection, DateTimeOffset before, TimeSpan limit, CancellationToken ct)
    {
        var dead = 0;
        await LookAsync(
            async () =>
            {
                (var waiting, dead) = await store.UnappliedOrdersAsync(tenant, connection, before, ct).ConfigureAwait(false);
                return waiting && dead == 0 ? 1 : 0; // A dead one decides already.
            },
            pending => NotInTime(tenant, connection, pending, "Orders that were fetched earlier", limit), limit, ct).ConfigureAwait(false);
        if (dead > 0)
        {
            throw Dead(tenant, connection, dead, dead);
        }
    }

    private async Task LookAsync(Func<Task<int>> pendingAsync, Func<int, NotAppliedException> late, TimeSpan limit, CancellationToken ct)
    {
        var until = time.GetUtcNow() + limit;
        for (var look = 0; ; look++)
        {
            var pending = await pendingAsync().ConfigureAwait(false);
            if (pending == 0)
            {
                return;
            }

            if (time.GetUtcNow() >= until)
            {
                throw late(pending);
            }

            await Task.Delay(Looks[Math.Min(look, Looks.Length - 1)], time, ct).ConfigureAwait(false);
        }
    }

    private NotAppliedException NotInTime(TenantId tenant, ConnectionId connection, int pending, string what, TimeSpan limit)
    {
        Log.NotAppliedInTime(logger, tenant.Value, connection.Value, pending);
        return new NotAppliedException($"{what} were not applied within {limit.TotalSeconds} s.");
    }

    private NotAppliedException Dead(TenantId tenant, ConnectionId connection, int dead, int of)
    {
        Log.DeadLetters(logger, tenant.Value, connection.Value, dead);
        return new NotAppliedException($"{dead} of {of} stored events are dead letters: replay or discard them first.");
    }
}
