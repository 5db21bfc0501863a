using System.Globalization;
using System.Text.RegularExpressions;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>
/// A scratch copy of the rules, built anew for each fault, beside the tests as they are: a fault changes what methods
/// do and no signature, so the tests need not be built again. The checkout is only read.
/// </summary>
internal sealed partial class FaultWorkshop : IDisposable
{
    private const string Rules = "SyncFlow.Core";
    private const string Tests = "SyncFlow.Tests";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(20);
    private static readonly string[] Shared =
        ["Directory.Build.props", "Directory.Packages.props", "global.json", "eng/BannedSymbols.txt"];

    private readonly string _root;
    private readonly long _worlds;
    private readonly TimeProvider _time;
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("syncflow-faults-");

    private FaultWorkshop(string root, long worlds, TimeProvider time) => (_root, _worlds, _time) = (root, worlds, time);

    private string Bench => Path.Combine(_scratch.FullName, "tests");

    /// <summary>Builds the tests, and copies them and the sources of the rules.</summary>
    /// <param name="worlds">Most seeds of one test: fewer than usual, for each run is one of many.</param>
    public static async Task<FaultWorkshop> OpenAsync(string root, long worlds, TimeProvider time, CancellationToken ct)
    {
        var shop = new FaultWorkshop(root, worlds, time);
        try
        {
            await shop.RunAsync(root, ["build", Tests, "-c", "Release", "-v", "q", "--nologo", "-p:RunAnalyzers=false"], ct).ConfigureAwait(false);
            Copy(Path.Combine(root, Tests, "bin", "Release", "net10.0"), shop.Bench, _ => true);
            Copy(Path.Combine(root, Rules), Path.Combine(shop._scratch.FullName, Rules), p => !IsBuilt(p));
            foreach (var file in Shared)
            {
                var to = Path.Combine(shop._scratch.FullName, file);
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(Path.Combine(root, file), to);
            }

            await shop.RunAsync(shop._scratch.FullName, ["restore", Rules, "-v", "q", "--nologo"], ct).ConfigureAwait(false);
            return shop;
        }
        catch
        {
            shop.Dispose();
            throw;
        }
    }

    /// <summary>The rules as they are must pass, or a failure would tell nothing.</summary>
    public async Task ControlAsync(CancellationToken ct)
    {
        await BuildAsync(ct).ConfigureAwait(false);
        if (await FirstFailureAsync(ct).ConfigureAwait(false) is { } failed)
        {
            throw new CheckFailedException($"{failed} fails without any fault.");
        }
    }

    /// <summary>Plants a fault, builds, runs the tests of the rules, then the worlds, until the first failure, and mends it.</summary>
    public async Task<FaultTrial> TryAsync(PlantedFault fault, CancellationToken ct)
    {
        var started = _time.GetTimestamp();
        var file = Path.Combine(_scratch.FullName, fault.File);
        var sound = await File.ReadAllTextAsync(file, ct).ConfigureAwait(false);
        await File.WriteAllTextAsync(file, fault.Plant(sound), ct).ConfigureAwait(false);
        try
        {
            await BuildAsync(ct).ConfigureAwait(false);
            return new FaultTrial(fault, await FirstFailureAsync(ct).ConfigureAwait(false), _time.GetElapsedTime(started));
        }
        finally
        {
            await File.WriteAllTextAsync(file, sound, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose() => _scratch.Delete(recursive: true);

    private async Task BuildAsync(CancellationToken ct)
    {
        await RunAsync(
            _scratch.FullName,
            ["build", Rules, "-c", "Release", "--no-restore", "-v", "q", "--nologo", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false"],
            ct).ConfigureAwait(false);
        File.Copy(
            Path.Combine(_scratch.FullName, Rules, "bin", "Release", "net10.0", $"{Rules}.dll"), Path.Combine(Bench, $"{Rules}.dll"),
            overwrite: true);
    }

    /// <summary>The first test that fails, or null. Tests of the rules take seconds, worlds longer: those run only where needed.</summary>
    private async Task<string?> FirstFailureAsync(CancellationToken ct) =>
        await FirstFailureAsync(["-namespace", $"{Tests}.Core*", "-class-", $"{Tests}.Core.*WorldTests"], ct).ConfigureAwait(false)
        ?? await FirstFailureAsync(["-class", $"{Tests}.Simulation.*", "-class", $"{Tests}.Core.*WorldTests"], ct).ConfigureAwait(false);

    private async Task<string?> FirstFailureAsync(string[] which, CancellationToken ct)
    {
        var environment = new Dictionary<string, string> { ["SYNCFLOW_SEEDS"] = _worlds.ToString(CultureInfo.InvariantCulture) };
        var run = await Command.DotnetAsync(
            Bench, [$"{Tests}.dll", "-noLogo", "-noColor", "-stopOnFail", .. which], environment, Limit, ct).ConfigureAwait(false);
        if (!run.Ended)
        {
            return "a test that did not end in time";
        }

        return FailedTest().Match(run.Output) is { Success: true } failed ? failed.Groups[1].Value
            : run.ExitCode == 0 ? null
            : "a test process that ended early";
    }

    private async Task RunAsync(string folder, string[] arguments, CancellationToken ct)
    {
        var run = await Command.DotnetAsync(folder, arguments, new Dictionary<string, string>(), BuildLimit, ct).ConfigureAwait(false);
        if (!run.Ended || run.ExitCode != 0)
        {
            throw new CheckFailedException($"dotnet {string.Join(' ', arguments)} failed in {Path.GetRelativePath(_root, folder)}: {run.Output}");
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

    // "    SyncFlow.Tests.Core.Cases.OrderCases.C01_A_duplicate [FAIL]", with the arguments of a theory after the name.
    [GeneratedRegex(@"^ *SyncFlow\.Tests\.(?:\w+\.)*?(\w+\.\w+)(?:\(.*\))? \[FAIL\]", RegexOptions.Multiline)]
    private static partial Regex FailedTest();
}
