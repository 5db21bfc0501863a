using Shouldly;
using SyncFlow.Core.Billing;
using Xunit;

namespace SyncFlow.Tests.Core.Billing;

public sealed class BillingRulesTests
{
    private static readonly BillingTerms Terms = DefaultPlans.Terms;

    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_offered_plans_are_those_of_the_price_list() =>
        string.Join('\n', Terms.Plans.Select(p => $"{p.Name} {p.MaxStores} {p.SyncsPerMonth}")).ShouldBe("Starter 2 5000\nGrowth 5 50000\nScale 20 500000");

    /// <summary>Days since the account was made, against 14 days of trial and 3 of grace.</summary>
    [Theory]
    [InlineData(0, BillingStanding.Trial, 14)]
    [InlineData(13.9, BillingStanding.Trial, 14)]
    [InlineData(14, BillingStanding.Grace, 17)]
    [InlineData(16.9, BillingStanding.Grace, 17)]
    [InlineData(17, BillingStanding.Stopped, null)]
    public void A_trial_without_a_choice_ends_in_grace_and_then_growth_stops(double days, BillingStanding standing, int? untilDay)
    {
        var decided = Decide([], used: 0, days);
        (decided.Standing, decided.Until).ShouldBe((standing, untilDay is { } day ? Start.AddDays(day) : null));
        decided.MayGrow.ShouldBe(standing != BillingStanding.Stopped);
        decided.Plan.Id.ShouldBe("starter");
    }

    [Fact]
    public void A_pending_or_declined_subscription_changes_nothing()
    {
        foreach (var status in new[] { SubscriptionStatus.Pending, SubscriptionStatus.Declined, SubscriptionStatus.Expired })
        {
            Decide([Subscribed("scale", status)], 0, 20).Standing.ShouldBe(BillingStanding.Stopped, status.ToString());
            Decide([Subscribed("starter", SubscriptionStatus.Active), Subscribed("scale", status, 10)], 0, 20).Plan.Id.ShouldBe("starter");
        }
    }

    [Theory]
    [InlineData(SubscriptionStatus.Frozen)]
    [InlineData(SubscriptionStatus.Cancelled)]
    public void C39_A_lapse_has_three_days_of_grace_and_then_growth_stops_until_it_is_paid_again(SubscriptionStatus status)
    {
        var lapsed = Subscribed("growth", status, sinceDay: 20);
        Decide([lapsed], 0, 22.9).Standing.ShouldBe(BillingStanding.Grace);
        var stopped = Decide([lapsed], 0, 23);
        (stopped.Standing, stopped.MayGrow, stopped.Plan.Id).ShouldBe((BillingStanding.Stopped, false, "growth"));
        Decide([lapsed with { Status = SubscriptionStatus.Active, StatusSince = Start.AddDays(24) }], 0, 24).Standing.ShouldBe(BillingStanding.Active);
    }

    [Fact]
    public void C39_A_full_month_has_grace_too_and_a_larger_plan_ends_it()
    {
        var active = Subscribed("starter", SubscriptionStatus.Active);
        Decide([active], 4_999, 20).Standing.ShouldBe(BillingStanding.Active);
        Decide([active], 5_000, 20, fullSinceDay: 20).Standing.ShouldBe(BillingStanding.Grace);
        Decide([active], 5_000, 23, fullSinceDay: 20).Standing.ShouldBe(BillingStanding.Stopped);
        Decide([active, Subscribed("growth", SubscriptionStatus.Active, 23)], 5_000, 23, fullSinceDay: 20).Standing.ShouldBe(BillingStanding.Active);
    }

    /// <summary>Starter: 5,000 syncs, then 1,000 for 4 each.</summary>
    [Theory]
    [InlineData(40, 15_000)]
    [InlineData(39, 14_000)]
    [InlineData(3, 5_000)]
    [InlineData(null, 5_000)]
    public void A_cap_pays_for_whole_blocks(int? cap, long allowed) => Terms.Plans[0].Allowed(cap, new PeriodUsage(0, null)).ShouldBe(allowed);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5_000, 0)]
    [InlineData(5_001, 1)]
    [InlineData(6_000, 1)]
    [InlineData(6_001, 2)]
    public void A_block_is_begun_by_its_first_sync(long used, long blocks) => Terms.Plans[0].Blocks(new PeriodUsage(used, null)).ShouldBe(blocks);

    [Theory]
    [InlineData(3_999, "")]
    [InlineData(4_000, "80")]
    [InlineData(4_500, "80 90")]
    [InlineData(5_000, "80 90 100")]
    public void Warnings_come_at_80_90_and_100_percent(long used, string percents) =>
        string.Join(' ', BillingRules.Reached(used, 5_000)).ShouldBe(percents);

    [Fact]
    public void A_plan_that_is_offered_no_more_takes_nothing_away() =>
        Decide([Subscribed("early-bird", SubscriptionStatus.Active)], 6_000, 20).ShouldSatisfyAllConditions(
            decided => decided.Standing.ShouldBe(BillingStanding.Active), decided => decided.Plan.Id.ShouldBe("scale"));

    [Fact]
    public void A_subscriptions_own_trial_counts_as_paid()
    {
        var decided = Decide([Subscribed("growth", SubscriptionStatus.Active) with { TrialEndsAt = Start.AddDays(30) }], 0, 20);
        (decided.Standing, decided.Until, decided.MayGrow).ShouldBe((BillingStanding.Trial, Start.AddDays(30), true));
    }

    private static Subscription Subscribed(string plan, SubscriptionStatus status, double sinceDay = 1) => new(
        $"{plan}-{status}-{sinceDay}", plan, status, Start.AddDays(sinceDay), null, null, false, null, null);

    private static Entitlement Decide(Subscription[] subscriptions, long used, double day, double? fullSinceDay = null) => BillingRules.Decide(
        Terms, Start, subscriptions, new PeriodUsage(used, fullSinceDay is { } full ? Start.AddDays(full) : null), Start.AddDays(day));
}
