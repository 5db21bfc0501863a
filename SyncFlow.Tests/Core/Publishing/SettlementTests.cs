using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

/// <summary>What each answer to one element does, and what it does not do (rules R4, R5, R8, R10).</summary>
public sealed class SettlementTests
{
    [Fact]
    public void R10_What_was_not_sent_because_of_a_neighbour_is_free_to_be_planned_again_at_once()
    {
        var desk = Lowering();
        desk.Settle(desk.Plan(1)!, ElementOutcome.NotSent);

        desk[1].ShouldSatisfyAllConditions(
            l => l.InFlight.ShouldBeNull(), l => l.AwaitsAttribution.ShouldBeFalse(), l => l.Belief.ShouldBe(10));
        desk.Plan(1).ShouldNotBeNull();
    }

    [Fact]
    public void R10_What_is_refused_for_a_lasting_reason_waits_for_a_person_and_is_not_sent_again()
    {
        var desk = Lowering();
        desk.Settle(desk.Plan(1)!, ElementOutcome.Blocked);

        desk[1].Status.ShouldBe(LevelStatus.Blocked);
        desk.Incidents.Select(i => i.Kind).ShouldBe(["level-blocked", "exposure"], "and the six lost units stay exposed");
        desk.Plan(1).ShouldBeNull();
        desk.Exposure.UpperBound.ShouldBe(10, "it goes on selling what it shows");
    }

    [Fact]
    public void R4_A_stale_push_is_not_planned_again_before_its_reason_is_known()
    {
        var desk = Lowering();
        desk.Settle(desk.Plan(1)!, ElementOutcome.Stale);

        desk[1].ShouldSatisfyAllConditions(
            l => l.Belief.ShouldBe(10), l => l.AwaitsAttribution.ShouldBeTrue(), l => l.NeedsReading.ShouldBeTrue());
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void R4_After_a_stale_push_belief_follows_a_higher_reading_so_that_the_next_compare_can_hold()
    {
        var desk = Lowering();
        desk.Settle(desk.Plan(1)!, ElementOutcome.Stale);
        desk.Read(1, ReadingKind.Plain, available: 12);

        desk[1].ShouldSatisfyAllConditions(
            l => l.Belief.ShouldBe(12), l => l.Adopted.ShouldBe(2), l => l.Surplus.ShouldBe(0), l => l.UpperBound.ShouldBe(12));
        desk.Ats.ShouldBe(4, "what appeared is nobody's until somebody explains it");
        desk.Plan(1)!.Elements[0].ShouldSatisfyAllConditions(e => e.From.ShouldBe(12), e => e.To.ShouldBe(4));
    }

    [Fact]
    public void R4_A_drained_reading_tells_the_reason_of_a_stale_push_as_well()
    {
        var desk = Lowering();
        desk.Settle(desk.Plan(1)!, ElementOutcome.Stale);
        desk.Read(1, ReadingKind.Drained, available: 9);

        desk[1].ShouldSatisfyAllConditions(l => l.AwaitsAttribution.ShouldBeFalse(), l => l.Belief.ShouldBe(9), l => l.Suspense.ShouldBe(1));
        desk.Plan(1)!.Elements[0].From.ShouldBe(9);
    }

    [Fact]
    public void R5_An_acknowledgement_moves_belief_wants_a_reading_and_proves_nothing()
    {
        var desk = Lowering();
        desk.Settle(desk.Plan(1)!, ElementOutcome.Acknowledged);

        desk[1].ShouldSatisfyAllConditions(
            l => l.Belief.ShouldBe(4), l => l.UnverifiedUnits.ShouldBe(6), l => l.UpperBound.ShouldBe(10),
            l => l.NeedsReading.ShouldBeTrue());
    }

    [Fact]
    public void R8_A_lost_answer_leaves_everything_as_it_was_planned()
    {
        var desk = Lowering();
        var push = desk.Plan(1)!;
        var before = desk[1];
        desk.Settle(push, ElementOutcome.Unknown);
        desk[1].ShouldBe(before);
    }

    /// <summary>One channel shows ten units, six of which are lost in the warehouse.</summary>
    private static Desk Lowering()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        desk[1].Target.ShouldBe(4);
        return desk;
    }
}
