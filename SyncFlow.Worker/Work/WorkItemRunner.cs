using Npgsql;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Work;

/// <summary>Makes the calls that facts asked for, a batch at a time.</summary>
internal sealed class WorkItemRunner(
    ChannelLease lease, ChannelLinks links, WorkItemCalls calls, Suspension suspension, NpgsqlDataSource source, Signals signals,
    TimeProvider time, ILogger<WorkItemRunner> logger)
{
    private const int BatchSize = 50;

    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly WorkItemStore _items = new(time);

    /// <summary>Runs until the lease ends.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var asked = signals.Listen(lease.Tenant);
        while (!ct.IsCancellationRequested)
        {
            var link = await links.OpenAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false);
            var claimed = link is null ? [] : await ClaimAsync(ct).ConfigureAwait(false);
            foreach (var item in claimed)
            {
                if (!await OneAsync(link!, item, ct).ConfigureAwait(false))
                {
                    break; // The connection is suspended: what was claimed waits until it comes back.
                }
            }

            if (claimed.Count < BatchSize)
            {
                await asked.WaitAsync(Sweep, time, ct).ConfigureAwait(false);
            }
        }
    }

    private async Task<List<StoredWorkItem>> ClaimAsync(CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, lease.Tenant, ct).ConfigureAwait(false);
        var claimed = await _items.ClaimAsync(session, lease.Connection, BatchSize, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return claimed;
    }

    /// <summary>Whether calls may go on.</summary>
    private async Task<bool> OneAsync(ChannelLink link, StoredWorkItem item, CancellationToken ct)
    {
        ChannelFault? fault = null;
        string? failed = null;
        var suspended = false;
        try
        {
            await calls.CallAsync(link, item.Kind, item.Ref, ct).ConfigureAwait(false);
        }
        catch (ChannelFaultException refused)
        {
            fault = refused.Fault;
            failed = refused.Message;
            suspended = await suspension.HandleAsync(lease.Tenant, lease.Connection, refused.Operation, fault, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // The job boundary: recorded on the item.
        {
            Log.PartFailed(logger, failure, lease.Tenant.Value, lease.Connection.Value, $"{item.Kind} {item.Ref}");
            failed = failure.Message;
        }

        await using var session = await StorageSession.OpenAsync(source, lease.Tenant, ct).ConfigureAwait(false);
        await (failed is null
            ? _items.DoneAsync(session, item, ct)
            : fault?.Kind == ChannelFaultKind.Rejected
                ? _items.DeadAsync(session, item, failed, ct)
                : _items.RetryAsync(session, item, failed, fault?.RetryAfter, ct)).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return !suspended;
    }
}
