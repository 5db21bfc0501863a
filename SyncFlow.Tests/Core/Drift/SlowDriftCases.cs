using Shouldly;
using SyncFlow.Core.Drift;
using Xunit;

namespace SyncFlow.Tests.Core.Drift;

public sealed class SlowDriftCases
{
    private static readonly DateOnly Today = new(2026, 11, 27);

    [Fact]
    public void C33_A_unit_a_day_on_many_SKUs_is_alarming_on_the_third_day_and_not_before()
    {
        var day = new DriftDay(Today.AddDays(-2), 200, -200);
        SlowDrift.Of([day], Today.AddDays(-2)).ShouldBe(0);
        SlowDrift.Of([day, day with { Day = Today.AddDays(-1) }], Today.AddDays(-1)).ShouldBe(0);
        SlowDrift.Of([day, day with { Day = Today.AddDays(-1) }, day with { Day = Today }], Today).ShouldBe(-600);
    }

    [Theory]
    [InlineData(9, -9, -9, -9)] // too few SKUs
    [InlineData(20, -20, 20, -20)] // up and down
    [InlineData(20, -5, -5, -5)] // too few units
    [InlineData(20, 0, 0, 0)]
    public void C33_What_evens_out_or_is_little_is_no_alarm(int skus, int first, int second, int third) => SlowDrift.Of(
        [
            new DriftDay(Today.AddDays(-2), skus, first), new DriftDay(Today.AddDays(-1), skus, second), new DriftDay(Today, skus, third),
        ],
        Today).ShouldBe(0);

    [Fact]
    public void C33_Days_before_do_not_count()
    {
        var days = Enumerable.Range(0, 3).Select(i => new DriftDay(Today.AddDays(-i - 1), 50, -50)).ToList();
        SlowDrift.Of(days, Today).ShouldBe(0, "nothing happened today");
        SlowDrift.Of(days, Today.AddDays(-1)).ShouldBe(-150);
    }
}
