namespace SyncFlow.Tests.Support;

/// <summary>The system's clock, off by so much; its count and its timers run as usual.</summary>
internal sealed class ShiftedClock(TimeSpan off) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + off;
}
