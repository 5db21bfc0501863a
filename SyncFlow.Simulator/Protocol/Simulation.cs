using System.Diagnostics;

namespace SyncFlow.Simulator.Protocol;

/// <summary>What many worlds came to.</summary>
internal sealed record SimulationReport(IReadOnlyList<WorldReport> Worlds, TimeSpan Took)
{
    public IEnumerable<WorldReport> Violations => Worlds.Where(w => w.Violation is not null);
    public int Orders => Worlds.Sum(w => w.Orders);
    public int Oversold => Worlds.Sum(w => w.Oversold);
    public double OversoldPerThousandOrders => Orders == 0 ? 0 : 1_000.0 * Oversold / Orders;
    public double SeedsPerSecond => Worlds.Count / Took.TotalSeconds;
}

/// <summary>Runs worlds side by side; each is single-threaded and knows nothing of the others.</summary>
internal static class Simulation
{
    public static SimulationReport Run(IEnumerable<WorldSettings> worlds)
    {
        var watch = Stopwatch.StartNew();
        var reports = worlds.AsParallel().AsOrdered().Select(w => new ProtocolWorld(w).Run()).ToList();
        return new SimulationReport(reports, watch.Elapsed);
    }

    /// <summary>Two tenants in one process, event by event as their times come, each with what came of it.</summary>
    public static IReadOnlyList<WorldReport> Together(WorldSettings one, WorldSettings other)
    {
        ProtocolWorld[] worlds = [new(one), new(other)];
        while (worlds.Where(w => w.Next is not null).MinBy(w => w.Next) is { } next)
        {
            next.Step();
        }

        return [.. worlds.Select(w => w.Report())];
    }
}
