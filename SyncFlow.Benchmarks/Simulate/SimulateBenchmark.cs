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

    private const int ChunkSize = 1_000;
    private const int Compared = 500;

    public static Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var (seeds, violations, orders) = (0L, 0, 0L);
        var (started, tally) = (time.GetTimestamp(), new Tally());
        while (seeds < options[SeedsOption])
        {
            ct.ThrowIfCancellationRequested();
            var count = (int)Math.Min(ChunkSize, options[SeedsOption] - seeds);
            var report = Simulation.Run(Enumerable.Range((int)seeds + 1, count).Select(seed => WorldSettings.Draw(seed)));
            foreach (var world in report.Violations)
            {
                Console.Error.WriteLine($"SYNCFLOW_SEED={world.Seed}: {world.Violation}");
                violations++;
            }

            tally.Add(report.Tally);
            seeds += count;
            orders += report.Orders;
        }

        foreach (var (what, (worlds, times)) in tally.Counts)
        {
            Console.Error.WriteLine($"{what}: {times} in {worlds} worlds");
        }

        results.Add("simulation.seeds", seeds, "seeds");
        results.Add("simulation.orders", orders, "orders");
        results.Add("simulation.violations", violations, "violations");
        results.Add("simulation.seeds_per_s", seeds / time.GetElapsedTime(started).TotalSeconds, "seeds/s");
        foreach (var (keeper, report) in OversellReport.Run([.. Enumerable.Range(1, (int)Math.Min(Compared, seeds))]))
        {
            results.Add($"simulation.oversold_per_1000_orders.{keeper}", report.OversoldPerThousandOrders, "units");
        }

        foreach (var (keeper, report) in OversellReport.Drawn([.. Enumerable.Range(1, (int)Math.Min(Compared, seeds))]))
        {
            results.Add($"simulation.drawn_oversold_per_1000_orders.{keeper}", report.OversoldPerThousandOrders, "units");
        }

        var spike = SpikeReport.Run(Enumerable.Range(1, (int)Math.Min(Compared, seeds)));
        violations += spike.Violations.Count;
        results.Add("simulation.spike_unsold_percent", spike.UnsoldPercent, "%");
        results.Add("simulation.spike_oversold", spike.Oversold, "units");
        return violations == 0
            ? Task.CompletedTask
            : throw new CheckFailedException($"{violations} of {seeds} worlds broke an invariant.");
    }
}
