using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

/// <summary>What goes into a push and what goes first (rules R1, R3 and R9).</summary>
public sealed class PlannerTests
{
    [Fact]
    public void R1_Decreases_go_before_increases_fast_sellers_before_slow_ones_and_short_stock_first()
    {
        var slow = new Desk(1, 10, SharingMode.Shared).State;
        var fast = slow with { Velocity = slow.Velocity with { Fast = 0.5 } };
        LevelState Level(int from, int to) => slow.Levels[0] with { Belief = from, Target = to };

        int[] inOrder =
        [
            PushPriority.Of(fast, Level(5, 1)), PushPriority.Of(fast, Level(9, 8)),
            PushPriority.Of(slow, Level(5, 1)), PushPriority.Of(slow, Level(9, 8)),
            PushPriority.Of(fast, Level(0, 4)), PushPriority.Of(slow, Level(0, 4)),
        ];
        inOrder.ShouldBeInOrder(SortDirection.Ascending);
        inOrder.ShouldBeUnique();
    }

    [Fact]
    public void R9_A_push_holds_no_more_levels_than_the_channel_takes_and_the_rest_goes_with_the_next()
    {
        var desk = new Desk(1, 0, SharingMode.Shared);
        var places = Enumerable.Range(1, PublishLimits.LevelsPerPush + 5).Select(n => new LocationId(n)).ToList();
        desk.Context = desk.Context with
        {
            Locations = places.ToImmutableDictionary(p => p, p => new LocationSettings(p, FulfillsOnline: true, Group: 1)),
        };
        desk.Arrange(s => s with
        {
            Pools = [.. places.Select(p => new Pool(p, default(Buckets) with { OnHand = 3 }, Opened: true))],
            Levels = [.. places.Select(p => s.Levels[0] with { Id = new LevelId(p.Value), Location = p })],
        });
        var candidates = places.Select(p => new PlanCandidate(Desk.Sku, new LevelId(p.Value), "i1", $"x{p.Value}")).ToList();

        Plan(desk, candidates, 1)!.Elements.Length.ShouldBe(250);
        Plan(desk, candidates, 2)!.Elements.Length.ShouldBe(5);
        Plan(desk, candidates, 3).ShouldBeNull("every level has a push without an answer");
    }

    [Fact]
    public void R3_A_push_is_compared_with_belief_whatever_was_read_or_is_in_suspense()
    {
        var desk = new Desk(2, 20, SharingMode.Guard, 10, 10);
        desk.Announce(1, 7, desk.Now);
        desk.Receive("r1", 20);

        desk[1].ShouldSatisfyAllConditions(l => l.Belief.ShouldBe(7), l => l.Suspense.ShouldBe(3));
        desk.Arrange(1, l => l with { Observed = l.Observed! with { Available = 99 } });
        desk.Plan(1)!.Elements[0].From.ShouldBe(7);
    }

    private static Push? Plan(Desk desk, List<PlanCandidate> candidates, int number) => desk.Run(set => Planner.Plan(
        set, new ConnectionId(1), candidates, new Guid(number, 0, 0, new byte[8]), desk.Now)).Push;
}
