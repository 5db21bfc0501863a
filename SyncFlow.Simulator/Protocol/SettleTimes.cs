namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// How long a change takes to be acknowledged on a connection: the 99th percentile of the last minutes, between 1 and
/// 600 seconds, as the worker measures it; as it was while nothing is acknowledged.
/// </summary>
internal sealed class SettleTimes
{
    /// <summary>Seconds before anything was measured.</summary>
    public const double AtFirst = 10;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private readonly Queue<(DateTimeOffset At, double Seconds)> _noted = [];
    private double _last = AtFirst;

    /// <summary>A change was acknowledged so long after its cause.</summary>
    public void Note(TimeSpan took, DateTimeOffset now) => _noted.Enqueue((now, took.TotalSeconds));

    /// <summary>The measured time in seconds.</summary>
    public double Seconds(DateTimeOffset now)
    {
        while (_noted.TryPeek(out var oldest) && oldest.At < now - Window)
        {
            _noted.Dequeue();
        }

        if (_noted.Count > 0)
        {
            var sorted = _noted.Select(n => n.Seconds).Order().ToArray();
            _last = Math.Clamp(sorted[(int)Math.Ceiling(0.99 * (sorted.Length - 1))], 1, 600);
        }

        return _last;
    }
}
