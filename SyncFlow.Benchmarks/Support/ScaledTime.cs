namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// A clock that runs faster than the wall's: waits are shorter by the factor, and what is measured is in its own time. For
/// work that consists of waiting, such as for a channel's limit, it gives the same figures sooner.
/// </summary>
internal sealed class ScaledTime(double factor) : TimeProvider
{
    private readonly long startedAt = System.GetTimestamp();
    private readonly DateTimeOffset began = System.GetUtcNow();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => startedAt + (long)((System.GetTimestamp() - startedAt) * factor);

    public override DateTimeOffset GetUtcNow() => began + (System.GetElapsedTime(startedAt) * factor);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Scaled(dueTime), Scaled(period));

    private TimeSpan Scaled(TimeSpan wait) => wait > TimeSpan.Zero ? wait / factor : wait;
}
