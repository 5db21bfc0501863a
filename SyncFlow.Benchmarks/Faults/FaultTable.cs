using System.Globalization;
using System.Text;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>The results as a document.</summary>
internal static class FaultTable
{
    /// <summary>Where it stands, from the root of the checkout.</summary>
    public const string Path = "docs/planted-faults.md";

    /// <param name="whole">What the whole run took.</param>
    public static string Of(IReadOnlyList<FaultTrial> trials, long worlds, TimeSpan whole)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Planted faults

            Tests prove something only where they fail when the rule is broken. `eng/planted-faults.json` lists {trials.Count}
            deliberate faults, at least one for each rule and each invariant of [the protocol](protocol.md), and more for kits,
            preorders, returns that are looked at, brakes, counts and settlements. `./bench faults`
            plants each alone in a copy of `SyncFlow.Core`, runs the test that the list names for it and, should that pass, all
            tests of the rules (`SyncFlow.Tests/Core`) and the simulated worlds with at most {worlds} seeds a test
            (`SyncFlow.Tests/Simulation`), and writes this document. Without a fault all of them pass, which is tried first.
            {trials.Count(t => t.CaughtBy is not null)} of {trials.Count} are caught; the run took {whole.TotalMinutes:F0} minutes.

            A fast test sees that every fault can still be planted: who changes a rule says in the list how it is broken now.

            | fault | what it does | the test that failed | after |
            |---|---|---|---|

            """);
        foreach (var (fault, caughtBy, took) in trials)
        {
            var test = caughtBy is null ? "SURVIVED" : $"`{caughtBy}`";
            text.Append(CultureInfo.InvariantCulture, $"| `{fault.Id}` | {fault.Means} | {test} | {took.TotalSeconds:F0} s |\n");
        }

        return text.ToString();
    }
}
