namespace SyncFlow.Simulator.Protocol;

/// <summary>How often each thing that a world is said to contain happened in it.</summary>
internal sealed class Tally
{
    private readonly SortedDictionary<string, (long Worlds, long Times)> _counts = new(StringComparer.Ordinal);

    /// <summary>By name: in how many worlds, and how often.</summary>
    public IReadOnlyDictionary<string, (long Worlds, long Times)> Counts => _counts;

    /// <summary>It happened.</summary>
    public void Add(string what, long times = 1)
    {
        if (times > 0)
        {
            _counts[what] = (1, _counts.GetValueOrDefault(what).Times + times);
        }
    }

    /// <summary>Takes over what happened in another world.</summary>
    public void Add(Tally world)
    {
        ArgumentNullException.ThrowIfNull(world);
        foreach (var (what, (worlds, times)) in world._counts)
        {
            var known = _counts.GetValueOrDefault(what);
            _counts[what] = (known.Worlds + worlds, known.Times + times);
        }
    }
}
