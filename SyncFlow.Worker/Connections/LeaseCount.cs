namespace SyncFlow.Worker.Connections;

/// <summary>
/// A holder's own count of time, which <see cref="Core.Publishing.LeaseMachine"/> goes by: no clock that is set, moved or
/// slowed makes a lease last longer than the database grants it.
/// </summary>
internal sealed class LeaseCount(TimeProvider time)
{
    private readonly long _begun = time.GetTimestamp();

    /// <summary>Now, from an origin that means nothing: to be compared with moments of the same count only.</summary>
    public DateTimeOffset Now => DateTimeOffset.UnixEpoch + time.GetElapsedTime(_begun);
}
