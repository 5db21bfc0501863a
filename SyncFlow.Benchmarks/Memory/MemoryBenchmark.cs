using System.Globalization;
using Npgsql;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;

namespace SyncFlow.Benchmarks.Memory;

/// <summary>
/// What the processes of worker and API take with a large catalog: the whole product is started as <c>./run</c> starts it, two
/// stores with half of the levels each are imported, mapped, baselined and taken live (which writes and reads every
/// level), and then buyers buy. Both are looked at four times a second from their start to their end.
/// </summary>
internal static class MemoryBenchmark
{
    public const string LevelsOption = "--levels";

    public const string SecondsOption = "--seconds";

    public const long DefaultLevels = 100_000;

    /// <summary>How long buyers buy.</summary>
    public const long DefaultSeconds = 60;

    /// <summary>What the worker may take at any moment, in megabytes.</summary>
    public const double MostOfWorker = 300;

    /// <summary>What the API may.</summary>
    public const double MostOfApi = 200;

    private const double OrdersPerSecond = 50;

    private const int Stores = 2;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new CheckFailedException("A process's memory is read from /proc, which only Linux has.");
        }

        var levels = options[LevelsOption];
        DescribeWorld(levels);
        var folder = Directory.CreateTempSubdirectory("syncflow-bench-");
        try
        {
            // Made for its owner alone; root's PostgreSQL runs under another account and must pass through.
            folder.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            var asked = new LocalOptions(
                TimeSpan.FromSeconds(options[SecondsOption]), Clean: false, Sandbox: true, OrdersPerSecond, Mode: null, ApiPort: null, DataFolder: null);
            await using var host = new LocalHost(asked, time, Console.Error);
            var secrets = await host.StartAsync(Path.Combine(folder.FullName, "data"), ct).ConfigureAwait(false);
            var worker = host.Services.Single(service => service.Name == ServiceContract.Worker.Resource);
            var api = host.Services.Single(service => service.Name == ServiceContract.Api.Resource);
            await using var ofWorker = ResidentMemory.Watch(worker, time);
            await using var ofApi = ResidentMemory.Watch(api, time);
            var ended = await host.StayAsync(secrets, ct).ConfigureAwait(false);
            await CheckAsync(host, worker, ended, levels, ct).ConfigureAwait(false);
            Report(results, "worker", ofWorker, MostOfWorker);
            Report(results, "api", ofApi, MostOfApi);
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The simulator reads its world from the environment that it inherits.</summary>
    private static void DescribeWorld(long levels)
    {
        void Set(string name, long value) =>
            Environment.SetEnvironmentVariable("Simulator__" + name, value.ToString(CultureInfo.InvariantCulture));
        Set("Stores", Stores);
        Set("Skus", levels / Stores);
        Set("MainLocations", 1);
        Environment.SetEnvironmentVariable("Simulator__DirtyCatalog", "false");
    }

    private static async Task CheckAsync(LocalHost host, ServiceProcess worker, int ended, long levels, CancellationToken ct)
    {
        if (ended != LocalHost.Succeeded)
        {
            throw new CheckFailedException("the run did not keep its promises; see its summary above.");
        }

        if (worker.Restarts > 0)
        {
            throw new CheckFailedException("the worker died on the way, so what it took is not known.");
        }

        using var source = NpgsqlDataSource.Create(host.Postgres);
        using var count = source.CreateCommand("SELECT count(*) FROM listing_levels WHERE status = 3 AND belief = target");
        var known = (long)(await count.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        if (known != levels)
        {
            throw new CheckFailedException($"{known} levels are in service and show their targets, not {levels}.");
        }

        await Invariants.PositionsAreTheLedgersAsync(host.Postgres, new TenantId(1), ct).ConfigureAwait(false);
    }

    private static void Report(Results results, string who, ResidentMemory watch, double most)
    {
        results.Add($"memory.{who}_mb", Math.Round(watch.PeakMegabytes), "MB");
        results.Add($"memory.{who}_median_mb", Math.Round(watch.MedianMegabytes), "MB");
        if (watch.PeakMegabytes > most)
        {
            throw new CheckFailedException($"the {who} took {watch.PeakMegabytes:0} MB; {most:0} are allowed.");
        }
    }
}
