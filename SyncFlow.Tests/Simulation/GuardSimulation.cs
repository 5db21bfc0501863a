using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Simulation;

/// <summary>
/// Guard over thousands of seeded worlds: no schedule of faults shows more units than exist. The same worlds with one
/// rule left out must oversell, or they would prove nothing.
/// </summary>
public sealed class GuardSimulation(ITestOutputHelper output)
{
    private const int Seeds = 1_500;
    private const int Steps = 300;
    private const int Stock = 40;

    [Fact]
    public void Lost_repeated_and_reordered_messages_oversell_nothing() => Holds(new Faults());

    [Fact]
    public void Acknowledged_writes_that_never_happened_oversell_nothing() => Holds(new Faults { NotPersisted = 0.2 });

    [Fact]
    public void Requests_that_arrive_late_oversell_nothing() => Holds(new Faults { Late = 0.2 });

    [Fact]
    public void All_faults_together_oversell_nothing() => Holds(new Faults { NotPersisted = 0.2, Late = 0.2 });

    [Fact]
    public void Comparing_with_a_fresh_read_is_caught() => Fails(new Faults { CompareWithFreshRead = true });

    [Fact]
    public void Trusting_acknowledgements_is_caught() =>
        Fails(new Faults { NotPersisted = 0.2, TrustAcknowledgements = true });

    [Fact]
    public void Forgetting_late_requests_is_caught() => Fails(new Faults { Late = 0.2, ForgetLateRequests = true });

    private void Holds(Faults faults)
    {
        var accepted = 0;
        foreach (var seed in SeedsToRun())
        {
            var world = new GuardWorld(seed, faults, Stock);
            var violation = world.Run(Steps);
            violation.ShouldBeNull($"seed {seed} with {faults}");
            accepted += world.Accepted;
        }

        // A world that sells nothing is trivially safe.
        output.WriteLine($"{accepted} units accepted over {SeedsToRun().Count} worlds");
        (accepted / (double)SeedsToRun().Count).ShouldBeGreaterThan(Stock / 2.0);
    }

    private void Fails(Faults faults)
    {
        var failing = Enumerable.Range(1, 1_000).Count(seed => new GuardWorld(seed, faults, Stock).Run(Steps) is not null);
        output.WriteLine($"{failing} of 1,000 worlds oversold with {faults}");
        failing.ShouldBeGreaterThanOrEqualTo(10);
    }

    private static IReadOnlyList<int> SeedsToRun() =>
        int.TryParse(Environment.GetEnvironmentVariable("SYNCFLOW_SEED"), out var seed)
            ? [seed]
            : [.. Enumerable.Range(1, Seeds)];
}
