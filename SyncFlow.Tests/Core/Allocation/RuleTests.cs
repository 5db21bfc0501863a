using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using Xunit;

namespace SyncFlow.Tests.Core.Allocation;

/// <summary>What rules give each channel, as it is then shown.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData(1, new[] { 1, 0, 0 })]
    [InlineData(7, new[] { 4, 2, 1 })]
    [InlineData(100, new[] { 60, 25, 15 })]
    public void C32_Percents_are_rounded_by_largest_remainder(int units, int[] expected)
    {
        var desk = new SharingDesk(3).Sku(1, units);
        desk.Rules(1, Sixty());
        desk.Settle();

        desk.Beliefs(1).ShouldBe(expected);
        desk.Settle().ShouldBeEmpty("replayed, the same shares come out");
    }

    [Fact]
    public void C40_A_changed_rule_lowers_first_and_raises_when_the_decreases_are_proven()
    {
        var desk = new SharingDesk(3).Sku(1, 100);
        desk.Rules(1, Sixty());
        desk.Settle();
        desk.Rules(1, SharingDesk.Percent(1, 40), SharingDesk.Percent(2, 20), SharingDesk.Percent(3, 40));
        desk.Touch(1);

        desk.Publish(3).ShouldBeEmpty("nothing is free yet");
        desk.Publish(1).ShouldHaveSingleItem().To.ShouldBe(40);
        desk.Publish(2).ShouldHaveSingleItem().To.ShouldBe(20);
        desk.Publish(3).ShouldBeEmpty("acknowledged is not verified");
        desk.Verify(1);
        desk.Publish(3).ShouldHaveSingleItem().To.ShouldBe(35);
        desk.Verify(2);
        desk.Publish(3).ShouldHaveSingleItem().To.ShouldBe(40);
    }

    [Fact]
    public void C40_What_a_rule_names_for_a_channel_that_is_down_waits_for_it()
    {
        var desk = new SharingDesk(3).Sku(1, 100);
        desk.Rules(1, Sixty());
        desk.Settle();
        desk.Status(3, ConnectionStatus.Suspended);
        desk.Rules(1, SharingDesk.Percent(1, 40), SharingDesk.Percent(2, 20), SharingDesk.Percent(3, 40));
        desk.Settle();
        desk.Beliefs(1).ShouldBe([40, 20, 15]);

        desk.Status(3, ConnectionStatus.Live);
        desk.Settle().ShouldHaveSingleItem().To.ShouldBe(40);
    }

    [Fact]
    public void Reserves_come_first_then_minimums_then_percents_then_weights()
    {
        var desk = new SharingDesk(4).Sku(1, 100);
        desk.Rules(
            1,
            new ChannelRule(new ConnectionId(1)) { Reserve = 10, Percent = 20 },
            new ChannelRule(new ConnectionId(2)) { Minimum = 40 },
            new ChannelRule(new ConnectionId(3)) { Cap = 5 },
            new ChannelRule(new ConnectionId(4)) { Weight = 1 });
        desk.Settle();

        // 10 reserved; 20 % of the other 90; the rest is 72: a minimum of 40, at most 5, and what is left.
        desk.Beliefs(1).ShouldBe([28, 40, 5, 27]);
    }

    [Fact]
    public void Reserves_beyond_what_there_is_are_served_by_priority()
    {
        var desk = new SharingDesk(3).Sku(1, 10);
        desk.Rules(
            1,
            new ChannelRule(new ConnectionId(1)) { Reserve = 8, Priority = 2 },
            new ChannelRule(new ConnectionId(2)) { Reserve = 8, Priority = 1 });
        desk.Settle();

        desk.Beliefs(1).ShouldBe([2, 8, 0]);
    }

    [Fact]
    public void Percents_that_leave_some_are_made_up_where_nobody_shares_by_weight()
    {
        var desk = new SharingDesk(2).Sku(1, 90);
        desk.Rules(1, SharingDesk.Percent(1, 60), SharingDesk.Percent(2, 30));
        desk.Settle();

        desk.Beliefs(1).ShouldBe([60, 30]);
    }

    [Fact]
    public void Caps_may_leave_units_over_and_are_never_passed()
    {
        var desk = new SharingDesk(2).Sku(1, 90);
        desk.Rules(
            1, new ChannelRule(new ConnectionId(1)) { Cap = 10 }, new ChannelRule(new ConnectionId(2)) { Cap = 20, Percent = 50 });
        desk.Settle();

        desk.Beliefs(1).ShouldBe([10, 20]);
    }

    [Fact]
    public void Shared_mode_shows_what_each_rule_allows()
    {
        var desk = new SharingDesk(3).Sku(1, 100, SharingMode.Shared);
        desk.Rules(
            1,
            new ChannelRule(new ConnectionId(1)) { Reserve = 30 },
            new ChannelRule(new ConnectionId(2)) { Percent = 50 },
            new ChannelRule(new ConnectionId(3)) { Cap = 15 });
        desk.Settle();

        desk.Beliefs(1).ShouldBe([100, 35, 15]);
    }

    [Fact]
    public void A_listing_of_packs_takes_its_units_per_sale_and_whole_packs_only()
    {
        var desk = new SharingDesk(2).Sku(1, 25);
        desk.Level(1, 2, l => l with { UnitsPerSale = 6 });
        desk.Settle();
        desk.Beliefs(1).ShouldBe([13, 2]);
        desk.Exposure(1).UpperBound.ShouldBe(25);

        desk.Sell(1, 2).ShouldBe(FactOutcome.Applied);
        desk.Ats(1).ShouldBe(19);
        desk.Belief(1, 2).ShouldBe(1);
        desk.Exposure(1).Units.ShouldBe(0);
    }

    [Fact]
    public void A_pack_that_vanishes_is_held_in_suspense_with_all_its_units()
    {
        var desk = new SharingDesk(2).Sku(1, 24);
        desk.Level(1, 2, l => l with { UnitsPerSale = 6 });
        desk.Settle();
        desk.Now += TimeSpan.FromMinutes(1);
        desk.Announce(1, 2, desk.Belief(1, 2) - 1);

        desk.Ats(1).ShouldBe(18);
        desk.LevelOf(1, 2).Suspense.ShouldBe(1);
        desk.Sell(1, 2);
        (desk.Ats(1), desk.LevelOf(1, 2).Suspense, desk[1].Pools[0].Buckets.Suspense).ShouldBe((18, 0, 0));
    }

    [Theory]
    [InlineData("percent", -1, null, 0, 0, null)]
    [InlineData("percent", 101, null, 0, 0, null)]
    [InlineData("reserve", null, null, -1, 0, null)]
    [InlineData("minimum", null, null, 0, -1, null)]
    [InlineData("cap", null, -1, 0, 0, null)]
    [InlineData("cap", null, 5, 6, 0, null)]
    [InlineData("cap", null, 5, 0, 6, null)]
    [InlineData("weight", null, null, 0, 0, 0.0)]
    [InlineData("weight", null, null, 0, 0, double.NaN)]
    [InlineData("weight", 50, null, 0, 0, 1.0)]
    public void A_rule_that_cannot_be_met_is_refused_by_its_field(
        string field, int? percent, int? cap, int reserve, int minimum, double? weight)
    {
        var rule = new ChannelRule(new ConnectionId(1)) { Percent = percent, Cap = cap, Reserve = reserve, Minimum = minimum, Weight = weight };
        PolicyChecks.Of([rule], Known).ShouldContain(f => f.Field == $"channels[0].{field}");
        PolicyChecks.Of([new ChannelRule(new ConnectionId(1)) { Percent = 50, Cap = 5, Minimum = 5, Reserve = 1 }], Known).ShouldBeEmpty();
    }

    [Fact]
    public void Percents_over_a_hundred_unknown_channels_and_repeats_are_refused()
    {
        PolicyChecks.Of([SharingDesk.Percent(1, 60), SharingDesk.Percent(2, 40.1m)], Known).ShouldHaveSingleItem().Field.ShouldBe("channels");
        PolicyChecks.Of([SharingDesk.Percent(9, 60)], Known).ShouldHaveSingleItem().Field.ShouldBe("channels[0].connectionId");
        PolicyChecks.Of([SharingDesk.Percent(1, 10), SharingDesk.Percent(1, 10)], Known).ShouldHaveSingleItem().Field.ShouldBe("channels[1].connectionId");
    }

    private static readonly HashSet<ConnectionId> Known = [new(1), new(2)];

    private static ChannelRule[] Sixty() => [SharingDesk.Percent(1, 60), SharingDesk.Percent(2, 25), SharingDesk.Percent(3, 15)];
}
