using System.Globalization;
using System.Text;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>The results as a document.</summary>
internal static class FaultTable
{
    /// <summary>Where it stands, from the root of the checkout.</summary>
    public const string Path = "docs/planted-faults.md";

    public static string Of(IReadOnlyList<FaultTrial> trials, long worlds)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Planted faults

            Tests prove something only where they fail when the rule is broken. `eng/planted-faults.json` lists {trials.Count}
            deliberate faults, at least one for each rule and each invariant of [the protocol](protocol.md). `./bench faults`
            plants each alone in a copy of `SyncFlow.Core`, runs the tests of the rules (`SyncFlow.Tests/Core`) and, with at most
            {worlds} seeds a test, the simulated worlds (`SyncFlow.Tests/Simulation`), each until its first failure, and writes this
            document. {trials.Count(t => t.Caught)} of {trials.Count} are caught: {trials.Count(t => t.ByRules is not null)} by tests of the rules, {trials.Count(t => t.ByWorlds is not null)} by worlds.

            A fast test sees that every fault can still be planted: who changes a rule says in the list how it is broken now.

            | fault | what it does | caught by a test of the rules | caught by worlds |
            |---|---|---|---|

            """);
        foreach (var (fault, byRules, byWorlds, _) in trials)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{fault.Id}` | {fault.Means} | {Name(byRules)} | {Name(byWorlds)} |\n");
        }

        return text.ToString();
    }

    private static string Name(string? test) => test is null ? "" : $"`{test}`";
}
