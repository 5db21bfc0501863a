using System.Globalization;
using Shouldly;
using SyncFlow.Core.Billing;
using Xunit;

namespace SyncFlow.Tests.Core.Billing;

public sealed class BillingPeriodTests
{
    private static readonly DateTimeOffset Anchor = new(2026, 11, 10, 8, 30, 0, TimeSpan.Zero);

    private static readonly BillingPlan Starter = DefaultPlans.Terms.Plans[0];

    private static readonly BillingPlan Growth = DefaultPlans.Terms.Plans[1];

    [Theory]
    [InlineData("2026-11-10T08:30:00Z", "2026-11-10T08:30:00Z")]
    [InlineData("2026-12-10T08:29:59Z", "2026-11-10T08:30:00Z")]
    [InlineData("2026-12-10T08:30:00Z", "2026-12-10T08:30:00Z")]
    [InlineData("2026-11-10T08:29:59Z", "2026-10-11T08:30:00Z")]
    [InlineData("2027-11-06T00:00:00Z", "2027-11-05T08:30:00Z")]
    [InlineData("2026-12-10T10:29:59+02:00", "2026-11-10T08:30:00Z")]
    public void Periods_of_thirty_days_follow_each_other_from_the_anchor_both_ways(string at, string start) =>
        BillingPeriod.Of(Anchor, Time(at)).Start.ShouldBe(Time(start));

    [Theory]
    [InlineData("2026-12-10T08:30:00Z", "2026-11-10T08:30:00Z")]
    [InlineData("2027-01-09T08:31:10Z", "2026-11-10T08:30:00Z")]
    [InlineData("2027-01-09T08:10:10Z", "2026-11-10T08:30:00Z")]
    [InlineData("2026-12-13T08:30:00Z", "2026-12-13T08:30:00Z")]
    public void An_end_that_is_told_a_little_differently_moves_no_period(string told, string anchor) =>
        BillingPeriod.Anchor(Anchor, Time(told)).ShouldBe(Time(anchor));

    [Theory]
    [InlineData("2026-12-10T08:30:10Z", "2026-11-10 2026-12-10")]
    [InlineData("2026-12-12T08:29:59Z", "2026-11-10 2026-12-10")]
    [InlineData("2026-12-12T08:30:00Z", "2026-12-10")]
    public void The_last_syncs_of_a_period_are_charged_after_its_end(string now, string periods) =>
        string.Join(' ', BillingPeriod.ToCharge(Anchor, Time(now)).Select(p => $"{p.Start:yyyy-MM-dd}")).ShouldBe(periods);

    /// <summary>Starter has 5,000 and blocks of 1,000; Growth 50,000 and blocks of 5,000.</summary>
    [Fact]
    public void An_upgrade_within_a_period_charges_the_larger_plans_first_block_though_the_smaller_ones_was_charged()
    {
        var covered = Starter.BaseAfter(new PeriodUsage(6_200, null), charged: 2);
        covered.ShouldBe(7_000, "two blocks are paid, 800 of them not used");
        var usage = new PeriodUsage(52_000, null, covered, Spent: 8m);
        Growth.Blocks(usage).ShouldBe(1);
        Growth.Affordable(80m, usage.Spent).ShouldBe(9, "the cap is one for the whole period: 72 of 80 are left, at 8 a block");
        Growth.Allowed(80m, usage).ShouldBe(95_000);
    }

    [Fact]
    public void A_downgrade_within_a_period_charges_nothing_that_the_larger_plan_included()
    {
        var covered = Growth.BaseAfter(new PeriodUsage(45_000, null), charged: 0);
        covered.ShouldBe(45_000, "what was not used of it is not carried over");
        Starter.Blocks(new PeriodUsage(45_000, null, covered)).ShouldBe(0);
        Starter.Blocks(new PeriodUsage(45_001, null, covered)).ShouldBe(1);
        Starter.Allowed(40m, new PeriodUsage(45_000, null, covered)).ShouldBe(55_000);
    }

    [Fact]
    public void The_same_plan_with_a_higher_cap_charges_what_was_used_in_the_grace()
    {
        var covered = Starter.BaseAfter(new PeriodUsage(7_500, null), charged: 2);
        Starter.Blocks(new PeriodUsage(7_500, null, covered, Spent: 8m)).ShouldBe(1);
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
