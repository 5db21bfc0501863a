using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>What left a level, told by its other states (rule R6): an unseen sale, a draft's hold, or an edit.</summary>
public sealed class DraftCases
{
    private static readonly DateTimeOffset T1 = new(2026, 11, 27, 10, 0, 1, TimeSpan.Zero);

    [Fact]
    public void A_drafts_hold_takes_units_while_it_lasts_and_gives_them_back_once()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Read(desk, available: 7, reserved: 3);

        desk.Ats.ShouldBe(7);
        (desk.Position.Reserved, desk.Position.Suspense, desk[1].Belief).ShouldBe((3, 0, 7));
        desk.Plan(1).ShouldBeNull();
        for (var cycle = 0; cycle < 5; cycle++)
        {
            Read(desk, available: 7, reserved: 3);
        }

        desk.Drift.ShouldBeEmpty("a hold is no difference");

        Read(desk, available: 10, reserved: 0);
        Read(desk, available: 10, reserved: 0);

        desk.Ats.ShouldBe(10);
        desk.Position.ShouldBe(default(Buckets) with { OnHand = 10 });
        desk[1].Belief.ShouldBe(10);
        desk.Drift.ShouldBeEmpty();
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void A_hold_that_was_announced_first_turns_from_suspense_into_a_hold()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Announce(1, 7, T1);
        desk.Position.Suspense.ShouldBe(3, "until the states are read it may be a sale");
        desk.Ats.ShouldBe(7);

        Read(desk, available: 7, reserved: 3);
        (desk.Position.Suspense, desk.Position.Reserved, desk.Ats).ShouldBe((0, 3, 7));

        desk.Announce(1, 10, T1.AddSeconds(5));
        desk.Ats.ShouldBe(7, "units that merely appear are never sold");
        Read(desk, available: 10, reserved: 0);

        (desk.Position.Reserved, desk.Ats, desk[1].Surplus, desk[1].Belief).ShouldBe((0, 10, 0, 10));
        desk.Drift.ShouldBeEmpty();
    }

    [Fact]
    public void A_draft_that_becomes_an_order_is_counted_once()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Read(desk, available: 7, reserved: 3);
        desk.Order(1, Desk.Snapshot("1", 3, T1, source: "shopify_draft_order"));
        desk[1].NeedsReading.ShouldBeTrue("only the states tell that the hold ended");

        Read(desk, available: 7, reserved: 0, committed: 3);

        (desk.Position.Committed, desk.Position.Reserved, desk.Ats, desk[1].Belief).ShouldBe((3, 0, 7, 7));
        desk.Drift.ShouldBeEmpty();
        desk.Plan(1).ShouldBeNull();
    }

    [Fact]
    public void A_sale_beside_a_hold_stays_in_suspense_until_its_order_is_seen()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Read(desk, available: 5, reserved: 3, committed: 2);

        (desk.Position.Reserved, desk.Position.Suspense, desk.Ats).ShouldBe((3, 2, 5));
        desk.Order(1, Desk.Snapshot("1", 2, T1));

        (desk.Position.Reserved, desk.Position.Suspense, desk.Position.Committed, desk.Ats).ShouldBe((3, 0, 2, 5));
        desk[1].Belief.ShouldBe(5);
    }

    [Fact]
    public void On_hand_down_with_nothing_committed_is_an_edit_that_the_ledger_rejects()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Read(desk, available: 8, reserved: 0, onHand: 8);
        desk.Ats.ShouldBe(8);
        Read(desk, available: 8, reserved: 0, onHand: 8);

        desk.Drift.Single().Class.ShouldBe(DriftClass.OutsideDecrease);
        (desk.Position.OnHand, desk.Ats).ShouldBe((10, 10));
        var back = desk.Publish(1).ShouldNotBeNull();
        (back.From, back.To).ShouldBe((8, 10));
    }

    [Fact]
    public void Units_that_an_owning_channel_sets_aside_as_damaged_are_unavailable_not_lost()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Own(1);
        for (var cycle = 0; cycle < 2; cycle++)
        {
            Read(desk, available: 8, reserved: 0, onHand: 10);
        }

        (desk.Position.OnHand, desk.Position.Unavailable, desk.Ats).ShouldBe((10, 2, 8));
        desk.Plan(1).ShouldBeNull();

        for (var cycle = 0; cycle < 2; cycle++)
        {
            Read(desk, available: 10, reserved: 0, onHand: 10);
        }

        (desk.Position.OnHand, desk.Position.Unavailable, desk.Ats).ShouldBe((10, 0, 10));
    }

    [Fact]
    public void An_opening_counts_in_what_is_on_the_shelf_and_not_for_sale()
    {
        var desk = new Desk(1, 0, SharingMode.Guard, 0);
        desk.Arrange(s => s with { Pools = [] });
        desk.Arrange(1, l => l with { Status = LevelStatus.New, Belief = null, Target = null });
        desk.Read(1, desk.Mark(1, ReadingKind.OpeningBaseline) with { Available = 5, OnHand = 10, Reserved = 3 });

        (desk.Position.OnHand, desk.Position.Reserved, desk.Position.Unavailable, desk.Ats).ShouldBe((10, 3, 2, 5));
        desk.Plan(1).ShouldBeNull("it shows what there is");
    }

    private static void Read(Desk desk, int available, int reserved, int committed = 0, int? onHand = null)
    {
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, desk.Mark(1, ReadingKind.Drained) with
        {
            Available = available,
            Reserved = reserved,
            Committed = committed,
            OnHand = onHand ?? (available + reserved + committed),
        });
    }
}
