using Shouldly;
using SyncFlow.Core;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker.Apply;

public sealed class BatchWeightsTests
{
    private static readonly TenantId Tenant = new(1);

    private readonly BatchWeights _weights = new();

    [Fact]
    public void Heavy_events_are_taken_by_as_many_facts_as_light_ones()
    {
        _weights.Within(Tenant, 500).ShouldBe(500, "nothing is known yet");
        _weights.Learn(Tenant, claimed: 500, facts: 20_000);
        _weights.Within(Tenant, 500).ShouldBe(500);
        _weights.Within(Tenant, 4_000).ShouldBe(500, "a backlog of them is not taken in larger batches");
        _weights.Learn(Tenant, claimed: 500, facts: 5_000_000);
        _weights.Within(Tenant, 500).ShouldBe(2);
        _weights.Learn(Tenant, claimed: 2, facts: 60_000);
        _weights.Within(Tenant, 500).ShouldBe(1, "one is always taken");
        _weights.Within(new TenantId(2), 500).ShouldBe(500, "another tenant's events are light");
    }

    [Fact]
    public void Light_events_after_heavy_ones_are_taken_as_before()
    {
        _weights.Learn(Tenant, claimed: 500, facts: 200_000);
        _weights.Learn(Tenant, claimed: 50, facts: 50);
        _weights.Within(Tenant, 4_000).ShouldBe(4_000);
    }
}
