using System.Collections.Concurrent;

namespace SyncFlow.Simulator.Worlds;

/// <summary>Counters of one run; they start at zero with the process.</summary>
public sealed class WorldStats
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>The counters by name.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>One counter; zero while nothing was counted.</summary>
    public long this[string name] => _counts.GetValueOrDefault(name);

    internal void Count(string name, long by = 1) => _counts.AddOrUpdate(name, by, (_, old) => old + by);
}
