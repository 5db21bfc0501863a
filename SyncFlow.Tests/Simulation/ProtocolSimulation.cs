using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Protocol;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Simulation;

/// <summary>
/// The production rules in thousands of drawn worlds. Everything a world checks, it checks after every single thing
/// that happens in it.
/// </summary>
public sealed class ProtocolSimulation(ITestOutputHelper output)
{
    [Fact]
    public void Guard_breaks_no_invariant_in_any_world()
    {
        var report = SyncFlow.Simulator.Protocol.Simulation.Run(Seeds.Take(Count).Select(seed => WorldSettings.Draw(seed) with { Absolute = 0 }));
        output.WriteLine($"{report.Worlds.Count} seeds, {report.Violations.Count()} violations, {report.Orders} orders, {report.Worlds.Sum(w => w.Events)} events, {report.SeedsPerSecond:F0} seeds/s");
        foreach (var world in report.Violations.Take(12))
        {
            output.WriteLine($"SYNCFLOW_SEED={world.Seed}: {world.Violation}");
        }

        report.Violations.ShouldBeEmpty();
    }

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("SYNCFLOW_SEEDS"), out var count) ? count : 1000;
}
