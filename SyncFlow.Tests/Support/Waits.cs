using System.Diagnostics;

namespace SyncFlow.Tests.Support;

/// <summary>Waits for something that real servers and processes do in their own time. Each wait has a limit.</summary>
internal static class Waits
{
    private static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    /// <summary>Returns when <paramref name="condition"/> holds.</summary>
    /// <exception cref="TimeoutException">It does not within the limit (30 s when left out).</exception>
    public static Task UntilAsync(Func<bool> condition, string what, TimeSpan? limit = null)
    {
        return UntilAsync(() => Task.FromResult(condition()), what, limit);
    }

    /// <inheritdoc cref="UntilAsync(Func{bool}, string, TimeSpan?)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var patience = limit ?? Default;
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > patience)
            {
                throw new TimeoutException($"Waited {patience.TotalSeconds:0} s for {what}.");
            }

            // Most looks are questions to a database: the longer it has taken, the more rarely it is asked.
            await Task.Delay(TimeSpan.FromTicks(Math.Clamp(watch.Elapsed.Ticks / 10, Shortest.Ticks, Longest.Ticks)));
        }
    }
}
