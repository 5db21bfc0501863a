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
    private const int BatchSize = 250;

    /// <summary>
    /// How often items are asked for together without an answer before they are asked for in halves: one that the shop cannot serve
    /// is alone after eight more attempts, and an outage costs no more than two calls beyond the one that failed.
    /// </summary>
    private const int AttemptsTogether = 3;

    /// <summary>Between two looks: what is asked for meanwhile becomes one call and not many. A lone item is not kept waiting.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);

    private readonly WorkItemStore _items = new(time);
    private readonly Rest _rest = new();

    /// <summary>Runs until the lease ends.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var asked = signals.Listen(lease.Tenant);
        while (!ct.IsCancellationRequested)
        {
            var due = await NextDueAsync(ct).ConfigureAwait(false);
            var link = due <= time.GetUtcNow() ? await links.OpenAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false) : null;
            var claimed = link is null ? [] : await ClaimAsync(ct).ConfigureAwait(false);
            foreach (var together in claimed.GroupBy(i => WorkItemCalls.Batches(i.Kind) ? $"{i.Kind}" : $"{i.Kind} {i.Ref}"))
            {
                if (!await CarryOutAsync(link!, [.. together], mayHalve: true, ct).ConfigureAwait(false))
                {
                    break; // The connection is suspended: what was claimed waits until it comes back.
                }
            }

            if (claimed.Count < BatchSize)
            {
                await Task.Delay(Gather, time, ct).ConfigureAwait(false);
                await asked.WaitAsync(_rest.After(found: due is not null), time, ct).ConfigureAwait(false);
            }
        }
    }

    private async Task<DateTimeOffset?> NextDueAsync(CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, lease.Tenant, ct).ConfigureAwait(false);
        return await WorkItemStore.NextDueAsync(session, lease.Connection, ct).ConfigureAwait(false);
    }

    private async Task<List<StoredWorkItem>> ClaimAsync(CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, lease.Tenant, ct).ConfigureAwait(false);
        var claimed = await _items.ClaimAsync(session, lease.Connection, BatchSize, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return claimed;
    }

    /// <summary>Makes the calls of items of one kind and notes what came of them.</summary>
    /// <param name="mayHalve">Whether they may be asked for in two halves where they are not answered together.</param>
    /// <returns>Whether calls may go on.</returns>
    private async Task<bool> CarryOutAsync(ChannelLink link, StoredWorkItem[] items, bool mayHalve, CancellationToken ct)
    {
        ChannelFault? fault = null;
        string? failed = null;
        var suspended = false;
        try
        {
            await calls.CallAsync(link, items[0].Kind, [.. items.Select(i => i.Ref)], ct).ConfigureAwait(false);
        }
        catch (ChannelFaultException refused) when (refused.Fault.Kind == ChannelFaultKind.Rejected && items.Length > 1)
        {
            return await ApartAsync(link, items, 1, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (items.Length > 1 && IsOfTheItems(failure))
        {
            Log.PartFailed(logger, failure, lease.Tenant.Value, lease.Connection.Value, $"{items.Length} × {items[0].Kind}, now one by one");
            return await ApartAsync(link, items, 1, ct).ConfigureAwait(false);
        }
        catch (ChannelFaultException unanswered) when (mayHalve && MayBeOfOne(unanswered.Fault, items))
        {
            Log.PartFailed(logger, unanswered, lease.Tenant.Value, lease.Connection.Value, $"{items.Length} × {items[0].Kind}, now in halves");
            return await ApartAsync(link, items, (items.Length + 1) / 2, ct).ConfigureAwait(false);
        }
        catch (ChannelFaultException refused)
        {
            fault = refused.Fault;
            failed = refused.Message;
            suspended = await suspension.HandleAsync(lease.Tenant, lease.Connection, refused.Operation, fault, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // The job boundary: recorded on the items.
        {
            Log.PartFailed(logger, failure, lease.Tenant.Value, lease.Connection.Value, $"{items.Length} × {items[0].Kind}, first {items[0].Ref}");
            failed = failure.Message;
        }

        await NoteAsync(items, failed, fault, ct).ConfigureAwait(false);
        return !suspended;
    }

    /// <summary>Whether an answer could not be taken in, which may be one item's doing; without a database or a channel none could.</summary>
    private static bool IsOfTheItems(Exception failure) => failure is not (OperationCanceledException or ChannelFaultException or NpgsqlException);

    /// <summary>Whether an answer that does not come, or is not understood, may be one item's doing: it has not come for others too long.</summary>
    private static bool MayBeOfOne(ChannelFault fault, StoredWorkItem[] items) =>
        fault.Kind is ChannelFaultKind.Transient or ChannelFaultKind.Unknown && items.Length > 1 && items.Any(i => i.Attempts >= AttemptsTogether);

    /// <summary>A failed call of many says nothing about each of them: whichever is at fault dies, or waits, alone in the end.</summary>
    private async Task<bool> ApartAsync(ChannelLink link, StoredWorkItem[] items, int size, CancellationToken ct)
    {
        foreach (var part in items.Chunk(size))
        {
            if (!await CarryOutAsync(link, part, mayHalve: false, ct).ConfigureAwait(false))
            {
                return false;
            }
        }

        return true;
    }

    private async Task NoteAsync(StoredWorkItem[] items, string? failed, ChannelFault? fault, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, lease.Tenant, ct).ConfigureAwait(false);
        if (failed is null)
        {
            await _items.DoneAsync(session, items, ct).ConfigureAwait(false);
        }
        else if (fault?.Kind == ChannelFaultKind.Rejected)
        {
            foreach (var item in items) // One, for those of a call that was refused are asked for one by one.
            {
                await _items.DeadAsync(session, item, failed, ct).ConfigureAwait(false);
            }
        }
        else
        {
            await _items.RetryAsync(session, items, failed, fault?.RetryAfter, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
