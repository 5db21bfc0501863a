using System.Collections.Concurrent;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>As many benches as there are cores, each with a copy of the rules and of the built tests. The checkout is only read.</summary>
internal sealed class FaultWorkshop : IDisposable
{
    private const string Tests = "SyncFlow.Tests";

    private static readonly string[] Shared =
        ["Directory.Build.props", "Directory.Packages.props", "global.json", "eng/BannedSymbols.txt"];

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("syncflow-faults-");
    private readonly ConcurrentBag<FaultBench> _benches = [];

    private FaultWorkshop()
    {
    }

    /// <summary>Builds the tests, and lays out the benches.</summary>
    /// <param name="worlds">Most seeds of one test.</param>
    public static async Task<FaultWorkshop> OpenAsync(string root, long worlds, TimeProvider time, CancellationToken ct)
    {
        var shop = new FaultWorkshop();
        try
        {
            await Command.DotnetAsync(root, ["build", Tests, "-c", "Release", "-v", "q", "--nologo", "-p:RunAnalyzers=false"], ct).ConfigureAwait(false);
            for (var bench = 1; bench <= Math.Max(1, Environment.ProcessorCount); bench++)
            {
                var folder = Path.Combine(shop._scratch.FullName, $"bench{bench}");
                LayOut(root, folder);
                await Command.DotnetAsync(folder, ["restore", FaultBench.Rules, "-v", "q", "--nologo"], ct).ConfigureAwait(false);
                shop._benches.Add(new FaultBench(folder, worlds, time));
            }

            return shop;
        }
        catch
        {
            shop.Dispose();
            throw;
        }
    }

    /// <summary>Tries the rules as they are, then every fault, on all benches at once.</summary>
    /// <param name="done">Told of each as it is done.</param>
    /// <returns>In the order of the list.</returns>
    public async Task<IReadOnlyList<FaultTrial>> TryAllAsync(
        IReadOnlyList<PlantedFault> faults, Func<FaultTrial, Task> done, CancellationToken ct)
    {
        await OnBenchAsync(bench => bench.ControlAsync(ct)).ConfigureAwait(false);
        var trials = new FaultTrial[faults.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = _benches.Count, CancellationToken = ct };
        await Parallel.ForEachAsync(Enumerable.Range(0, faults.Count), options, async (i, stop) =>
        {
            await OnBenchAsync(async bench => trials[i] = await bench.TryAsync(faults[i], stop).ConfigureAwait(false)).ConfigureAwait(false);
            await done(trials[i]).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return trials;
    }

    public void Dispose() => _scratch.Delete(recursive: true);

    private async Task OnBenchAsync(Func<FaultBench, Task> work)
    {
        if (!_benches.TryTake(out var bench))
        {
            throw new InvalidOperationException("More is tried at once than there are benches.");
        }

        try
        {
            await work(bench).ConfigureAwait(false);
        }
        finally
        {
            _benches.Add(bench);
        }
    }

    private static void LayOut(string root, string folder)
    {
        Copy(Path.Combine(root, Tests, "bin", "Release", "net10.0"), Path.Combine(folder, FaultBench.Tests), _ => true);
        Copy(Path.Combine(root, FaultBench.Rules), Path.Combine(folder, FaultBench.Rules), p => !IsBuilt(p));
        foreach (var file in Shared)
        {
            var to = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(Path.Combine(root, file), to);
        }
    }

    private static bool IsBuilt(string path) =>
        path.Split(Path.DirectorySeparatorChar) is ["bin" or "obj", ..];

    private static void Copy(string from, string to, Func<string, bool> wanted)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(from, file);
            if (wanted(path))
            {
                var target = Path.Combine(to, path);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }
}
