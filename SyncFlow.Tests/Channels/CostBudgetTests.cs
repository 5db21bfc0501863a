using Shouldly;
using SyncFlow.Channels.Shopify;
using Xunit;

namespace SyncFlow.Tests.Channels;

public sealed class CostBudgetTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);
    private readonly CostBudget _budget = new(Start);

    [Fact]
    public void Points_are_spent_and_the_wait_is_what_the_rate_takes_to_bring_them_back()
    {
        _budget.TryReserve(1_000, BudgetUse.Publish, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(1_000, BudgetUse.Publish, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(10, BudgetUse.Publish, Start).ShouldBe(TimeSpan.FromSeconds(0.1));
        _budget.TryReserve(10, BudgetUse.Publish, Start.AddSeconds(0.1)).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Verification_gets_a_quarter_and_leaves_the_rest_to_writes()
    {
        _budget.TryReserve(1_000, BudgetUse.Publish, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(500, BudgetUse.Verify, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(50, BudgetUse.Verify, Start).ShouldBe(TimeSpan.FromSeconds(2));
        _budget.TryReserve(500, BudgetUse.Publish, Start).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Verification_may_use_beyond_its_share_what_leaves_the_bucket_half_full()
    {
        _budget.TryReserve(1_000, BudgetUse.Verify, Start).ShouldBe(TimeSpan.Zero);
        _budget.Settle(1_000, BudgetUse.Verify, 1_000, null, Start);

        // Half is left for writes; what follows comes out of the share, which the spare points did not touch.
        _budget.TryReserve(500, BudgetUse.Verify, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(25, BudgetUse.Verify, Start).ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_verifying_call_dearer_than_its_share_goes_when_the_share_is_full_and_is_paid_back_later()
    {
        _budget.TryReserve(1_000, BudgetUse.Publish, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(600, BudgetUse.Verify, Start).ShouldBe(TimeSpan.Zero);
        _budget.TryReserve(10, BudgetUse.Verify, Start).ShouldBe(TimeSpan.FromSeconds(110 / 25.0));
    }

    [Fact]
    public void What_a_call_did_not_use_comes_back()
    {
        _budget.TryReserve(1_000, BudgetUse.Publish, Start);
        _budget.Settle(1_000, BudgetUse.Publish, 12, null, Start);
        _budget.Available(Start).ShouldBe(1_988);
    }

    [Fact]
    public void The_shops_own_figure_replaces_ours_less_what_others_have_under_way()
    {
        _budget.TryReserve(100, BudgetUse.Publish, Start);
        _budget.TryReserve(40, BudgetUse.Publish, Start);
        _budget.Settle(100, BudgetUse.Publish, 80, new ThrottleStatus(20_000, 19_920, 1_000), Start);

        _budget.RestoreRate.ShouldBe(1_000);
        _budget.Available(Start).ShouldBe(19_880);
        _budget.Available(Start.AddSeconds(10)).ShouldBe(20_000);
    }

    [Fact]
    public void A_refusal_empties_the_bucket_and_a_clock_that_goes_back_adds_nothing()
    {
        _budget.Exhausted(Start);
        _budget.Available(Start.AddSeconds(-60)).ShouldBe(0);
        _budget.TryReserve(10, BudgetUse.Publish, Start.AddSeconds(-60)).ShouldBe(TimeSpan.FromSeconds(0.1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public void A_cost_that_no_call_can_have_is_a_programming_error(int cost) =>
        Should.Throw<ArgumentOutOfRangeException>(() => _budget.TryReserve(cost, BudgetUse.Publish, Start));
}
