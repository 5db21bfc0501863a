using SyncFlow.Benchmarks.Auth;
using SyncFlow.Benchmarks.Explain;
using SyncFlow.Benchmarks.Faults;
using SyncFlow.Benchmarks.Memory;
using SyncFlow.Benchmarks.Simulate;
using SyncFlow.Benchmarks.Smoke;
using SyncFlow.Benchmarks.Sources;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks;

/// <summary>
/// Runs one benchmark by name. Exit codes: 0 it ran and its checks held, 1 it failed or a check did not hold, 2 the
/// command line was not understood.
/// </summary>
internal static class Program
{
    private const int Failed = 1;
    private const int NotUnderstood = 2;

    /// <param name="What">For the usage text.</param>
    /// <param name="Options">Options it takes, with what they are when left out.</param>
    private sealed record Benchmark(
        string What, Dictionary<string, long> Options, Func<Results, BenchOptions, TimeProvider, CancellationToken, Task> Run);

    private static readonly Dictionary<string, Benchmark> Benchmarks = new(StringComparer.Ordinal)
    {
        ["smoke"] = new(
            "rules, ingest and apply; under a minute with the build", [],
            (results, _, time, ct) => SmokeBenchmark.RunAsync(results, time, ct)),
        ["auth"] = new(
            "what knowing the caller and asking what he may do adds to a request", [], AuthBenchmark.RunAsync),
        ["explain"] = new(
            $"explanations of the past; {ExplainBenchmark.EntriesOption} N fills the ledger with N entries (100000 or more)",
            new() { [ExplainBenchmark.EntriesOption] = ExplainBenchmark.DefaultEntries }, ExplainBenchmark.RunAsync),
        ["simulate"] = new(
            $"drawn worlds of channels, buyers and faults; {SimulateBenchmark.SeedsOption} N runs N of them",
            new() { [SimulateBenchmark.SeedsOption] = SimulateBenchmark.DefaultSeeds }, SimulateBenchmark.RunAsync),
        ["faults"] = new(
            $"breaks each rule on purpose and sees that the tests notice; {FaultsBenchmark.FromOption} N, {FaultsBenchmark.ToOption} N of the list",
            new()
            {
                [FaultsBenchmark.FromOption] = 1,
                [FaultsBenchmark.ToOption] = int.MaxValue,
                [FaultsBenchmark.WorldsOption] = FaultsBenchmark.DefaultWorlds,
            },
            FaultsBenchmark.RunAsync),
        ["sources"] = new(
            $"a source's history booked and its events pushed; {SourcesBenchmark.EventsOption} N events of history",
            new() { [SourcesBenchmark.EventsOption] = SourcesBenchmark.DefaultEvents }, SourcesBenchmark.RunAsync),
        ["memory"] = new(
            $"what the worker takes with 20,000 levels; {MemoryBenchmark.LevelsOption} N, {MemoryBenchmark.SecondsOption} N of buying",
            new()
            {
                [MemoryBenchmark.LevelsOption] = MemoryBenchmark.DefaultLevels,
                [MemoryBenchmark.SecondsOption] = MemoryBenchmark.DefaultSeconds,
            },
            MemoryBenchmark.RunAsync),
    };

    public static async Task<int> Main(string[] args)
    {
        if (args is ["--help"] or ["-h"])
        {
            await Console.Out.WriteLineAsync(Usage()).ConfigureAwait(false);
            return 0;
        }

        var benchmark = args is [var name, ..] ? Benchmarks.GetValueOrDefault(name) : null;
        var (options, wrong) = benchmark is null
            ? (null, args is [var said, ..] ? $"No benchmark is named '{said}'." : "Name one benchmark.")
            : BenchOptions.Read(args[1..], benchmark.Options);
        if (benchmark is null || options is null)
        {
            await Console.Error.WriteLineAsync(wrong + Environment.NewLine + Usage()).ConfigureAwait(false);
            return NotUnderstood;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // The servers are stopped in order first.
            stop.Cancel();
        };
        return await RunAsync(ct => benchmark.Run(new Results(Console.Out), options, TimeProvider.System, ct), stop.Token).ConfigureAwait(false);
    }

    private static async Task<int> RunAsync(Func<CancellationToken, Task> run, CancellationToken ct)
    {
        try
        {
            await run(ct).ConfigureAwait(false);
            return 0;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped before the end.").ConfigureAwait(false);
        }
        catch (CheckFailedException wrong)
        {
            await Console.Error.WriteLineAsync("FAILED " + wrong.Message).ConfigureAwait(false);
        }
        catch (Exception failure) // The process's boundary: whatever it was, it is shown whole and the exit code says so.
        {
            await Console.Error.WriteLineAsync($"FAILED {failure}").ConfigureAwait(false);
        }

        return Failed;
    }

    private static string Usage() => string.Join(
        Environment.NewLine,
        [
            "Usage: ./bench NAME [--option N]",
            "Prints one line 'RESULT name value unit' per figure; docs/performance.md says what each means.",
            "Benchmarks:",
            .. Benchmarks.Select(b => $"  {b.Key,-10} {b.Value.What}"),
        ]);
}
