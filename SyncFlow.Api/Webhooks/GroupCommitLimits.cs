namespace SyncFlow.Api.Webhooks;

/// <summary>More waits to be stored, or is being received, than the process takes; the sender is to come back.</summary>
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
/// <param name="OwnerBytes">Most body bytes of one owner that wait or are on their way.</param>
/// <param name="NextWriterFrom">
/// While a statement is on its way another begins only when so many wait: two at once take each other's events, and a
/// statement costs the database the same whether it holds few or many.
/// </param>
internal sealed record GroupCommitLimits(
    int Writers, int BatchEvents, long BatchBytes, int QueueEvents, long QueueBytes, int OwnerEvents = int.MaxValue,
    long OwnerBytes = long.MaxValue, int NextWriterFrom = 1)
{
    public static GroupCommitLimits Default { get; } =
        new(2, 500, 8L << 20, 10_000, 64L << 20, 2_500, 16L << 20, NextWriterFrom: 64);
}
