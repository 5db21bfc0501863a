using System.Globalization;
using System.Text.RegularExpressions;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>A copy of the built tests, in which the rules are replaced by rules with a fault. One fault at a time.</summary>
/// <param name="folder">Holds the tests.</param>
/// <param name="worlds">Most seeds of one test: fewer than usual, for each run is one of many.</param>
internal sealed partial class FaultBench(string folder, RulesCompiler compiler, long worlds, TimeProvider time)
{
    private const string Suite = "SyncFlow.Tests";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>The rules as they are must pass, or a failure would tell nothing.</summary>
    public async Task ControlAsync(CancellationToken ct)
    {
        await LayAsync(compiler.Sound(), ct).ConfigureAwait(false);
        if (await FirstFailureAsync(ct).ConfigureAwait(false) is { } failed)
        {
            throw new CheckFailedException($"{failed} fails without any fault.");
        }
    }

    /// <summary>
    /// Plants a fault, runs the test that the list says catches it and, should that pass, all tests of the rules and then the
    /// worlds, until the first failure.
    /// </summary>
    public async Task<FaultTrial> TryAsync(PlantedFault fault, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        await LayAsync(compiler.With(fault), ct).ConfigureAwait(false);
        var caughtBy = await FirstFailureAsync(["-method", $"*.{fault.Test}"], ct).ConfigureAwait(false)
            ?? await FirstFailureAsync(ct).ConfigureAwait(false);
        return new FaultTrial(fault, caughtBy, time.GetElapsedTime(started));
    }

    private Task LayAsync(byte[] rules, CancellationToken ct) =>
        File.WriteAllBytesAsync(Path.Combine(folder, $"{RulesCompiler.Rules}.dll"), rules, ct);

    /// <summary>The first test that fails, or null. Tests of the rules take seconds, worlds longer: those run only where needed.</summary>
    private async Task<string?> FirstFailureAsync(CancellationToken ct) =>
        await FirstFailureAsync(["-namespace", $"{Suite}.Core*", "-class-", "*WorldTests"], ct).ConfigureAwait(false)
        ?? await FirstFailureAsync(["-class", $"{Suite}.Simulation.*", "-class", "*WorldTests"], ct).ConfigureAwait(false);

    private async Task<string?> FirstFailureAsync(string[] which, CancellationToken ct)
    {
        var environment = new Dictionary<string, string> { ["SYNCFLOW_SEEDS"] = worlds.ToString(CultureInfo.InvariantCulture) };
        var run = await Command.DotnetAsync(
            folder, [$"{Suite}.dll", "-noLogo", "-noColor", "-stopOnFail", .. which], environment, Limit, ct).ConfigureAwait(false);
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
