using SyncFlow.Core.Allocation;

namespace SyncFlow.Simulator.Protocol;

/// <summary>The same drawn worlds kept in different ways: what each is worth, side by side.</summary>
internal static class OversellReport
{
    /// <summary>The line of those who set the other shelves to a count that each webhook lowers.</summary>
    public const string UsualWay = "naive";

    /// <summary>One line: who kept the shelves, and what it came to.</summary>
    internal sealed record Line(string Keeper, SimulationReport Report);

    /// <summary>Runs the worlds of these seeds once per way. They have everyday faults
    /// and no broken assumption: what is oversold is the keeper's fault.</summary>
    public static IReadOnlyList<Line> Run(IReadOnlyList<int> seeds) =>
    [
        new("guard", Run(seeds, Keeper.Protocol, SharingMode.Guard)),
        new("adaptive", Run(seeds, Keeper.Protocol, SharingMode.Adaptive)),
        new("shared", Run(seeds, Keeper.Protocol, SharingMode.Shared)),
        new(UsualWay, Run(seeds, Keeper.Naive, SharingMode.Shared)),
    ];

    /// <summary>
    /// The same with worlds as they are drawn, everything at once that may happen in one, kits, tills and closed locations too,
    /// but for reservations, which the usual way does not know, and for bounded guard, which oversells knowingly.
    /// </summary>
    public static IReadOnlyList<Line> Drawn(IReadOnlyList<int> seeds) =>
    [
        new("guard", Simulation.Run(seeds.Select(seed => Drawn(seed, SharingMode.Guard)))),
        new(UsualWay, Simulation.Run(seeds.Select(seed => Drawn(seed, SharingMode.Shared) with { Keeper = Keeper.Naive }))),
    ];

    private static WorldSettings Drawn(int seed, SharingMode mode) =>
        WorldSettings.Alone(seed, mode) with { CartsPerMinute = 0, Bounded = 0, OnlyBuying = true };

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
