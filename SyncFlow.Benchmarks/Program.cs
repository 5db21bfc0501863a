using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Auth;
using SyncFlow.Benchmarks.Available;
using SyncFlow.Benchmarks.Burst;
using SyncFlow.Benchmarks.Explain;
using SyncFlow.Benchmarks.Fairness;
using SyncFlow.Benchmarks.Faults;
using SyncFlow.Benchmarks.Growth;
using SyncFlow.Benchmarks.Idle;
using SyncFlow.Benchmarks.Ingest;
using SyncFlow.Benchmarks.Memory;
using SyncFlow.Benchmarks.Parse;
using SyncFlow.Benchmarks.Push;
using SyncFlow.Benchmarks.Reconcile;
using SyncFlow.Benchmarks.Scale;
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
        string What, Dictionary<string, long> Options, Func<Results, BenchOptions, TimeProvider, CancellationToken, Task> Run)
    {
        /// <summary>False for one whose servers are the product's own, or that has none.</summary>
        public bool DelaysSyncs { get; init; } = true;
    }

    /// <summary>What <c>all</c> runs, in this order, each as its own defaults say.</summary>
    private static readonly string[] All =
        ["ingest", "apply", "burst", "steady", "push", "reconcile", "fairness", "growth", "scale", "idle", "memory", "explain"];

    private static readonly Dictionary<string, Benchmark> Benchmarks = new(StringComparer.Ordinal)
    {
        ["smoke"] = new(
            "rules, ingest and apply; under a minute with the build", [],
            SmokeBenchmark.RunAsync),
        ["auth"] = new(
            "what knowing the caller and asking what he may do adds to a request", [], AuthBenchmark.RunAsync),
        ["ingest"] = new("webhooks over HTTP, against a bare endpoint", [], IngestBenchmark.RunAsync),
        ["parse"] = new("bodies turned into facts, against a bare walk over their tokens", [], ParseBenchmark.RunAsync),
        ["apply"] = new(
            $"a backlog applied, against the same rows written bare; {ApplyBenchmark.OrdersOption} N orders",
            new() { [ApplyBenchmark.OrdersOption] = ApplyBenchmark.DefaultOrders }, ApplyBenchmark.RunAsync),
        ["burst"] = new(
            $"2,000 orders at once on one store until the other shows them; {BurstBenchmark.OrdersOption} N, {BurstBenchmark.RateOption} N a second",
            new() { [BurstBenchmark.OrdersOption] = BurstBenchmark.DefaultOrders, [BurstBenchmark.RateOption] = BurstBenchmark.DefaultRate },
            BurstBenchmark.BurstAsync),
        ["steady"] = new(
            $"orders at a steady rate until the other store shows them; {BurstBenchmark.RateOption} N a second, {BurstBenchmark.SecondsOption} N",
            new() { [BurstBenchmark.RateOption] = BurstBenchmark.DefaultSteadyRate, [BurstBenchmark.SecondsOption] = BurstBenchmark.DefaultSeconds },
            BurstBenchmark.SteadyAsync),
        ["push"] = new(
            $"a store on the smallest plan is filled; {PushBenchmark.LevelsOption} N levels",
            new() { [PushBenchmark.LevelsOption] = PushBenchmark.DefaultLevels }, PushBenchmark.RunAsync),
        ["reconcile"] = new(
            $"all levels of a store compared with the books; {ReconcileBenchmark.LevelsOption} N levels",
            new() { [ReconcileBenchmark.LevelsOption] = ReconcileBenchmark.DefaultLevels }, ReconcileBenchmark.RunAsync),
        ["fairness"] = new(
            $"a quiet merchant beside a storm of another; {FairnessBenchmark.EventsOption} N events",
            new() { [FairnessBenchmark.EventsOption] = FairnessBenchmark.DefaultEvents }, FairnessBenchmark.RunAsync),
        ["growth"] = new(
            $"time per event with a long ledger; {GrowthBenchmark.EntriesOption} N entries",
            new() { [GrowthBenchmark.EntriesOption] = GrowthBenchmark.DefaultEntries }, GrowthBenchmark.RunAsync),
        ["scale"] = new(
            $"two workers beside one on cores of their own, and leases that move when one is killed; {ScaleBenchmark.OrdersOption} N orders, {ScaleBenchmark.PercentOption} N of its core for each",
            new() { [ScaleBenchmark.OrdersOption] = ScaleBenchmark.DefaultOrders, [ScaleBenchmark.PercentOption] = ScaleBenchmark.DefaultPercent },
            ScaleBenchmark.RunAsync),
        ["leases"] = new(
            $"what it costs that three workers hold the leases of many connections; {LeasesBenchmark.ConnectionsOption} N",
            new() { [LeasesBenchmark.ConnectionsOption] = LeasesBenchmark.DefaultConnections }, LeasesBenchmark.RunAsync),
        ["idle"] = new(
            $"what it costs while nothing happens; {IdleBenchmark.SecondsOption} N",
            new() { [IdleBenchmark.SecondsOption] = IdleBenchmark.DefaultSeconds }, IdleBenchmark.RunAsync),
        ["available"] = new(
            $"available-to-sell asked for: kept, computed, summed by one statement; {AvailableBenchmark.SkusOption} N SKUs",
            new() { [AvailableBenchmark.SkusOption] = AvailableBenchmark.DefaultSkus }, AvailableBenchmark.RunAsync),
        ["explain"] = new(
            $"explanations of the past; {ExplainBenchmark.EntriesOption} N fills the ledger with N entries (100000 or more)",
            new() { [ExplainBenchmark.EntriesOption] = ExplainBenchmark.DefaultEntries }, ExplainBenchmark.RunAsync),
        ["simulate"] = new(
            $"drawn worlds of channels, buyers and faults; {SimulateBenchmark.SeedsOption} N runs N of them, {SimulateBenchmark.FromOption} N begins with seed N",
            new() { [SimulateBenchmark.SeedsOption] = SimulateBenchmark.DefaultSeeds, [SimulateBenchmark.FromOption] = 1 }, SimulateBenchmark.RunAsync)
        { DelaysSyncs = false },
        ["faults"] = new(
            $"breaks each rule on purpose and sees that the tests notice; {FaultsBenchmark.FromOption} N, {FaultsBenchmark.ToOption} N of the list",
            new()
            {
                [FaultsBenchmark.FromOption] = 1,
                [FaultsBenchmark.ToOption] = int.MaxValue,
                [FaultsBenchmark.WorldsOption] = FaultsBenchmark.DefaultWorlds,
            },
            FaultsBenchmark.RunAsync)
        { DelaysSyncs = false },
        ["sources"] = new(
            $"a source's history booked and its events pushed; {SourcesBenchmark.EventsOption} N events of history",
            new() { [SourcesBenchmark.EventsOption] = SourcesBenchmark.DefaultEvents }, SourcesBenchmark.RunAsync),
        ["files"] = new(
            $"a source's largest files uploaded and watched, with kills; {LargeFileBenchmark.MegabytesOption} N",
            new() { [LargeFileBenchmark.MegabytesOption] = LargeFileBenchmark.DefaultMegabytes }, LargeFileBenchmark.RunAsync),
        ["all"] = new($"{string.Join(", ", All)}; one table at the end", [], RunAllAsync),
        ["memory"] = new(
            $"what worker and API take with 100,000 levels; {MemoryBenchmark.LevelsOption} N, {MemoryBenchmark.SecondsOption} N of buying",
            new()
            {
                [MemoryBenchmark.LevelsOption] = MemoryBenchmark.DefaultLevels,
                [MemoryBenchmark.SecondsOption] = MemoryBenchmark.DefaultSeconds,
            },
            MemoryBenchmark.RunAsync)
        { DelaysSyncs = false },
    };

    private static async Task RunAllAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var wrong = new List<string>();
        foreach (var name in All)
        {
            if (options[SyncDelay.Option] > 0 && !Benchmarks[name].DelaysSyncs)
            {
                await Console.Error.WriteLineAsync($"== {name}: not with {SyncDelay.Option}").ConfigureAwait(false);
                continue;
            }

            await Console.Error.WriteLineAsync("== " + name).ConfigureAwait(false);
            var began = time.GetTimestamp();
            try
            {
                await Benchmarks[name].Run(results, options.With(Benchmarks[name].Options), time, ct).ConfigureAwait(false);
            }
            catch (CheckFailedException failed)
            {
                wrong.Add($"{name}: {failed.Message}"); // The others are worth their figures all the same.
            }

            results.Add(name + ".whole_run_s", time.GetElapsedTime(began).TotalSeconds, "s");
        }

        results.WriteTable();
        if (wrong.Count > 0)
        {
            throw new CheckFailedException(string.Join(Environment.NewLine, wrong));
        }
    }

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
        if (benchmark is { DelaysSyncs: false } && options?[SyncDelay.Option] > 0)
        {
            (options, wrong) = (null, $"'{args[0]}' has no database of its own whose syncs could take longer.");
        }

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
            "       ./bench compare COMMIT COMMIT [NAME] [--option N]   smoke where no name is given",
            "Prints one line 'RESULT name value unit' per figure; docs/performance.md says what each means.",
            $"{SyncDelay.Option} N makes every commit's sync N ms longer, as on a cloud's disk; it goes with all but memory, simulate and faults.",
            $"{StatementTrace.Option} N prints the N statements that took most of the database's time; it goes with burst, steady, push and apply.",
            $"{WaitTrace.Option} N prints the N events that the database's sessions waited for most; it goes with the same.",
            "Benchmarks:",
            .. Benchmarks.Select(b => $"  {b.Key,-10} {b.Value.What}"),
        ]);
}
