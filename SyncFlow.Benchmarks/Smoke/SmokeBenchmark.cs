using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Smoke;

/// <summary>The parts of the inbound pipeline one by one: the rules alone, storing what arrives, applying it.</summary>
internal static class SmokeBenchmark
{
    public static async Task RunAsync(Results results, TimeProvider time, CancellationToken ct)
    {
        RulesBenchmark.Run(results, time, ct);
        await using var servers = await BenchServers.StartAsync(ct).ConfigureAwait(false);
        await IngestBenchmark.RunAsync(servers, results, time, ct).ConfigureAwait(false);
        await ApplyBenchmark.RunAsync(servers, results, time, ct).ConfigureAwait(false);
    }
}
