namespace SyncFlow.Benchmarks.Support;

/// <summary>Starts work at its due times, whether or not earlier work has ended.</summary>
internal static class OpenLoop
{
    /// <summary>The clock's grain: what is due within it starts together.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(1);

    /// <summary>Starts <paramref name="count"/> pieces of work evenly at a rate; returns when all have ended.</summary>
    /// <param name="work">Gets its number; throws where it failed.</param>
    /// <returns>Times from due to done.</returns>
    public static Task<Latencies> RunAsync(
        int count, double perSecond, Func<int, Task> work, TimeProvider time, CancellationToken ct) =>
        RunAsync(count, perSecond, (number, _) => work(number), time, ct);

    /// <summary>The same for work that counts its own time, from when it was due.</summary>
    /// <param name="work">Gets its number and the timestamp at which it was due; throws where it failed.</param>
    public static async Task<Latencies> RunAsync(
        int count, double perSecond, Func<int, long, Task> work, TimeProvider time, CancellationToken ct)
    {
        var latencies = new Latencies();
        var running = new List<Task>(count);
        var began = time.GetTimestamp();
        while (running.Count < count)
        {
            ct.ThrowIfCancellationRequested();
            var due = Math.Min(count, (int)(time.GetElapsedTime(began).TotalSeconds * perSecond) + 1);
            while (running.Count < due)
            {
                running.Add(MeasureAsync(running.Count));
            }

            await Task.Delay(Grain, time, ct).ConfigureAwait(false);
        }

        await Task.WhenAll(running).ConfigureAwait(false);
        return latencies;

        async Task MeasureAsync(int number)
        {
            var due = TimeSpan.FromSeconds(number / perSecond);
            await work(number, began + (long)(due.TotalSeconds * time.TimestampFrequency)).ConfigureAwait(false);
            latencies.Add(time.GetElapsedTime(began) - due);
        }
    }
}
