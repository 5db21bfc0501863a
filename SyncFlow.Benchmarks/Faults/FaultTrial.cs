using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>What came of one fault.</summary>
/// <param name="ByRules">The test of the rules that caught it, or null.</param>
/// <param name="ByWorlds">The simulation that caught it, or null.</param>
/// <param name="Took">Build and both runs.</param>
internal sealed record FaultTrial(PlantedFault Fault, string? ByRules, string? ByWorlds, TimeSpan Took)
{
    public bool Caught => ByRules is not null || ByWorlds is not null;

    /// <summary>One line for people.</summary>
    public string Line => Caught
        ? $"{Fault.Id}: caught by {ByRules ?? "no test of the rules"}; {ByWorlds ?? "by no world"} ({Took.TotalSeconds:F0} s)"
        : $"{Fault.Id}: SURVIVED ({Took.TotalSeconds:F0} s)";
}
