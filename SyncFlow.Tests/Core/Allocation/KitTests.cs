using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using Xunit;

namespace SyncFlow.Tests.Core.Allocation;

/// <summary>Kits: nothing of their own, everything shared with their parts. SKU 3 is K = 2·A + B; A is 1, B is 2.</summary>
public sealed class KitTests
{
    private const int A = 1, B = 2, K = 3;

    [Fact]
    public void C22_As_many_kits_as_the_scarcest_part_makes()
    {
        var desk = Kit(SharingMode.Shared, channels: 1);
        desk.Settle();

        desk.Ats(K).ShouldBe(2);
        (desk.Belief(K, 1), desk.Belief(A, 1), desk.Belief(B, 1)).ShouldBe((2, 5, 9));
    }

    [Fact]
    public void C22_In_guard_kits_and_parts_are_never_shown_from_the_same_units()
    {
        var desk = Kit(SharingMode.Guard, channels: 1);
        desk.Settle();

        (desk.Belief(K, 1), desk.Belief(A, 1), desk.Belief(B, 1)).ShouldBe((2, 1, 7));
        desk.Exposure(A).ShouldBe(new(5, 5, 0, ""));
        desk.Exposure(B).UpperBound.ShouldBe(9);
    }

    [Fact]
    public void Kits_that_rise_take_all_units_of_their_parts_from_what_may_rise()
    {
        // One kit of three parts; six of the twelve parts may still be on the shelf, for a decrease is not proven yet.
        var desk = new SharingDesk(channels: 1).Sku(1, 0, SharingMode.Guard, (2, 3)).Sku(2, 12);
        desk.Level(2, 1, level => level with { Unverified = [new Unverified(6, desk.Now)] });
        desk.Touch(1);

        (desk.Target(1, 1), desk.Target(2, 1)).ShouldBe((2, 0));
        desk.Publish(1);
        desk.Exposure(2).Units.ShouldBe(0);
    }

    [Fact]
    public void C22_An_order_for_a_kit_commits_its_parts_and_lowers_what_the_kit_shows()
    {
        var desk = Kit(SharingMode.Guard, channels: 1);
        desk.Settle();
        desk.Sell(K, 1).ShouldBe(FactOutcome.Applied);

        desk.Ledger.Select(e => (e.Sku.Value, e.Bucket, e.Delta)).ShouldBe([(A, Bucket.Committed, 2), (B, Bucket.Committed, 1)], ignoreOrder: true);
        desk.Belief(K, 1).ShouldBe(1);
        (desk.Ats(A), desk.Ats(B)).ShouldBe((3, 8));
        desk.Exposure(A).Units.ShouldBe(0);
        desk.Settle().ShouldBeEmpty("the kit's own share went down by itself");
    }

    [Fact]
    public void A_kit_sold_unseen_holds_its_parts_in_suspense_until_its_order_explains_them()
    {
        var desk = Kit(SharingMode.Guard, channels: 1);
        desk.Settle();
        desk.Now += TimeSpan.FromMinutes(1);
        desk.Announce(K, 1, 1);
        (desk.Ats(A), desk.Ats(B), desk.Belief(K, 1)).ShouldBe((3, 8, 1));

        desk.Sell(K, 1);

        (desk.Ats(A), desk.Ats(B), desk.Belief(K, 1)).ShouldBe((3, 8, 1));
        desk[A].Pools[0].Buckets.ShouldBe(default(Buckets) with { OnHand = 5, Committed = 2 });
        desk.LevelOf(K, 1).Suspense.ShouldBe(0);
    }

    [Fact]
    public void Two_kits_that_share_a_part_are_covered_by_it_together_on_all_channels()
    {
        var desk = new SharingDesk(3).Sku(A, 30).Sku(B, 20)
            .Sku(K, 0, SharingMode.Guard, (A, 2), (B, 1)).Sku(4, 0, SharingMode.Guard, (A, 1), (B, 3));
        desk.Settle();
        for (var sale = 0; sale < 200; sale++)
        {
            var (sku, channel) = (1 + (sale % 4), 1 + (sale % 3));
            if (desk.Belief(sku, channel) > 0)
            {
                desk.Sell(sku, channel);
            }

            desk.Exposure(A).Units.ShouldBe(0);
            desk.Exposure(B).Units.ShouldBe(0);
            desk.Settle();
        }

        // What is left of one part cannot be sold with anything else.
        (desk.Ats(A) * desk.Ats(B)).ShouldBe(0);
    }

    [Fact]
    public void A_kit_of_kits_draws_on_the_last_parts()
    {
        var desk = Kit(SharingMode.Guard, channels: 1).Sku(4, 0, SharingMode.Guard, (K, 2), (A, 1));
        Draws.ComponentsOf(desk.Load(), new SkuId(4), 3)
            .ShouldBe([new Component(new SkuId(A), 15), new Component(new SkuId(B), 6)]);
        desk.Settle();
        desk.Ats(4).ShouldBe(1);
        desk.Exposure(A).UpperBound.ShouldBeLessThanOrEqualTo(5);
    }

    [Fact]
    public void The_channels_own_bundle_is_never_written_and_counts_for_nothing()
    {
        var desk = Kit(SharingMode.Guard, channels: 1);
        desk.Level(K, 1, l => l with { SoldAsParts = true, Belief = 2 });
        desk.Settle();

        desk.Target(K, 1).ShouldBeNull();
        (desk.Belief(A, 1), desk.Belief(B, 1)).ShouldBe((5, 9));
        desk.Exposure(A).Units.ShouldBe(0);
    }

    [Fact]
    public void Units_cannot_be_counted_onto_a_kit()
    {
        var desk = Kit(SharingMode.Guard, channels: 1);
        desk.Receive(K, 5, "receipt").ShouldBe(FactOutcome.Refused);
        desk.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public void One_member_that_is_guarded_guards_all_that_kits_tie_to_it()
    {
        var desk = new SharingDesk(2).Sku(A, 50, SharingMode.Shared).Sku(B, 90, SharingMode.Shared)
            .Sku(K, 0, SharingMode.Guard, (A, 2), (B, 1));
        desk.Touch(A);

        desk[A].Mode.ShouldNotBe(EffectiveMode.Shared);
        desk.Settle();
        desk[B].Mode.ShouldBe(EffectiveMode.Guard);
        desk.Exposure(A).Units.ShouldBe(0);
    }

    [Fact]
    public void A_launch_guards_what_it_is_for_and_what_kits_tie_to_it_until_it_is_over()
    {
        var desk = new SharingDesk(2).Sku(A, 50, SharingMode.Shared).Sku(B, 90, SharingMode.Shared).Sku(K, 0, SharingMode.Shared, (A, 2), (B, 1));
        var launch = new Launch(desk.Now.AddMinutes(10), desk.Now.AddMinutes(60));
        desk.Arrange(B, s => s with { Policy = s.Policy with { Launches = [launch] } });
        desk.Settle();
        desk[A].Mode.ShouldBe(EffectiveMode.Shared, "it has not begun");
        desk.Now = launch.From;
        desk.Touch(A);
        desk.Settle();
        (desk[A].Mode, desk[K].Mode).ShouldBe((EffectiveMode.Guard, EffectiveMode.Guard));
        desk.Exposure(A).Units.ShouldBe(0);
        desk.Now = launch.Until;
        desk.Touch(A);
        desk[A].Mode.ShouldBe(EffectiveMode.Shared);
    }

    private static SharingDesk Kit(SharingMode mode, int channels) =>
        new SharingDesk(channels).Sku(A, 5, mode).Sku(B, 9, mode).Sku(K, 0, mode, (A, 2), (B, 1));
}
