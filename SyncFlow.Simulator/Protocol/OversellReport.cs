using SyncFlow.Core.Allocation;

namespace SyncFlow.Simulator.Protocol;

/// <summary>The same drawn worlds kept in different ways: what each is worth, side by side.</summary>
internal static class OversellReport
{
    /// <summary>One line: who kept the shelves, and what it came to.</summary>
    internal sealed record Line(string Keeper, SimulationReport Report);

    /// <summary>Runs the worlds of these seeds once per way. They have everyday faults
    /// and no broken assumption: what is oversold is the keeper's fault.</summary>
    public static IReadOnlyList<Line> Run(IReadOnlyList<int> seeds) =>
    [
        new("guard", Run(seeds, Keeper.Protocol, SharingMode.Guard)),
        new("adaptive", Run(seeds, Keeper.Protocol, SharingMode.Adaptive)),
        new("shared", Run(seeds, Keeper.Protocol, SharingMode.Shared)),
        new("naive", Run(seeds, Keeper.Naive, SharingMode.Shared)),
    ];

    private static SimulationReport Run(IReadOnlyList<int> seeds, Keeper keeper, SharingMode mode) =>
        Simulation.Run(seeds.Select(seed => World(seed, keeper, mode)));

    private static WorldSettings World(int seed, Keeper keeper, SharingMode mode) =>
        WorldSettings.Plain(seed, mode) with
        {
            Keeper = keeper,
            Locations = 1,
            Faults = WorldSettings.Everyday,
            KeepingKeys = 6,
            SourceDelay = 0,
            OnlyBuying = true,
        };
}
