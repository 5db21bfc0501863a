using SyncFlow.Core.Allocation;

namespace SyncFlow.Simulator.Protocol;

/// <summary>What guard leaves unsold in a spike while buyers are still refused.</summary>
/// <param name="Worlds">Worlds that ran.</param>
/// <param name="Short">Worlds in which buyers were refused.</param>
/// <param name="Stock">Units those had.</param>
/// <param name="Unsold">Units they still had when buyers were refused to the end.</param>
/// <param name="Oversold">Units oversold in all worlds.</param>
/// <param name="Violations">Worlds that broke an invariant.</param>
internal sealed record SpikeReport(int Worlds, int Short, int Stock, int Unsold, int Oversold, IReadOnlyList<WorldReport> Violations)
{
    /// <summary>Units at the start of a world: a bestseller's last two hundred.</summary>
    public const int StartUnits = 200;

    /// <summary>Units left unsold, in percent of what there was where buyers were refused.</summary>
    public double UnsoldPercent => Stock == 0 ? 0 : 100.0 * Unsold / Stock;

    /// <summary>
    /// The standard spike world: three channels, one of them with twice the buyers of another, about a fifth more demand
    /// than stock within ten minutes, on an everyday bad day.
    /// </summary>
    public static WorldSettings World(int seed) => new()
    {
        Seed = seed,
        Mode = SharingMode.Guard,
        Channels = 3,
        Stock = StartUnits,
        OrdersPerMinute = 15,
        Minutes = 10,
        Cancelled = 0,
        Faults = WorldSettings.Everyday,
    };

    /// <summary>Runs the worlds of these seeds.</summary>
    public static SpikeReport Run(IEnumerable<int> seeds)
    {
        var worlds = Simulation.Run(seeds.Select(World)).Worlds;
        var shortOf = worlds.Where(w => w.RefusedUnits > 0).ToList();
        return new SpikeReport(
            worlds.Count, shortOf.Count, shortOf.Count * StartUnits, shortOf.Sum(w => w.Unsold), worlds.Sum(w => w.Oversold),
            [.. worlds.Where(w => w.Violation is not null)]);
    }
}
