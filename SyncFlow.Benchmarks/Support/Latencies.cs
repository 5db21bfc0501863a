using System.Collections.Concurrent;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// Times taken, every one of them kept: percentiles are exact. In an open loop each is counted from the moment the work
/// was due, so that a stall counts for all that waited behind it and not once.
/// </summary>
internal sealed class Latencies
{
    private readonly ConcurrentBag<double> milliseconds = [];

    public int Count => milliseconds.Count;

    public void Add(TimeSpan took) => milliseconds.Add(took.TotalMilliseconds);

    /// <summary>Adds those of another round.</summary>
    public void Add(Latencies others)
    {
        foreach (var one in others.milliseconds)
        {
            milliseconds.Add(one);
        }
    }

    /// <summary>The least value that is no smaller than this share of all, in milliseconds.</summary>
    /// <param name="part">From 0 (exclusive) to 1.</param>
    public double At(double part)
    {
        if (milliseconds.IsEmpty)
        {
            throw new CheckFailedException("nothing was measured, so there is no percentile.");
        }

        var sorted = milliseconds.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(part * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <summary>Prints the usual percentiles as <c>NAME.p50_ms</c> and so on.</summary>
    public void Report(Results results, string name)
    {
        results.Add(name + ".p50_ms", At(0.50), "ms");
        results.Add(name + ".p95_ms", At(0.95), "ms");
        results.Add(name + ".p99_ms", At(0.99), "ms");
    }
}
