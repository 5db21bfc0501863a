using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Simulation;

/// <summary>
/// Guard over many small seeded worlds: no schedule of faults shows more units than exist. The same worlds with the
/// classic mistake must oversell, or they would prove nothing; <see cref="ProtocolSimulation"/> has the other mistakes.
/// </summary>
public sealed class GuardSimulation(ITestOutputHelper output)
{
    private const int Count = 300;
    private const int FewestBroken = 4;
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

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Channels_without_compare_and_set_oversell_nothing(int channels) =>
        Holds(new Faults { Absolute = channels, NotPersisted = 0.1, Late = 0.1 });

    [Fact]
    public void Absolute_writes_without_the_zero_barrier_are_caught() =>
        Fails(new Faults { Absolute = 2, WithoutBarrier = true });

    [Fact]
    public void A_till_that_nobody_can_cap_oversells_nothing() =>
        Holds(new Faults { Till = true, Absolute = 1, NotPersisted = 0.1, Late = 0.1 });

    [Fact]
    public void A_till_taken_for_a_channel_that_can_be_capped_is_caught() =>
        Fails(new Faults { Till = true, TillTakenForCapped = true });

    [Fact]
    public void Comparing_with_a_fresh_read_is_caught() => Fails(new Faults { CompareWithFreshRead = true });

    private void Holds(Faults faults)
    {
        var accepted = 0;
        var seeds = Seeds.Worlds(Count);
        foreach (var seed in seeds)
        {
            var world = new GuardWorld(seed, faults, Stock);
            var violation = world.Run(Steps);
            violation.ShouldBeNull($"SYNCFLOW_SEED={seed} with {faults}");
            accepted += world.Accepted;
        }

        // A world that sells nothing is trivially safe.
        output.WriteLine($"{accepted} units accepted over {seeds.Count} worlds");
        (accepted / (double)seeds.Count).ShouldBeGreaterThan(Stock / 2.0);
    }

    private void Fails(Faults faults)
    {
        var seeds = Seeds.Worlds(Count);
        var failing = seeds.Count(seed => new GuardWorld(seed, faults, Stock).Run(Steps) is not null);
        output.WriteLine($"{failing} of {seeds.Count} worlds oversold with {faults}");
        failing.ShouldBeGreaterThanOrEqualTo(seeds.Count / FewestBroken);
    }
}
