using Shouldly;
using SyncFlow.Simulator.Protocol;
using SyncFlow.Tests.Support;
using Xunit;
using Worlds = SyncFlow.Simulator.Protocol.Simulation;

namespace SyncFlow.Tests.Simulation;

/// <summary>
/// The production rules in thousands of drawn worlds. Everything a world checks, it checks after every single thing
/// that happens in it. The same worlds with a classic mistake must break, or they would prove nothing.
/// </summary>
public sealed class ProtocolSimulation(ITestOutputHelper output)
{
    private const int Count = 4_000;
    private const int MistakenCount = 200;

    [Fact]
    public void Guard_breaks_no_invariant_in_any_world()
    {
        var report = Worlds.Run(Seeds.Take(Count).Select(seed => WorldSettings.Draw(seed)));
        output.WriteLine(
            $"{report.Worlds.Count} seeds, {report.Violations.Count()} violations, {report.Orders} orders, "
            + $"{report.Worlds.Sum(w => w.Events)} events, {report.SeedsPerSecond:F0} seeds/s");
        report.Violations.Select(w => $"SYNCFLOW_SEED={w.Seed}: {w.Violation}").ShouldBeEmpty();

        // A world that sells nothing is trivially safe.
        report.Orders.ShouldBeGreaterThan(report.Worlds.Count);
    }

    [Theory]
    [InlineData(nameof(Mistake.CompareWithFreshRead))]
    [InlineData(nameof(Mistake.TrustAcknowledgements))]
    [InlineData(nameof(Mistake.ForgetLateRequests))]
    [InlineData(nameof(Mistake.IgnoreVisibilityLag))]
    public void A_classic_mistake_is_caught(string name)
    {
        var mistake = Enum.Parse<Mistake>(name);
        var worlds = Worlds.Run(Enumerable.Range(1, MistakenCount).Select(seed => WorldSettings.Provoke(seed, mistake)));
        output.WriteLine($"{worlds.Violations.Count()} of {worlds.Worlds.Count} worlds broke with {mistake}; first: {worlds.Violations.FirstOrDefault()?.Violation}");
        worlds.Violations.Count().ShouldBeGreaterThanOrEqualTo(MistakenCount / 20);
        Worlds.Run(Enumerable.Range(1, MistakenCount).Select(seed => WorldSettings.Provoke(seed, mistake) with { Mistake = Mistake.None }))
            .Violations.ShouldBeEmpty("the same worlds without the mistake");
    }

    [Fact]
    public void The_usual_way_oversells_where_guard_does_not()
    {
        var lines = OversellReport.Run([.. Enumerable.Range(1, 300)]).ToDictionary(l => l.Keeper, l => l.Report);
        foreach (var (keeper, report) in lines)
        {
            output.WriteLine($"{keeper}: {report.Oversold} units oversold, {report.OversoldPerThousandOrders:F1} per 1,000 orders ({report.Orders} orders)");
        }

        lines["guard"].Oversold.ShouldBe(0);
        lines["naive"].OversoldPerThousandOrders.ShouldBeGreaterThan(20);
        lines["shared"].OversoldPerThousandOrders.ShouldBeGreaterThan(lines["adaptive"].OversoldPerThousandOrders);
    }
}
