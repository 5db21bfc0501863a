using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Simulate;

/// <summary>
/// The drawn worlds of the simulation, as many as are asked for, and the same stock kept in four ways side by side. Any
/// violation makes it fail and names the seed.
/// </summary>
internal static class SimulateBenchmark
{
    public const string SeedsOption = "--seeds";
    public const long DefaultSeeds = 1_000;

    /// <summary>The first seed: many worlds can be run in parts, on other days or machines.</summary>
    public const string FromOption = "--from";

    private const int ChunkSize = 1_000;
    private const int ChunksToTell = 10;
    private const int Compared = 500;

    public static Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var (first, seeds, violations, orders) = (options[FromOption], 0L, 0, 0L);
        var (started, tally) = (time.GetTimestamp(), new Tally());
        while (seeds < options[SeedsOption])
        {
            ct.ThrowIfCancellationRequested();
            var count = (int)Math.Min(ChunkSize, options[SeedsOption] - seeds);
            var report = Simulation.Run(Enumerable.Range((int)(first + seeds), count).Select(seed => WorldSettings.Draw(seed)));
            violations += Told("", report.Violations);
            tally.Add(report.Tally);
            seeds += count;
            orders += report.Orders;
            if (seeds % (ChunksToTell * ChunkSize) == 0)
            {
                var rate = seeds / time.GetElapsedTime(started).TotalSeconds;
                Console.Error.WriteLine($"{seeds} of {options[SeedsOption]} worlds, from seed {first}, {violations} violations, {rate:F0} a second");
            }
        }

        foreach (var (what, (worlds, times)) in tally.Counts)
        {
            Console.Error.WriteLine($"{what}: {times} in {worlds} worlds");
        }

        results.Add("simulation.seeds", seeds, "seeds");
        results.Add("simulation.orders", orders, "orders");
        results.Add("simulation.seeds_per_s", seeds / time.GetElapsedTime(started).TotalSeconds, "seeds/s");
        violations += Compare(results, [.. Enumerable.Range(1, (int)Math.Min(Compared, seeds))]);
        results.Add("simulation.violations", violations, "violations");
        return violations == 0
            ? Task.CompletedTask
            : throw new CheckFailedException($"{violations} worlds broke an invariant.");
    }

    /// <summary>Four ways of keeping the same shelves, and the spike. The usual way keeps no invariant, and is asked for none.</summary>
    /// <returns>Worlds that broke one.</returns>
    private static int Compare(Results results, int[] seeds)
    {
        var violations = 0;
        foreach (var (name, lines) in new[] { ("oversold", OversellReport.Run(seeds)), ("drawn_oversold", OversellReport.Drawn(seeds)) })
        {
            foreach (var (keeper, report) in lines)
            {
                results.Add($"simulation.{name}_per_1000_orders.{keeper}", report.OversoldPerThousandOrders, "units");
                violations += keeper == OversellReport.UsualWay ? 0 : Told($"{name}, {keeper}: ", report.Violations);
            }
        }

        var spike = SpikeReport.Run(seeds);
        results.Add("simulation.spike_unsold_percent", spike.UnsoldPercent, "%");
        results.Add("simulation.spike_oversold", spike.Oversold, "units");
        return violations + Told("spike: ", spike.Violations);
    }

    private static int Told(string where, IEnumerable<WorldReport> broken)
    {
        var worlds = 0;
        foreach (var world in broken)
        {
            Console.Error.WriteLine($"{where}SYNCFLOW_SEED={world.Seed}: {world.Violation}");
            worlds++;
        }

        return worlds;
    }
}
