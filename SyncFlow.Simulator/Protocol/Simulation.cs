using System.Collections.Concurrent;
using System.Diagnostics;

namespace SyncFlow.Simulator.Protocol;

/// <summary>What many worlds came to.</summary>
/// <param name="Worlds">What each came to.</param>
/// <param name="Tally">How often each ingredient was there in all of them.</param>
/// <param name="Took">By the wall clock.</param>
internal sealed record SimulationReport(IReadOnlyList<WorldReport> Worlds, Tally Tally, TimeSpan Took)
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

        // One by one: handed out by the dozen, some are still to be done by one core when the others have none left.
        var runs = Partitioner.Create(worlds, EnumerablePartitionerOptions.NoBuffering).AsParallel().AsOrdered().Select(Run).ToList();
        var tally = new Tally();
        runs.ForEach(r => tally.Add(r.Tally));
        return new SimulationReport(runs.ConvertAll(r => r.Report), tally, watch.Elapsed);
    }

    private static (WorldReport Report, Tally Tally) Run(WorldSettings settings)
    {
        var world = new ProtocolWorld(settings);
        return (world.Run(), world.Tally);
    }
}
