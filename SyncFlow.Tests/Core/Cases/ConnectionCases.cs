using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>Connections that are suspended, uninstalled, installed again, disconnected or attested as closed.</summary>
public sealed class ConnectionCases
{
    private static readonly ConnectionId A = new(1);

    [Fact]
    public void C24_A_suspended_channel_keeps_its_share_and_nobody_is_raised_from_it()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(1, ConnectionStatus.Suspended);
        desk.Order(2, Desk.Snapshot("1", 5, desk.Now));

        desk[1].UpperBound.ShouldBe(5, "it goes on selling what it shows");
        desk[1].Target.ShouldBeNull();
        desk.Plan(1).ShouldBeNull();
        desk.Plan(2).ShouldBeNull("B sold its own; what is left is A's");
        desk.Exposure.Units.ShouldBe(0);
    }

    [Fact]
    public void C24_On_return_orders_and_a_reading_come_first_and_then_the_shares_move_again()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(1, ConnectionStatus.Suspended);
        desk.Order(2, Desk.Snapshot("1", 5, desk.Now));

        desk.SetStatus(1, ConnectionStatus.Paused);
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now));
        desk.Read(1, ReadingKind.Drained, 4);
        desk.Plan(1).ShouldBeNull("read, but not live yet");
        desk.SetStatus(1, ConnectionStatus.Live);

        // Four are left, all on A: B's cover is nothing, so A gives half, and B rises once that is proven.
        desk.Publish(1).ShouldNotBeNull().To.ShouldBe(2);
        desk.Plan(2).ShouldBeNull("a decrease that is only acknowledged frees nothing");
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, ReadingKind.Drained, 2);
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(2);
    }

    [Fact]
    public void C42_An_uninstalled_shop_goes_on_selling_and_what_it_may_sell_is_nobodys()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Uninstall(desk).ShouldBe(FactOutcome.Applied);
        desk.ConnectionChanges.ShouldHaveSingleItem().Status.ShouldBe(ConnectionStatus.Uninstalled);
        desk.Incidents.ShouldHaveSingleItem().Kind.ShouldBe("connection-uninstalled");
        desk.SetStatus(1, ConnectionStatus.Uninstalled);

        desk.Order(2, Desk.Snapshot("1", 5, desk.Now));
        for (var hour = 0; hour < 24; hour++)
        {
            desk.Now += TimeSpan.FromHours(1);
            desk.Touch();
            desk[1].UpperBound.ShouldBe(5);
            desk.Plan(1).ShouldBeNull();
            desk.Plan(2).ShouldBeNull("B is not raised");
        }
    }

    [Fact]
    public void C42_After_a_reinstall_the_orders_are_booked_once_before_the_first_push()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(1, ConnectionStatus.Uninstalled);
        desk.Reinstall(1);
        desk.SetStatus(1, ConnectionStatus.Paused);

        for (var n = 0; n < 5; n++)
        {
            desk.Order(1, Desk.Snapshot($"{n}", 1, desk.Now)).ShouldBe(FactOutcome.Applied);
            desk.Order(1, Desk.Snapshot($"{n}", 1, desk.Now)).ShouldNotBe(FactOutcome.Applied);
        }

        desk.Read(1, ReadingKind.Drained, 0);
        desk.SetStatus(1, ConnectionStatus.Live);
        (desk.Ats, desk[1].Belief, desk[1].UpperBound).ShouldBe((5, 0, 0));
        desk.Ledger.Count.ShouldBe(5);
        desk.Publish(2).ShouldNotBeNull("now B gives, for A has no cover").To.ShouldBeLessThan(5);
    }

    [Fact]
    public void C42_A_shop_that_is_attested_as_closed_frees_its_units()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(1, ConnectionStatus.Uninstalled);
        desk.Plan(2).ShouldBeNull();

        desk.SetStatus(1, ConnectionStatus.Closed);
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(10);
    }

    [Fact]
    public void R13_Readings_of_an_older_generation_change_nothing_and_orders_are_real()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        var old = desk.Mark(1, ReadingKind.Drained) with { Available = 3 };
        desk.Order(1, Desk.Snapshot("1", 2, desk.Now));
        desk.Reinstall(1);
        var before = desk.State;

        desk.Read(1, old).ShouldBe(FactOutcome.Older);
        desk.State.ShouldBe(before);
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now)).ShouldBe(FactOutcome.Applied);
        desk.Ats.ShouldBe(7);
    }

    [Theory]
    [InlineData(ElementOutcome.Acknowledged)]
    [InlineData(ElementOutcome.Stale)]
    [InlineData(ElementOutcome.Blocked)]
    public void R13_The_answer_to_a_push_of_an_older_generation_changes_nothing(ElementOutcome outcome)
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("receipt", 4);
        var push = desk.Plan(1).ShouldNotBeNull();
        desk.Reinstall(1);
        var before = desk.State;

        desk.Settle(push, outcome);
        desk.State.ShouldBe(before);
        desk[1].UpperBound.ShouldBe(14, "it may have happened");

        // Only a reading after the moment by which it must have arrived says what came of it.
        desk.Now = push.Deadline + TimeSpan.FromSeconds(1);
        desk.Read(1, ReadingKind.Drained, 14);
        (desk[1].Belief, desk[1].InFlight).ShouldBe((14, null));
    }

    [Fact]
    public void R13_An_uninstall_told_from_before_the_reinstall_is_history()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Context = desk.Context with
        {
            Channels = desk.Context.Channels.SetItem(A, desk.Context.Channels[A] with { ReinstalledAt = desk.Now }),
        };
        desk.Now -= TimeSpan.FromMinutes(1);

        Uninstall(desk).ShouldBe(FactOutcome.Older);
        desk.ConnectionChanges.ShouldBeEmpty();
    }

    [Fact]
    public void R13_A_planned_disconnect_offers_zero_and_the_units_are_free_only_when_zero_is_proven()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 6, 4);
        desk.SetStatus(1, ConnectionStatus.Disconnecting);

        desk.Publish(1).ShouldNotBeNull().To.ShouldBe(0);
        desk.Plan(2).ShouldBeNull("zero is acknowledged, not proven");
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, ReadingKind.Drained, 0);
        desk.Publish(2).ShouldNotBeNull().To.ShouldBe(10);
    }

    [Fact]
    public void R13_A_planned_disconnect_in_shared_mode_offers_zero_too_and_sells_what_was_in_carts()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        desk.SetStatus(1, ConnectionStatus.Disconnecting);
        var push = desk.Plan(1).ShouldNotBeNull();
        push.Elements[0].To.ShouldBe(0);

        // An order comes first: the compare is stale, the sale is real, and zero is said again from what is left.
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now));
        desk.Settle(push, ElementOutcome.Stale);
        desk.Read(1, ReadingKind.Plain, 7);
        var again = desk.Publish(1).ShouldNotBeNull();
        (again.From, again.To).ShouldBe((7, 0));
        desk.Ats.ShouldBe(7);
    }

    private static FactOutcome Uninstall(Desk desk) => desk.Apply(new ChannelChanged(
        "app:1", A, null, desk.Now, ChannelChange.Uninstalled, "", null));
}
