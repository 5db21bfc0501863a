using Shouldly;
using SyncFlow.Simulator.Protocol;
using Xunit;

namespace SyncFlow.Tests.Simulation;

/// <summary>A spike in guard: nothing is oversold, and next to nothing stays on a shelf where nobody asks for it.</summary>
public sealed class SpikeSimulation(ITestOutputHelper output)
{
    private const int Seeds = 100;
    private const double MostUnsoldPercent = 3;

    [Fact]
    public void Guard_leaves_at_most_three_percent_unsold_while_buyers_are_refused()
    {
        var report = SpikeReport.Run(Enumerable.Range(1, Seeds));

        output.WriteLine($"{report.Unsold} of {report.Stock} units unsold in {report.Short} of {report.Worlds} worlds: {report.UnsoldPercent:0.00} %");
        report.Violations.Select(w => $"SYNCFLOW_SEED={w.Seed}: {w.Violation}").ShouldBeEmpty();
        report.Oversold.ShouldBe(0);
        report.Short.ShouldBeGreaterThan(Seeds / 2, "where nobody is refused there is nothing to measure");
        report.UnsoldPercent.ShouldBeLessThanOrEqualTo(MostUnsoldPercent);
    }
}
