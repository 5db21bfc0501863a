using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Stock;

/// <summary>
/// The narrow statements of <see cref="LevelPushes"/> serve what plans and answers really do: a rule that begins to change
/// one more column must say so here, or every pushed level is written whole again.
/// </summary>
public sealed class LevelPushesTests
{
    [Fact]
    public void A_plan_and_an_acknowledgement_change_nothing_but_what_their_statements_write()
    {
        var desk = Lowering();
        var before = desk[1];
        var push = desk.Plan(1)!;
        var planned = desk[1];
        LevelPushes.IsPlanned(Changed(desk, before, planned)).ShouldBeTrue();
        LevelPushes.IsAnswered(Changed(desk, before, planned)).ShouldBeFalse();

        desk.Settle(push, ElementOutcome.Acknowledged, doneBy: DateTimeOffset.UnixEpoch.AddYears(60));
        LevelPushes.IsAnswered(Changed(desk, planned, desk[1])).ShouldBeTrue();
        LevelPushes.IsPlanned(Changed(desk, planned, desk[1])).ShouldBeFalse();
    }

    [Theory]
    [InlineData(ElementOutcome.Stale)]
    [InlineData(ElementOutcome.Blocked)]
    public void An_answer_that_changes_more_is_written_whole(ElementOutcome outcome)
    {
        var desk = Lowering();
        var push = desk.Plan(1)!;
        var planned = desk[1];
        desk.Settle(push, outcome);
        LevelPushes.IsAnswered(Changed(desk, planned, desk[1])).ShouldBeFalse();
    }

    private static Desk Lowering()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        return desk;
    }

    private static ChangedLevel Changed(Desk desk, LevelState before, LevelState level) => new(desk.State, before, level, Changes: 1);
}
