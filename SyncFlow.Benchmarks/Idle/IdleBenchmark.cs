using System.Diagnostics;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator;

namespace SyncFlow.Benchmarks.Idle;

/// <summary>
/// What the product costs while nothing happens: two live stores of 200 SKUs, nobody buys. API, worker and the stores are
/// this process, so its time is an upper bound of theirs.
/// </summary>
internal static class IdleBenchmark
{
    public const string SecondsOption = "--seconds";
    public const long DefaultSeconds = 30;

    private const string Transactions =
        "SELECT (xact_commit + xact_rollback)::bigint FROM pg_stat_database WHERE datname = current_database()";

    private const int Skus = 200;

    /// <summary>
    /// The last readings of going live are to be over, and the compiler done with what loops call: it compiles anew what was
    /// called thirty times, which is half a minute for what is called each second, and was half of the time measured before.
    /// </summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using var stand = await ProductStand.StartLiveAsync(
            servers, new SimulatorOptions { Stores = 2, Skus = Skus, MainLocations = 1, BulkDurationMs = 100 }, "shared", time, ct).ConfigureAwait(false);
        await Task.Delay(Rest, time, ct).ConfigureAwait(false);

        using var self = Process.GetCurrentProcess();
        var before = await servers.ScalarAsync<long>(Transactions, ct).ConfigureAwait(false);
        var (cpu, began) = (self.TotalProcessorTime, time.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(options[SecondsOption]), time, ct).ConfigureAwait(false);
        self.Refresh();
        var (spent, took) = (self.TotalProcessorTime - cpu, time.GetElapsedTime(began));
        var after = await servers.ScalarAsync<long>(Transactions, ct).ConfigureAwait(false);

        await Invariants.PositionsAreTheLedgersAsync(servers.ConnectionString, new(1), ct).ConfigureAwait(false);
        await Invariants.StoresShowTheirTargetsAsync(servers.ConnectionString, stand.World, 2 * Skus, ct).ConfigureAwait(false);
        results.Add("idle.tx_per_s", (after - before) / took.TotalSeconds, "tx/s");
        results.Add("idle.cpu_percent", 100 * (spent / took), "%");
    }
}
