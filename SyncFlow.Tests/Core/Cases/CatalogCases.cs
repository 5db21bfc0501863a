using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Items that are deleted, untracked, uncapped, and come back.</summary>
public sealed class CatalogCases
{
    [Fact]
    public void C19_A_deleted_item_frees_its_units_only_after_a_drained_cycle()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Item(desk, 1, present: false);

        desk[1].Status.ShouldBe(LevelStatus.Leaving);
        desk.Plan(1).ShouldBeNull();
        desk.Exposure.UpperBound.ShouldBe(10, "an order from before may be unseen");
        desk.Plan(2).ShouldBeNull();

        desk.Order(1, Desk.Snapshot("1", 2, desk.Now));
        desk.Read(1, ReadingKind.Absent, 0);

        desk[1].Status.ShouldBe(LevelStatus.Gone);
        desk.Ats.ShouldBe(8);
        desk.Exposure.UpperBound.ShouldBe(5);
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(8);
        desk.Incidents.ShouldContain(i => i.Kind == "listing-archived");
    }

    [Fact]
    public void C19_Readings_and_announcements_from_before_the_deletion_change_nothing()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        var late = desk.Mark(1, ReadingKind.Drained) with { Available = 3 };
        Item(desk, 1, present: false);

        desk.Read(1, late).ShouldBe(FactOutcome.Older);
        desk.Read(1, ReadingKind.Absent, 0);
        desk.Announce(1, 1, desk.Now.AddSeconds(1));

        desk.Ats.ShouldBe(10);
        desk.Position.Suspense.ShouldBe(0);
        desk[1].Status.ShouldBe(LevelStatus.Gone);
    }

    [Fact]
    public void C38_A_channel_that_sells_on_at_zero_is_alarmed_and_changes_nobody_else()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Item(desk, 1, limit: SellingLimit.None);

        desk.Incidents.Single().Kind.ShouldBe(AssumptionKinds.Uncapped);
        Exposures.Uncapped(desk.State, desk.Context).Single().Id.ShouldBe(desk[1].Id);
        desk.Exposure.UpperBound.ShouldBe(10, "it may take whatever is not set aside for the other");
        (desk[2].Belief, desk[2].Target).ShouldBe((5, 5));
        desk.Plan(2).ShouldBeNull();
        desk.State.Mode.ShouldBe(EffectiveMode.Guard);

        // It sells more than it showed: the other goes down, and what is short is not counted as guarded.
        desk.Order(1, Desk.Snapshot("1", 8, desk.Now));
        desk.Ats.ShouldBe(2);
        desk.Exposure.Cause.ShouldBe("a channel sells on whatever it shows");
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(2);
        desk.Order(1, Desk.Snapshot("2", 4, desk.Now));
        (desk.State.OversoldUnits, desk.State.OversoldGuardedUnits).ShouldBe((2, 0));
    }

    [Fact]
    public void C38_The_alarm_ends_when_the_channel_refuses_again()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Item(desk, 1, limit: SellingLimit.None);
        Item(desk, 1, limit: SellingLimit.Shown);

        desk.Cured.ShouldContain(desk.Incidents.Single().Key);
        Exposures.Uncapped(desk.State, desk.Context).ShouldBeEmpty();
        Item(desk, 1, limit: SellingLimit.Shown).ShouldBe(FactOutcome.Unchanged);
    }

    [Fact]
    public void C21_An_untracked_item_is_excluded_and_its_numbers_mean_nothing()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Item(desk, 1, limit: SellingLimit.Untracked);

        desk[1].Status.ShouldBe(LevelStatus.Untracked);
        desk[1].Target.ShouldBeNull();
        desk.Incidents.Single().Kind.ShouldBe(AssumptionKinds.Untracked);
        desk.Announce(1, 0, desk.Now.AddSeconds(1));
        desk.Read(1, ReadingKind.Drained, 0);

        desk.Ats.ShouldBe(10);
        desk.Position.Suspense.ShouldBe(0);
        desk[2].Belief.ShouldBe(5);
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void C21_Tracked_again_with_zero_shown_the_zero_is_not_stock_and_a_baseline_comes_first()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Item(desk, 1, limit: SellingLimit.Untracked);
        Item(desk, 1, limit: SellingLimit.Shown);

        desk[1].Status.ShouldBe(LevelStatus.New);
        desk[1].NeedsReading.ShouldBeTrue();
        desk.Plan(1).ShouldBeNull("nothing is written before a baseline");

        desk.Read(1, ReadingKind.Baseline, 0);

        desk.Position.OnHand.ShouldBe(10, "what it shows is not what is there");
        desk.Ledger.ShouldBeEmpty();
        desk[1].Belief.ShouldBe(0);
        var back = desk.Publish(1).ShouldNotBeNull();
        (back.From, back.To).ShouldBe((0, 5));
    }

    [Fact]
    public void C21_Where_the_channel_owns_on_hand_a_zero_after_tracking_waits_for_a_person()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Arrange(1, l => l with { Opened = true });
        desk.Own(1);
        Item(desk, 1, limit: SellingLimit.Untracked);
        Item(desk, 1, limit: SellingLimit.Shown);
        desk.Read(1, desk.Mark(1, ReadingKind.Baseline) with { Available = 0, OnHand = 0 });

        desk.Position.OnHand.ShouldBe(10);
        desk[1].Status.ShouldBe(LevelStatus.New);
        desk.Incidents.ShouldContain(i => i.Kind == "baseline-variance");
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void C18_Two_listings_declared_one_pool_open_it_together_and_their_quotas_sum_to_it()
    {
        var desk = new Desk(1, 0, SharingMode.Guard, 0);
        desk.Arrange(s => s with
        {
            Pools = [],
            Levels =
            [
                desk[1] with { Status = LevelStatus.New, Belief = null, Target = null },
                desk[1] with { Id = new LevelId(2), Listing = new ListingId(2), Status = LevelStatus.New, Belief = null, Target = null },
            ],
        });

        desk.Read(1, desk.Mark(1, ReadingKind.OpeningBaseline) with { Available = 10, OnHand = 10 });
        desk.Read(2, desk.Mark(2, ReadingKind.OpeningBaseline) with { Available = 4, OnHand = 4 });

        desk.Position.OnHand.ShouldBe(14);
        (desk[1].Target + desk[2].Target).ShouldBe(14);
        desk.Exposure.Units.ShouldBe(0);
        desk.Read(2, desk.Mark(2, ReadingKind.OpeningBaseline) with { Available = 4, OnHand = 4 }).ShouldBe(FactOutcome.Unchanged);
        desk.Position.OnHand.ShouldBe(14);
    }

    private static FactOutcome Item(Desk desk, int channel, bool present = true, SellingLimit limit = SellingLimit.Shown) =>
        desk.Apply(new ItemRead(
            $"items:{desk.Now.Ticks}", new ConnectionId(channel), null, desk.Now, $"i{channel}", present, limit));
}
