using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

/// <summary>Whose waiting a push ends: the cause it carries decides what the latency figures say.</summary>
public sealed class CauseTests
{
    [Fact]
    public void Looking_again_while_a_push_is_on_its_way_makes_no_cause_of_its_own()
    {
        var desk = new Desk(2, 50, SharingMode.Shared, 50, 50);
        var soldAt = desk.Now;
        desk.Order(1, Desk.Snapshot("1", 1, soldAt));
        var push = desk.Plan(2).ShouldNotBeNull();
        push.Elements[0].CauseAt.ShouldBe(soldAt);

        desk.Now += TimeSpan.FromMilliseconds(10);
        desk.Touch();
        desk[2].CauseAt.ShouldBeNull("the push says all there is to say");
        desk.Settle(push, ElementOutcome.Acknowledged);
        desk[2].CauseAt.ShouldBeNull();

        desk.Now += TimeSpan.FromSeconds(9);
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now));
        desk.Plan(2).ShouldNotBeNull().Elements[0].CauseAt.ShouldBe(desk.Now, "nobody waited nine seconds");
    }

    [Fact]
    public void A_sale_while_a_push_is_on_its_way_waits_from_its_own_moment()
    {
        var desk = new Desk(2, 50, SharingMode.Shared, 50, 50);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now));
        var push = desk.Plan(2).ShouldNotBeNull();

        desk.Now += TimeSpan.FromMilliseconds(40);
        var second = desk.Now;
        desk.Order(1, Desk.Snapshot("2", 1, second));
        desk.Now += TimeSpan.FromMilliseconds(60);
        desk.Settle(push, ElementOutcome.Acknowledged);

        var next = desk.Plan(2).ShouldNotBeNull().Elements[0];
        (next.From, next.To, next.CauseAt).ShouldBe((49, 48, second));
    }

    [Theory]
    [InlineData(ElementOutcome.NotSent)]
    [InlineData(ElementOutcome.Stale)]
    public void A_refused_push_gives_its_cause_back(ElementOutcome outcome)
    {
        var desk = new Desk(2, 50, SharingMode.Shared, 50, 50);
        var soldAt = desk.Now;
        desk.Order(1, Desk.Snapshot("1", 1, soldAt));
        var push = desk.Plan(2).ShouldNotBeNull();
        desk.Now += TimeSpan.FromMilliseconds(90);
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now));
        desk.Settle(push, outcome);
        desk[2].CauseAt.ShouldBe(soldAt, "the oldest of those who still wait");
    }
}
