using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Stock;

/// <summary>A movement has a key of its own and counts once (invariant I2).</summary>
public sealed class MovementTests
{
    [Fact]
    public void I2_A_movement_that_arrives_twice_counts_once()
    {
        var desk = new Desk(1, 0, SharingMode.Guard);
        desk.Receive("r1", 5).ShouldBe(FactOutcome.Applied);
        desk.Receive("r1", 5).ShouldBe(FactOutcome.Unchanged);
        desk.Receive("r2", 1);
        desk.Position.OnHand.ShouldBe(6);
        desk.Ledger.Count.ShouldBe(2);
    }
}
