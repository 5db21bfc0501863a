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
    public void What_was_sold_for_less_is_the_first_to_go_and_what_nobody_knows_the_last()
    {
        var cheap = Whole with { Ranking = [SettlementRank.LowestValueFirst, SettlementRank.LaterFirst] };
        PromisedLine[] lines = [Line("dear", 1, 1, price: 90), Line("unknown", 1, 9), Line("three", 3, 2, price: 10), Line("one", 1, 3, price: 20)];
        var proposal = SettlementProposals.For(6, lines, [], cheap);
        Words(proposal).ShouldBe(["cancel one 1", "cancel three 3", "cancel dear 1", "cancel unknown 1"]);
        proposal.Actions.Select(a => a.Value?.Amount).ShouldBe([20, 30, 90, null]);
        Words(SettlementProposals.For(1, [Line("late", 1, 9, price: 90), Line("early", 1, 1, price: 80)], [], Whole)).ShouldBe(["cancel late 1"], "by the standard the later order goes first");
        Words(SettlementProposals.For(1, [Line("x", 1, 1, price: 90), Line("y", 1, 1, price: 80)], [], Whole)).ShouldBe(["cancel y 1"], "and of two of one moment the cheaper");
    }

    [Fact]
    public void Values_in_several_currencies_tell_no_lines_apart()
    {
        var cheap = Whole with { Ranking = [SettlementRank.LowestValueFirst, SettlementRank.LaterFirst] };
        PromisedLine[] lines = [Line("yen", 1, 1, price: 900, currency: "JPY"), Line("euro", 1, 2, price: 20), Line("unknown", 1, 3)];
        Words(SettlementProposals.For(3, lines, [], cheap)).ShouldBe(["cancel unknown 1", "cancel euro 1", "cancel yen 1"], "the later order first: there is no rate that holds");
    }

    [Fact]
    public void Who_loses_a_part_of_a_kit_loses_the_kit()
    {
        var kit = Line("kit", 4, 0, price: 50) with { UnitsPerSale = 2 };
        var split = Whole with { MaySplit = true };
        SettlementProposals.For(3, [kit], [], split).Actions.Single().Value.ShouldBe(new Money(100, "EUR"), "three units are of two kits");
        SettlementProposals.For(2, [kit], [], split).Actions.Single().Value.ShouldBe(new Money(50, "EUR"));
    }

    [Fact]
    public void A_settlement_costs_what_was_sold_and_what_the_rules_add_or_what_a_person_says()
    {
        var actions = SettlementProposals.For(
            4, [Line("a", 2, 0, price: 10), Line("b", 1, 1, price: 30), Line("c", 1, 2)], [new SpareUnits(new LocationId(9), 2)], Whole).Actions;
        Words(new SettlementProposal(actions, 0)).ShouldBe(["resource c 1 at 9", "resource b 1 at 9", "cancel a 2"]);
        var rules = Whole with { ResourceCost = new Money(4, "EUR"), CancelCost = new Money(5, "EUR") };
        SettlementCosts.Of(actions, rules, null).Select(c => (c.Kind, c.Units, c.Cost?.Amount)).ShouldBe(
            [(CostKind.Resource, 1, 4), (CostKind.Resource, 1, 4), (CostKind.Cancel, 2, 20), (CostKind.CancelFee, 0, 5)]);
        SettlementCosts.Of(actions, Whole, null).Select(c => c.Cost?.Amount).ShouldBe([null, null, 20], "nobody said what a way costs");
        SettlementCosts.Of(actions, rules, new Money(17, "CHF")).Select(c => (c.Kind, c.Units, c.Cost)).ShouldBe(
        [
            (CostKind.Resource, 1, new Money(0, "CHF")), (CostKind.Resource, 1, new Money(0, "CHF")), (CostKind.Cancel, 2, new Money(0, "CHF")),
            (CostKind.Given, 0, new Money(17, "CHF")),
        ]);
    }

    [Fact]
    public void What_no_open_line_can_settle_is_said()
    {
        SettlementProposals.For(4, [Line("a", 1, 0)], [], Whole).Left.ShouldBe(3);
        SettlementProposals.For(0, [Line("a", 1, 0)], [], Whole).Actions.ShouldBeEmpty();
    }

    private static PromisedLine Line(string order, int units, int minute, int priority = 100, decimal? price = null, string currency = "EUR") =>
        new(new ConnectionId(1), order, "1", units, At.AddMinutes(minute), priority) { Price = price is { } each ? new Money(each, currency) : null };

    private static string[] Words(SettlementProposal proposal) =>
        [.. proposal.Actions.Select(a => $"{a.Kind.ToString().ToLowerInvariant()} {a.OrderRef} {a.Units}{(a.To is { } to ? $" at {to.Value}" : "")}")];
}
