using System.Globalization;
using System.Text.RegularExpressions;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>
/// A scratch copy of the rules, built anew for each fault, beside the tests as they are: a fault changes what methods
/// do and no signature, so the tests need not be built again. One fault at a time.
/// </summary>
/// <param name="folder">Holds the sources of the rules and, in <see cref="Tests"/>, the built tests.</param>
/// <param name="worlds">Most seeds of one test: fewer than usual, for each run is one of many.</param>
internal sealed partial class FaultBench(string folder, long worlds, TimeProvider time)
{
    public const string Rules = "SyncFlow.Core";
    private const string Suite = "SyncFlow.Tests";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Where the built tests lie, below the folder.</summary>
    public const string Tests = "tests";

    private string Bench => Path.Combine(folder, Tests);

    /// <summary>The rules as they are must pass, or a failure would tell nothing.</summary>
    public async Task ControlAsync(CancellationToken ct)
    {
        await BuildAsync(ct).ConfigureAwait(false);
        if (await FirstFailureAsync(ct).ConfigureAwait(false) is { } failed)
        {
            throw new CheckFailedException($"{failed} fails without any fault.");
        }
    }

    /// <summary>
    /// Plants a fault, builds, runs the test that the list says catches it and, should that pass, all tests of the rules
    /// and then the worlds, until the first failure; and mends it.
    /// </summary>
    public async Task<FaultTrial> TryAsync(PlantedFault fault, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var file = Path.Combine(folder, fault.File);
        var sound = await File.ReadAllTextAsync(file, ct).ConfigureAwait(false);
        await File.WriteAllTextAsync(file, fault.Plant(sound), ct).ConfigureAwait(false);
        try
        {
            await BuildAsync(ct).ConfigureAwait(false);
            var caughtBy = await FirstFailureAsync(["-method", $"*.{fault.Test}"], ct).ConfigureAwait(false)
                ?? await FirstFailureAsync(ct).ConfigureAwait(false);
            return new FaultTrial(fault, caughtBy, time.GetElapsedTime(started));
        }
        finally
        {
            await File.WriteAllTextAsync(file, sound, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task BuildAsync(CancellationToken ct)
    {
        await Command.DotnetAsync(
            folder,
            ["build", Rules, "-c", "Release", "--no-restore", "-v", "q", "--nologo", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:GenerateDocumentationFile=false"],
            ct).ConfigureAwait(false);
        File.Copy(Path.Combine(folder, Rules, "bin", "Release", "net10.0", $"{Rules}.dll"), Path.Combine(Bench, $"{Rules}.dll"), overwrite: true);
    }

    /// <summary>The first test that fails, or null. Tests of the rules take seconds, worlds longer: those run only where needed.</summary>
    private async Task<string?> FirstFailureAsync(CancellationToken ct) =>
        await FirstFailureAsync(["-namespace", $"{Suite}.Core*", "-class-", "*WorldTests"], ct).ConfigureAwait(false)
        ?? await FirstFailureAsync(["-class", $"{Suite}.Simulation.*", "-class", "*WorldTests"], ct).ConfigureAwait(false);

    private async Task<string?> FirstFailureAsync(string[] which, CancellationToken ct)
    {
        var environment = new Dictionary<string, string> { ["SYNCFLOW_SEEDS"] = worlds.ToString(CultureInfo.InvariantCulture) };
        var run = await Command.DotnetAsync(
            Bench, [$"{Suite}.dll", "-noLogo", "-noColor", "-stopOnFail", .. which], environment, Limit, ct).ConfigureAwait(false);
        if (!run.Ended)
        {
            return "a test that did not end in time";
        }

        return FailedTest().Match(run.Output) is { Success: true } failed ? failed.Groups[1].Value
            : run.ExitCode == 0 ? null
            : "a test process that ended early";
    }

    // "    SyncFlow.Tests.Core.Cases.OrderCases.C01_A_duplicate [FAIL]", with the arguments of a theory after the name.
    [GeneratedRegex(@"^ *SyncFlow\.Tests\.(?:\w+\.)*?(\w+\.\w+)(?:\(.*\))? \[FAIL\]", RegexOptions.Multiline)]
    private static partial Regex FailedTest();
}
