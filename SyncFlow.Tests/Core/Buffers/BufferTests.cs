using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Buffers;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;
using Xunit;

namespace SyncFlow.Tests.Core.Buffers;

public sealed class BufferTests
{
    private static readonly BufferPolicy Policy = new(
        1, [new("slow", 0) { Units = 1 }, new("medium", 2) { Percent = 10 }, new("fast", 10) { Days = 2 }]);

    [Theory]
    [InlineData(0, "slow")]
    [InlineData(1.99, "slow")]
    [InlineData(2, "medium")]
    [InlineData(9.99, "medium")]
    [InlineData(10, "fast")]
    [InlineData(5_000, "fast")]
    public void A_tier_begins_at_its_threshold(double perDay, string tier) => Policy.TierOf((decimal)perDay, null).Name.ShouldBe(tier);

    [Fact]
    public void A_sku_that_sells_about_a_threshold_keeps_its_tier_and_falls_only_when_it_sells_clearly_less()
    {
        string? tier = null;
        var seen = new List<string>();
        foreach (var perDay in new[] { 9.9m, 10m, 9.9m, 10.1m, 9m, 8.99m, 9.9m, 10m, 1.9m, 1.79m })
        {
            tier = Policy.TierOf(perDay, tier).Name;
            seen.Add(tier);
        }

        seen.ShouldBe(["medium", "fast", "fast", "fast", "fast", "medium", "medium", "fast", "medium", "slow"]);
        Policy.TierOf(0, "a tier of another policy").Name.ShouldBe("slow");
    }

    [Theory]
    [InlineData("slow", 0, 100, 1)]
    [InlineData("slow", 0, 1, 1)]
    [InlineData("slow", 0, 0, 0)]
    [InlineData("slow", 0, -3, 0)]
    [InlineData("medium", 3, 100, 10)]
    [InlineData("medium", 3, 11, 2)] // 1.1, rounded up
    [InlineData("medium", 3, 0, 0)]
    [InlineData("fast", 1.8, 100, 4)] // 3.6, rounded up
    [InlineData("fast", 1.8, 3, 3)] // no more than there is
    [InlineData("fast", 0, 100, 0)]
    [InlineData("fast", 5000, int.MaxValue, 10000)]
    public void A_buffer_is_rounded_up_and_never_more_than_is_there(string tier, double perDay, int there, int units) =>
        Policy.Tiers.Single(t => t.Name == tier).Of((decimal)perDay).UnitsOf(there).ShouldBe(units);

    [Theory]
    [InlineData(0, 10, 6, "the tier's 4")]
    [InlineData(3, 10, 6, "the tier's 4 is more than the SKU's 3")]
    [InlineData(7, 10, 3, "the SKU's 7 is more than the tier's 4")]
    [InlineData(0, 2, 0, "a tier keeps back what is there")]
    [InlineData(0, -2, -2, "and makes nothing worse where too much is promised")]
    [InlineData(3, 2, -1, "what a merchant said of one SKU holds whatever is there")]
    public void The_larger_of_the_skus_own_buffer_and_its_tiers_is_kept_back(int own, int onHand, int ats, string why)
    {
        var pool = new Pool(new LocationId(1), default(Buckets) with { OnHand = onHand }, Opened: true) { Tier = Policy.Tiers[2].Of(1.8m) };
        AvailableToSell.Of(pool, SkuPolicy.Default with { SafetyBuffer = own }).ShouldBe(ats, why);
    }

    [Fact]
    public void Selling_a_unit_never_shows_more_whatever_the_buffer()
    {
        foreach (var tier in Policy.Tiers)
        {
            int Ats(int units) => AvailableToSell.Of(new Pool(new LocationId(1), default(Buckets) with { OnHand = units }, true) { Tier = tier.Of(7.3m) }, SkuPolicy.Default);
            for (var units = -5; units < 300; units++)
            {
                Ats(units).ShouldBeInRange(Ats(units + 1) - 1, Ats(units + 1));
            }
        }
    }

    [Theory]
    [InlineData("slow", 0, "tier slow, a fixed number")]
    [InlineData("medium", 3, "tier medium, 10 % of what is there")]
    [InlineData("fast", 1.8, "tier fast, 2 days of cover at 1.8 a day")]
    public void A_buffer_says_why(string tier, double perDay, string why) =>
        Policy.Tiers.Single(t => t.Name == tier).Of((decimal)perDay).Reason.ShouldBe(why);

    [Fact]
    public void A_pace_that_changes_no_unit_is_no_news()
    {
        var fast = Policy.Tiers[2];
        fast.Of(1.8m).IsSameAs(fast.Of(1.9m)).ShouldBeTrue();
        fast.Of(1.8m).IsSameAs(fast.Of(2.1m)).ShouldBeFalse();
        fast.Of(0.5m).IsSameAs(Policy.Tiers[0].Of(0)).ShouldBeFalse("as many units, and another tier");
    }

    [Fact]
    public void What_cannot_be_meant_is_refused_by_its_field()
    {
        BufferChecks.Of(Policy.Tiers).Holds.ShouldBeTrue();
        Fields([]).ShouldBe(["tiers"]);
        Fields([.. Enumerable.Range(0, 21).Select(i => new BufferTier($"t{i}", i) { Units = 1 })]).ShouldBe(["tiers"]);
        Fields(new BufferTier("", 0) { Units = 1 }).ShouldBe(["tiers[0].name"]);
        Fields(new BufferTier("a", 1) { Units = 1 }).ShouldBe(["tiers[0].from"]);
        Fields(new BufferTier("a", 0) { Units = 1 }, new BufferTier("A", 1) { Units = 1 }).ShouldBe(["tiers[1].name"]);
        Fields(new BufferTier("a", 0) { Units = 1 }, new BufferTier("b", 0) { Units = 1 }).ShouldBe(["tiers[1].from"]);
        Fields(new BufferTier("a", 0) { Units = -1 }).ShouldBe(["tiers[0].units"]);
        Fields(new BufferTier("a", 0) { Percent = 100.1m }).ShouldBe(["tiers[0].percent"]);
        Fields(new BufferTier("a", 0) { Percent = -0.1m }).ShouldBe(["tiers[0].percent"]);
        Fields(new BufferTier("a", 0) { Days = -1 }).ShouldBe(["tiers[0].days"]);
        Fields(new BufferTier("a", 0) { Days = 367 }).ShouldBe(["tiers[0].days"]);
        Fields(new BufferTier("a", 0)).ShouldBe(["tiers[0].units"]);
        Fields(new BufferTier("a", 0) { Units = 1, Days = 1 }).ShouldBe(["tiers[0].days"]);
        Fields(new BufferTier("a", 0) { Units = 1, Percent = 1 }).ShouldBe(["tiers[0].percent"]);
    }

    private static IEnumerable<string> Fields(params ImmutableArray<BufferTier> tiers) => BufferChecks.Of(tiers).Fields.Keys;
}
