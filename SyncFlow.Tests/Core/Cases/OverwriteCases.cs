using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Values written over one another on a channel that compares nothing (rule R15), and readings from before they were planned.</summary>
public sealed class OverwriteCases
{
    [Fact]
    public void R15_A_value_on_its_way_replaces_what_a_reading_from_before_it_still_finds()
    {
        // Found by the simulation (seed 498686): the level counted what was found beside the value that had replaced it.
        var desk = new Desk(2, 20, SharingMode.Guard, 10, 3);
        desk.Configure(2, settings => settings with { CompareAndSet = false, Bounded = new BoundedGuard(100) });
        desk.Arrange(2, level => level with { Belief = 1, Target = 1, Unverified = [new Unverified(2, desk.Now.AddSeconds(-9))] });
        var mark = desk.Mark(2, ReadingKind.Drained) with { Available = 3, OnHand = 3 };
        desk.Now += TimeSpan.FromSeconds(1);
        var push = desk.Plan(2)!;
        var to = push.Elements[0].To;
        desk[2].InFlight!.Kind.ShouldBe(WriteKind.Overwrite);

        // The decrease from three to one was not done; the value is written over it all the same.
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Read(2, mark);
        (desk[2].Belief, desk[2].Coming).ShouldBe((3, to));
        desk.Settle(push, ElementOutcome.Acknowledged);
        (desk[2].Belief, desk[2].UpperBound).ShouldBe((to, to));
        desk.Exposure.Units.ShouldBe(0);
    }
}
