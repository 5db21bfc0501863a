using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Threading.Channels;

namespace SyncFlow.Api.Webhooks;

/// <summary>More waits to be stored than the process takes; the sender is to come back.</summary>
internal sealed class InboxFullException() : Exception("The inbox queue of this process is full.");

/// <summary>An event could not be stored; the sender is to come back.</summary>
internal sealed class InboxUnavailableException(Exception cause) : Exception("The event could not be stored.", cause);

/// <summary>Limits of a <see cref="GroupCommitInbox{TEvent}"/>.</summary>
/// <param name="Writers">Statements on their way at a time.</param>
/// <param name="BatchEvents">Most events in one statement.</param>
/// <param name="BatchBytes">Most body bytes in one statement, unless a single event is larger.</param>
/// <param name="QueueEvents">Most events that wait.</param>
/// <param name="QueueBytes">Most body bytes that wait or are on their way.</param>
/// <param name="OwnerEvents">Most events of one owner that wait or are on their way, so that there is room for the others.</param>
internal sealed record GroupCommitLimits(
    int Writers, int BatchEvents, long BatchBytes, int QueueEvents, long QueueBytes, int OwnerEvents = int.MaxValue)
{
    public static GroupCommitLimits Default { get; } = new(2, 500, 8L << 20, 10_000, 64L << 20, 2_500);
}

/// <summary>
/// Lets concurrent requests share one multi-row insert: whatever waits when a writer becomes free goes into its next
/// statement, so a lone event never lingers and a crowd is cheap. A caller is answered after the commit of the
/// statement that holds its event, never before.
/// </summary>
/// <param name="append">Stores all or nothing, and has committed when it returns.</param>
/// <param name="size">Bytes that an event holds.</param>
/// <param name="limits">Sizes.</param>
/// <param name="owner">Whose an event is; null where all are one owner's.</param>
internal sealed class GroupCommitInbox<TEvent>(
    Func<IReadOnlyList<TEvent>, CancellationToken, Task> append, Func<TEvent, int> size, GroupCommitLimits limits,
    Func<TEvent, long>? owner = null)
    : IHostedService
{
    private static readonly Meter Meter = new("SyncFlow.Inbox");

    private static readonly Histogram<int> BatchSizes =
        Meter.CreateHistogram<int>("syncflow.inbox.batch", "{event}", "Events stored by one statement");

    private static readonly Counter<long> Refusals =
        Meter.CreateCounter<long>("syncflow.inbox.refused", "{event}", "Events refused because the queue was full");

    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(
        new BoundedChannelOptions(limits.QueueEvents) { FullMode = BoundedChannelFullMode.Wait });

    private readonly ConcurrentDictionary<long, int> waitingOf = new();

    private Task writers = Task.CompletedTask;

    private long bytes;

    private long statements;

    /// <summary>Statements that committed since the start.</summary>
    public long Statements => Interlocked.Read(ref statements);

    /// <summary>Stores an event; returns after its commit.</summary>
    /// <exception cref="InboxFullException">Nothing was stored; too much waits.</exception>
    /// <exception cref="InboxUnavailableException">Nothing was stored, or its commit is not known.</exception>
    public Task StoreAsync(TEvent stored)
    {
        var waiting = new Waiting(stored, size(stored), owner?.Invoke(stored) ?? 0);
        var ofOwner = waitingOf.AddOrUpdate(waiting.Owner, 1, (_, count) => count + 1);
        if (Interlocked.Add(ref bytes, waiting.Bytes) > limits.QueueBytes || ofOwner > limits.OwnerEvents || !queue.Writer.TryWrite(waiting))
        {
            Forget(waiting);
            Refusals.Add(1);
            return Task.FromException(new InboxFullException());
        }

        return waiting.Done.Task;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        writers = Task.WhenAll(Enumerable.Range(0, limits.Writers).Select(_ => Task.Run(WriteAsync, CancellationToken.None)));
        return Task.CompletedTask;
    }

    /// <summary>Takes nothing more in; what was taken in is stored before the process ends.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Writer.TryComplete();
        return writers.WaitAsync(cancellationToken);
    }

    private async Task WriteAsync()
    {
        var batch = new List<Waiting>(limits.BatchEvents);
        while (await queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            Take(batch);
            if (batch.Count > 0)
            {
                await StoreAsync(batch).ConfigureAwait(false);
                batch.ForEach(Forget);
                batch.Clear();
            }
        }
    }

    private void Forget(Waiting waiting)
    {
        Interlocked.Add(ref bytes, -waiting.Bytes);
        if (waitingOf.AddOrUpdate(waiting.Owner, 0, (_, count) => count - 1) == 0)
        {
            waitingOf.TryRemove(KeyValuePair.Create(waiting.Owner, 0)); // Unless another came meanwhile.
        }
    }

    private void Take(List<Waiting> batch)
    {
        var total = 0L;
        while (batch.Count < limits.BatchEvents && total < limits.BatchBytes && queue.Reader.TryRead(out var waiting))
        {
            batch.Add(waiting);
            total += waiting.Bytes;
        }
    }

    private async Task StoreAsync(IReadOnlyList<Waiting> batch)
    {
        try
        {
            await append([.. batch.Select(waiting => waiting.Event)], CancellationToken.None).ConfigureAwait(false);
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
                waiting.Done.TrySetException(new InboxUnavailableException(failure));
            }

            return;
        }

        Interlocked.Increment(ref statements);
        BatchSizes.Record(batch.Count);
        foreach (var waiting in batch)
        {
            waiting.Done.TrySetResult();
        }
    }

    private sealed record Waiting(TEvent Event, int Bytes, long Owner)
    {
        // Callers go on on threads of their own, not on the writer's.
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
