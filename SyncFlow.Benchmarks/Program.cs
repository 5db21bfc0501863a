using SyncFlow.Benchmarks.Smoke;
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

    private static readonly Dictionary<string, (string What, Func<Results, TimeProvider, CancellationToken, Task> Run)> Benchmarks =
        new(StringComparer.Ordinal)
        {
            ["smoke"] = ("rules, ingest and apply; under a minute with the build", SmokeBenchmark.RunAsync),
        };

    public static async Task<int> Main(string[] args)
    {
        if (args is ["--help"] or ["-h"])
        {
            await Console.Out.WriteLineAsync(Usage()).ConfigureAwait(false);
            return 0;
        }

        if (args is not [var name] || !Benchmarks.TryGetValue(name, out var benchmark))
        {
            var said = args.Length == 1 ? $"No benchmark is named '{args[0]}'." : "Name one benchmark.";
            await Console.Error.WriteLineAsync(said + Environment.NewLine + Usage()).ConfigureAwait(false);
            return NotUnderstood;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // The servers are stopped in order first.
            stop.Cancel();
        };
        return await RunAsync(benchmark.Run, stop.Token).ConfigureAwait(false);
    }

    private static async Task<int> RunAsync(Func<Results, TimeProvider, CancellationToken, Task> run, CancellationToken ct)
    {
        try
        {
            await run(new Results(Console.Out), TimeProvider.System, ct).ConfigureAwait(false);
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
            "Usage: ./bench NAME",
            "Prints one line 'RESULT name value unit' per figure; docs/performance.md says what each means.",
            "Benchmarks:",
            .. Benchmarks.Select(b => $"  {b.Key,-10} {b.Value.What}"),
        ]);
}
