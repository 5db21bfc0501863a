using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Oversells;
using Xunit;

namespace SyncFlow.Tests.Core.Oversells;

public sealed class SettlementProposalTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    private static readonly SettlementRules Whole = SettlementRules.Default;

    [Fact]
    public void Lines_ship_from_elsewhere_before_any_is_cancelled()
    {
        var proposal = SettlementProposals.For(3, [Line("a", 2, 0), Line("b", 3, 1)], [new SpareUnits(new LocationId(9), 2)], Whole);
        Words(proposal).ShouldBe(["resource a 2 at 9", "cancel b 3"], "b is later, but only a fits what is spare");
        proposal.Left.ShouldBe(0);
        proposal.OnlyResources.ShouldBeFalse();
        SettlementProposals.For(2, [Line("a", 2, 0)], [new SpareUnits(new LocationId(9), 2)], Whole).OnlyResources.ShouldBeTrue();
    }

    [Fact]
    public void Rules_decide_in_their_order_who_is_first()
    {
        PromisedLine[] lines = [Line("early", 1, 0), Line("late", 1, 5), Line("vip", 1, 9, priority: 1)];
        Words(SettlementProposals.For(1, lines, [], Whole)).ShouldBe(["cancel late 1"], "the less important channel, then the later order");
        var later = Whole with { Ranking = [SettlementRank.LaterFirst] };
        Words(SettlementProposals.For(1, lines, [], later)).ShouldBe(["cancel vip 1"]);
        var few = Whole with { Ranking = [SettlementRank.FewestUnitsFirst, SettlementRank.LaterFirst] };
        Words(SettlementProposals.For(2, [Line("big", 2, 9), Line("x", 1, 1), Line("y", 1, 2)], [], few)).ShouldBe(["cancel y 1", "cancel x 1"]);
    }

    [Fact]
    public void Whole_lines_that_fit_go_before_one_that_cancels_more_than_is_short()
    {
        Words(SettlementProposals.For(2, [Line("big", 5, 9), Line("fits", 2, 1)], [], Whole)).ShouldBe(["cancel fits 2"]);
        Words(SettlementProposals.For(2, [Line("big", 5, 9)], [], Whole)).ShouldBe(["cancel big 5"]);
    }

    [Fact]
    public void A_line_is_split_only_where_the_rules_allow_it()
    {
        var split = Whole with { MaySplit = true };
        var proposal = SettlementProposals.For(4, [Line("a", 5, 0)], [new SpareUnits(new LocationId(9), 3)], split);
        Words(proposal).ShouldBe(["resource a 3 at 9", "cancel a 1"]);
    }

    [Fact]
    public void What_no_open_line_can_settle_is_said()
    {
        SettlementProposals.For(4, [Line("a", 1, 0)], [], Whole).Left.ShouldBe(3);
        SettlementProposals.For(0, [Line("a", 1, 0)], [], Whole).Actions.ShouldBeEmpty();
    }

    private static PromisedLine Line(string order, int units, int minute, int priority = 100) =>
        new(new ConnectionId(1), order, "1", units, At.AddMinutes(minute), priority);

    private static string[] Words(SettlementProposal proposal) =>
        [.. proposal.Actions.Select(a => $"{a.Kind.ToString().ToLowerInvariant()} {a.OrderRef} {a.Units}{(a.To is { } to ? $" at {to.Value}" : "")}")];
}
