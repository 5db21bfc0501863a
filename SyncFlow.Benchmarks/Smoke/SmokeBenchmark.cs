using SyncFlow.Benchmarks.Apply;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Smoke;

/// <summary>The parts of the inbound pipeline one by one: the rules alone, storing what arrives, applying it.</summary>
internal static class SmokeBenchmark
{
    private const int Backlog = 5_000;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        RulesBenchmark.Run(results, time, ct);
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await InboxBenchmark.RunAsync(servers, results, time, ct).ConfigureAwait(false);
        await ApplyBenchmark.RunAsync(servers, Backlog, rounds: 1, results, options, time, ct).ConfigureAwait(false);
    }
}
