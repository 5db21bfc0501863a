using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Brakes;

public sealed class FreezeTests
{
    [Fact]
    public void Frozen_increases_hold_a_receipt_back_and_let_sales_elsewhere_flow()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        Brake(desk, 2, BrakeStrength.Increases);
        desk.Receive("r1", 5);
        desk.Publish(1)!.To.ShouldBe(15);
        desk.Plan(2).ShouldBeNull();
        desk[2].Target.ShouldBe(10);

        desk.Order(1, Desk.Snapshot("1", 8, desk.Now));
        desk.Publish(2)!.To.ShouldBe(7, "a decrease flows (R1)");
        Brake(desk, 2, BrakeStrength.None);
        desk.Plan(2).ShouldBeNull("7 is what there is");

        desk.Receive("r2", 1);
        desk.Publish(2)!.To.ShouldBe(8);
    }

    [Fact]
    public void A_level_that_went_down_by_a_sale_is_not_raised_again_while_increases_are_frozen()
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 10);
        Brake(desk, 1, BrakeStrength.Increases);
        desk.Order(1, Desk.Snapshot("1", 4, desk.Now));
        desk.Receive("r1", 4);
        desk.Plan(1).ShouldBeNull();
        desk[1].Target.ShouldBe(6);
    }

    [Fact]
    public void Frozen_writes_leave_a_level_as_it_is_and_exposure_says_what_that_risks()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        Brake(desk, 2, BrakeStrength.AllWrites);
        desk.Order(1, Desk.Snapshot("1", 8, desk.Now));
        desk.Plan(2).ShouldBeNull();
        desk[2].Target.ShouldBeNull();
        desk.Exposure.Units.ShouldBe(10, "1 shows 2, 2 still shows 10, and 2 are there");

        Brake(desk, 2, BrakeStrength.None);
        desk.Publish(2)!.To.ShouldBe(2);
    }

    [Fact]
    public void Guard_gives_the_share_of_a_frozen_channel_to_nobody_and_lowers_nobody_for_it()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 0);
        Brake(desk, 2, BrakeStrength.Increases);
        desk.Plan(1).ShouldBeNull("5 is its share; the other 5 stay set aside");
        desk.Plan(2).ShouldBeNull();

        Brake(desk, 2, BrakeStrength.None);
        desk.Publish(2)!.To.ShouldBe(5);
    }

    [Fact]
    public void Guard_does_not_rebalance_towards_a_frozen_channel()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 10, 0);
        Brake(desk, 2, BrakeStrength.Increases);
        desk.Plan(1).ShouldBeNull("units taken from 1 could not be shown on 2");
        Brake(desk, 2, BrakeStrength.None);
        desk.Publish(1)!.To.ShouldBe(5);
    }

    [Fact]
    public void An_increase_on_its_way_when_the_switch_is_set_stays_counted_and_is_not_repeated()
    {
        var desk = new Desk(1, 10, SharingMode.Shared, 4);
        desk.Touch();
        var push = desk.Plan(1)!;
        Brake(desk, 1, BrakeStrength.Increases);
        desk[1].UpperBound.ShouldBe(10);
        desk.Settle(push, ElementOutcome.NotSent);
        desk.Plan(1).ShouldBeNull();
        desk[1].Target.ShouldBe(4);
    }

    [Fact]
    public void What_lifting_would_write_is_known_before_and_is_then_what_is_written()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        Brake(desk, 2, BrakeStrength.Increases);
        desk.Receive("r1", 5);
        var set = new SyncFlow.Core.Engine.WorkingSet(desk.Context);
        set.Load(desk.State);
        var lifted = WhatIf.Replanned(set, Braked(desk, 2, BrakeStrength.None), sku => sku, desk.Now);
        var shown = PlannedWrite.Of(lifted.Single()).Single(w => w.Connection == new ConnectionId(2));
        desk.State.FindLevel(new LevelId(2))!.Target.ShouldBe(10, "a preview changes nothing");

        Brake(desk, 2, BrakeStrength.None);
        var written = desk.Publish(2)!;
        (written.From, written.To).ShouldBe((shown.From, shown.To));
    }

    [Fact]
    public void A_SKU_that_is_held_goes_down_with_sales_and_up_only_once_it_is_let_go()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        Hold(desk, true);
        desk.Receive("counted", 5);
        desk.Plan(1).ShouldBeNull();
        desk.Order(1, Desk.Snapshot("1", 7, desk.Now));
        desk.Publish(2)!.To.ShouldBe(8, "a decrease flows (R1)");
        desk.Plan(1).ShouldBeNull("three are shown, eight are there");

        Hold(desk, false);
        desk.Touch();
        desk.Publish(1)!.To.ShouldBe(8);
    }

    [Fact]
    public void In_guard_what_a_held_SKU_cannot_take_is_given_to_nobody()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Hold(desk, true);
        desk.Receive("counted", 10);
        (desk.Plan(1), desk.Plan(2)).ShouldBe((null, null));
        desk.Exposure.Units.ShouldBe(0);
    }

    private static void Hold(Desk desk, bool held) => desk.Arrange(sku => sku with { Policy = sku.Policy with { RaisesHeld = held } });

    private static void Brake(Desk desk, int channel, BrakeStrength strength)
    {
        desk.Context = Braked(desk, channel, strength);
        desk.Touch();
    }

    private static SyncFlow.Core.Engine.EngineContext Braked(Desk desk, int channel, BrakeStrength strength)
    {
        var id = new ConnectionId(channel);
        return desk.Context with { Channels = desk.Context.Channels.SetItem(id, desk.Context.Channels[id] with { Brake = strength }) };
    }
}
