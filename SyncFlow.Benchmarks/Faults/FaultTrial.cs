using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>What came of one fault.</summary>
/// <param name="CaughtBy">The first test that failed; null where the fault survived.</param>
/// <param name="Took">Build and runs.</param>
internal sealed record FaultTrial(PlantedFault Fault, string? CaughtBy, TimeSpan Took)
{
    /// <summary>One line for people.</summary>
    public string Line => $"{Fault.Id}: {(CaughtBy is null ? "SURVIVED" : $"caught by {CaughtBy}")} ({Took.TotalSeconds:F0} s)";
}
