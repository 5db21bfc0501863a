using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Levels;

/// <summary>Levels as channels announce them, of any age (rules R6, R7 and R11).</summary>
public sealed class AnnouncementTests
{
    [Fact]
    public void R11_What_a_level_showed_before_a_sale_that_is_known_already_is_history()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now));
        desk.Announce(1, 10, desk.Now.AddSeconds(-5));

        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(7), l => l.Surplus.ShouldBe(0), l => l.Observed!.Available.ShouldBe(10));
        desk.Exposure.Units.ShouldBe(0);
    }

    [Fact]
    public void R11_While_a_push_has_no_answer_an_announcement_is_a_hint_and_no_more()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        desk.Plan(1).ShouldNotBeNull();
        desk.Announce(1, 4, desk.Now.AddSeconds(1));

        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(10), l => l.Suspense.ShouldBe(0), l => l.NeedsReading.ShouldBeTrue());
    }

    [Fact]
    public void R11_An_earlier_write_of_ours_that_comes_back_after_a_later_one_is_history()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        var first = desk.Now;
        desk.Settle(desk.Plan(1)!, ElementOutcome.Acknowledged, doneBy: first);
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Read(1, ReadingKind.Drained, 4);
        desk.Receive("found", 4);
        desk.Settle(desk.Plan(1)!, ElementOutcome.Acknowledged, doneBy: desk.Now);

        // No sale: the store tells of our first write a second after the second one. What it tells of later is news.
        desk.Announce(1, 4, first.AddMilliseconds(1));
        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(8), l => l.Suspense.ShouldBe(0));
        desk.Ats.ShouldBe(8);
        desk.Announce(1, 7, desk.Now.AddMilliseconds(1));
        (desk[1].Suspense, desk.Ats).ShouldBe((1, 7));
    }

    [Fact]
    public void R11_What_was_announced_before_the_level_last_changed_as_read_is_history()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        var changed = desk.Now.AddMinutes(-1);
        desk.Read(1, desk.Mark(1, ReadingKind.Drained) with { Available = 10, OnHand = 10, Version = changed.UtcTicks });
        desk.Announce(1, 3, changed.AddSeconds(-5));
        (desk[1].Belief, desk[1].Suspense, desk.Ats).ShouldBe((10, 0, 10));

        desk.Announce(1, 9, changed.AddSeconds(5));
        (desk[1].Belief, desk[1].Suspense, desk.Ats).ShouldBe((9, 1, 9));
    }

    [Fact]
    public void R11_A_reading_from_which_nothing_can_be_concluded_makes_no_announcement_older()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        desk.Plan(1).ShouldNotBeNull();
        desk.Read(1, desk.Mark(1, ReadingKind.Drained) with { Available = 9, OnHand = 9, Version = desk.Now.UtcTicks });

        desk.Announce(1, 9, desk.Now.AddSeconds(-1)).ShouldNotBe(FactOutcome.Older);
        desk[1].NeedsReading.ShouldBeTrue();
    }

    [Fact]
    public void R7_An_announced_increase_raises_what_may_be_sold_and_not_what_there_is()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Announce(1, 12, desk.Now);

        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(10), l => l.Surplus.ShouldBe(2), l => l.UpperBound.ShouldBe(12));
        desk.Ats.ShouldBe(10);
        desk.Exposure.Units.ShouldBe(2);
    }

    [Fact]
    public void R6_An_announced_decrease_is_a_sale_not_yet_seen()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Announce(1, 7, desk.Now);

        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(7), l => l.Suspense.ShouldBe(3));
        desk.Ats.ShouldBe(7);
    }
}
