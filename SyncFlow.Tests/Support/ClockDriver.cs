using System.Diagnostics;

namespace SyncFlow.Tests.Support;

/// <summary>
/// Moves a <see cref="TestClock"/> along with real time, at a speed that may change: parts that wait for sockets run at 1,
/// long waits are passed over faster.
/// </summary>
internal sealed class ClockDriver : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource stop = new();
    private readonly TestClock clock;
    private readonly Task driving;
    private double speed = 1;

    public ClockDriver(TestClock clock)
    {
        this.clock = clock;
        driving = Task.Run(DriveAsync);
    }

    /// <summary>Lets so much of the clock's time pass at so many times the speed of real time.</summary>
    public async Task PassAsync(TimeSpan time, double faster)
    {
        var until = clock.GetUtcNow() + time;
        Volatile.Write(ref speed, faster);
        while (clock.GetUtcNow() < until)
        {
            await Task.Delay(Step);
        }

        Volatile.Write(ref speed, 1);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await driving;
        stop.Dispose();
    }

    private async Task DriveAsync()
    {
        var last = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Step);
            var now = Stopwatch.GetTimestamp();
            clock.Advance(Stopwatch.GetElapsedTime(last, now) * Volatile.Read(ref speed));
            last = now;
        }
    }
}
