using System.Collections.Concurrent;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>As many benches as there are cores, each with a copy of the built tests. The checkout's sources are only read.</summary>
internal sealed class FaultWorkshop : IDisposable
{
    private const string Tests = "SyncFlow.Tests";

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("syncflow-faults-");
    private readonly ConcurrentBag<FaultBench> _benches = [];
    private readonly RulesCompiler _compiler;

    private FaultWorkshop(RulesCompiler compiler) => _compiler = compiler;

    /// <summary>Builds the tests, and lays out the benches.</summary>
    /// <param name="worlds">Most seeds of one test.</param>
    public static async Task<FaultWorkshop> OpenAsync(string root, long worlds, TimeProvider time, CancellationToken ct)
    {
        await Command.DotnetAsync(root, ["build", Tests, "-c", "Release", "-v", "q", "--nologo", "-p:RunAnalyzers=false"], ct).ConfigureAwait(false);
        var shop = new FaultWorkshop(new RulesCompiler(root));
        try
        {
            for (var bench = 1; bench <= Math.Max(1, Environment.ProcessorCount); bench++)
            {
                var folder = Path.Combine(shop._scratch.FullName, $"bench{bench}");
                Copy(Path.Combine(root, Tests, "bin", "Release", "net10.0"), folder);
                shop._benches.Add(new FaultBench(folder, shop._compiler, worlds, time));
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
    /// <exception cref="CheckFailedException">A fault does not compile, or the rules fail without one.</exception>
    public async Task<IReadOnlyList<FaultTrial>> TryAllAsync(
        IReadOnlyList<PlantedFault> faults, Func<FaultTrial, Task> done, CancellationToken ct)
    {
        if (faults.SelectMany(f => _compiler.Complaints(f).Select(c => $"{f.Id}: {c}")).ToList() is { Count: > 0 } complaints)
        {
            throw new CheckFailedException($"Faults that cannot be planted any more:{Environment.NewLine}{string.Join(Environment.NewLine, complaints)}");
        }

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

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
