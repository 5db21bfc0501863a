using System.Data.Common;
using System.Diagnostics.Metrics;

namespace SyncFlow.Api.Webhooks;

/// <summary>
/// Lets concurrent requests share one multi-row insert: what waits when a writer becomes free goes into its next
/// statement, so a lone event never lingers and a crowd is cheap. Owners take turns, so that a quiet one's event goes with
/// the next statement whatever another has waiting. A caller is answered after the commit of the statement that holds its
/// event, never before.
/// </summary>
/// <param name="append">Stores all or nothing, and has committed when it returns.</param>
/// <param name="size">Bytes that an event holds.</param>
/// <param name="limits">Sizes.</param>
/// <param name="owner">Whose an event is; null where all are one owner's.</param>
/// <param name="weight">Events that an owner gives in a turn, at least 1; null where each gives one.</param>
internal sealed class GroupCommitInbox<TEvent>(
    Func<IReadOnlyList<TEvent>, CancellationToken, Task> append, Func<TEvent, int> size, GroupCommitLimits limits,
    Func<TEvent, long>? owner = null, Func<long, int>? weight = null)
    : IHostedService
{
    private static readonly Meter Meter = new("SyncFlow.Inbox");

    private static readonly Histogram<int> BatchSizes =
        Meter.CreateHistogram<int>("syncflow.inbox.batch", "{event}", "Events stored by one statement");

    private static readonly Counter<long> Refusals =
        Meter.CreateCounter<long>("syncflow.inbox.refused", "{event}", "Events refused because the queue was full");

    private readonly Lock gate = new();

    // Under the gate: what waits, who writes, and how much memory all of it holds.
    private readonly OwnerTurns<TEvent> turns = new(weight);
    private readonly Stack<TaskCompletionSource> resting = new();
    private int writing;
    private int woken;
    private long bytes;
    private bool closed;

    private Task writers = Task.CompletedTask;

    private long statements;

    /// <summary>Statements that committed since the start.</summary>
    public long Statements => Interlocked.Read(ref statements);

    /// <summary>Whether an event of this owner and size would be taken now. Asked before a body is read.</summary>
    public bool HasRoom(long ofOwner, int size)
    {
        lock (gate)
        {
            if (Fits(ofOwner, size))
            {
                return true;
            }
        }

        Refusals.Add(1);
        return false;
    }

    /// <summary>Stores an event; returns after its commit.</summary>
    /// <exception cref="InboxFullException">Nothing was stored; too much waits.</exception>
    /// <exception cref="InboxUnavailableException">Nothing was stored, or its commit is not known.</exception>
    public Task StoreAsync(TEvent stored)
    {
        var waiting = new OwnerTurns<TEvent>.Waiting(stored, size(stored), owner?.Invoke(stored) ?? 0);
        bool taken;
        TaskCompletionSource? writer = null;
        lock (gate)
        {
            taken = Fits(waiting.Owner, waiting.Bytes);
            if (taken)
            {
                bytes += waiting.Bytes;
                turns.Add(waiting);
                if (MayWrite(writing + woken) && resting.TryPop(out writer))
                {
                    woken++;
                }
            }
        }

        writer?.SetResult();
        if (!taken)
        {
            Refusals.Add(1);
            return Task.FromException(new InboxFullException());
        }

        return waiting.Task;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        writers = Task.WhenAll(Enumerable.Range(0, limits.Writers).Select(_ => Task.Run(WriteAsync, CancellationToken.None)));
        return Task.CompletedTask;
    }

    /// <summary>Takes nothing more in; what was taken in is stored before the process ends.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            closed = true;
            while (resting.TryPop(out var writer))
            {
                woken++;
                writer.SetResult(); // Goes on on a thread of its own.
            }
        }

        return writers.WaitAsync(cancellationToken);
    }

    private bool Fits(long ofOwner, int size)
    {
        var (ownEvents, ownBytes) = turns.Of(ofOwner);
        return !closed && turns.Count < limits.QueueEvents && bytes + size <= limits.QueueBytes
            && ownEvents < limits.OwnerEvents && ownBytes + size <= limits.OwnerBytes;
    }

    /// <summary>Whether one more statement is worth it while so many are on their way.</summary>
    private bool MayWrite(int others) =>
        turns.Count > 0 && (others == 0 || closed || turns.Count >= limits.NextWriterFrom);

    private async Task WriteAsync()
    {
        var batch = new List<OwnerTurns<TEvent>.Waiting>(limits.BatchEvents);
        while (await TakeAsync(batch).ConfigureAwait(false))
        {
            await StoreAsync(batch).ConfigureAwait(false);
            lock (gate)
            {
                writing--;
                foreach (var stored in batch)
                {
                    bytes -= stored.Bytes;
                    turns.Forget(stored);
                }
            }

            batch.Clear();
        }
    }

    /// <summary>Waits for a statement to make; false when there will be none any more.</summary>
    private async Task<bool> TakeAsync(List<OwnerTurns<TEvent>.Waiting> batch)
    {
        for (var rested = false; ; rested = true)
        {
            TaskCompletionSource rest;
            lock (gate)
            {
                woken -= rested ? 1 : 0;
                if (MayWrite(writing))
                {
                    writing++;
                    Take(batch);
                    return true;
                }

                if (closed && turns.Count == 0)
                {
                    return false;
                }

                rest = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                resting.Push(rest);
            }

            await rest.Task.ConfigureAwait(false);
        }
    }

    private void Take(List<OwnerTurns<TEvent>.Waiting> batch)
    {
        var total = 0L;
        while (batch.Count < limits.BatchEvents && total < limits.BatchBytes && turns.Take() is { } waiting)
        {
            batch.Add(waiting);
            total += waiting.Bytes;
        }
    }

    private async Task StoreAsync(List<OwnerTurns<TEvent>.Waiting> batch)
    {
        try
        {
            await append(batch.ConvertAll(waiting => waiting.Event), CancellationToken.None).ConfigureAwait(false);
        }
        catch (DbException failure) when (batch.Count > 1 && failure.SqlState is { } state && state[..2] is "22" or "23")
        {
            // The data of one event is refused; its neighbours are not to suffer for it.
            foreach (var waiting in batch)
            {
                await StoreAsync([waiting]).ConfigureAwait(false);
            }

            return;
        }
        catch (Exception failure) // The job boundary: every caller of the batch is told, and the writer goes on.
        {
            foreach (var waiting in batch)
            {
                waiting.TrySetException(new InboxUnavailableException(failure));
            }

            return;
        }

        Interlocked.Increment(ref statements);
        BatchSizes.Record(batch.Count);
        foreach (var waiting in batch)
        {
            waiting.TrySetResult();
        }
    }
}
