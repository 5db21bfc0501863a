using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>
/// Breaks each rule on purpose and sees that the tests notice. A run over the whole list writes docs/planted-faults.md;
/// a fault that survives makes it fail.
/// </summary>
internal static class FaultsBenchmark
{
    public const string FromOption = "--from";
    public const string ToOption = "--to";
    public const string WorldsOption = "--worlds";
    public const long DefaultWorlds = 60;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var root = Directory.GetCurrentDirectory();
        var all = PlantedFaults.Load(root);
        var chosen = all.Skip((int)options[FromOption] - 1).Take((int)(options[ToOption] - options[FromOption] + 1)).ToList();
        using var shop = await FaultWorkshop.OpenAsync(root, options[WorldsOption], time, ct).ConfigureAwait(false);
        var started = time.GetTimestamp();
        var trials = await shop.TryAllAsync(chosen, trial => Console.Error.WriteLineAsync(trial.Line), ct).ConfigureAwait(false);
        var took = time.GetElapsedTime(started);
        if (chosen.Count == all.Count)
        {
            await File.WriteAllTextAsync(Path.Combine(root, FaultTable.Path), FaultTable.Of(trials, options[WorldsOption], took), ct).ConfigureAwait(false);
        }

        var caught = trials.Count(t => t.CaughtBy is not null);
        results.Add("faults.planted", trials.Count, "faults");
        results.Add("faults.caught", caught, "faults");
        results.Add("faults.seconds", took.TotalSeconds, "s");
        if (caught < trials.Count)
        {
            throw new CheckFailedException($"{trials.Count - caught} planted faults survived the tests.");
        }
    }
}
