using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Requests;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Requests;

public sealed class RequestTests
{
    private long _requests;

    [Fact]
    public void A_request_takes_only_what_no_channel_may_still_sell()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 4, 3);
        Ask(desk, 3, mayWait: false).ShouldBe(RequestAnswer.Granted);
        (desk.Position.Reserved, desk.Ats, desk.Exposure.UpperBound).ShouldBe((3, 7, 7));
        Ask(desk, 1, mayWait: false).ShouldBe(RequestAnswer.Refused);
        (desk.Position.Reserved, desk.State.Requests.Length).ShouldBe((3, 1), "a refusal changes nothing");
        desk.Ledger.Single().ShouldSatisfyAllConditions(
            e => e.Reason.ShouldBe(EntryReason.ReservationHeld), e => e.Delta.ShouldBe(3), e => e.FactKey.ShouldBe("reservation:1"));
    }

    [Fact]
    public void What_channels_show_is_waited_for_until_their_decrease_is_verified()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        Ask(desk, 6).ShouldBe(RequestAnswer.Waiting);
        (desk[1].Target + desk[2].Target).ShouldBe(4, "channels are asked to give up exactly what is waited for");
        desk.Publish(1).ShouldNotBeNull();
        desk.Publish(2).ShouldNotBeNull();
        desk.State.Requests[0].State.ShouldBe(RequestLineState.Waiting, "an acknowledgement is no proof");
        desk.Read(1, ReadingKind.Drained, desk[1].Belief!.Value);
        desk.State.Requests[0].State.ShouldBe(RequestLineState.Waiting, "one of the two is not proven");
        desk.Read(2, ReadingKind.Drained, desk[2].Belief!.Value);
        desk.State.Requests[0].State.ShouldBe(RequestLineState.Held);
        (desk.Position.Reserved, desk.Ats, desk.Exposure.Units).ShouldBe((6, 4, 0));
    }

    [Fact]
    public void What_does_not_exist_is_refused_with_what_there_is()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 8);
        var outcome = Outcome(desk, 11);
        outcome.Answer.ShouldBe(RequestAnswer.Refused);
        outcome.Offers.Single().ShouldSatisfyAllConditions(o => o.Free.ShouldBe(2), o => o.Obtainable.ShouldBe(10));
    }

    [Fact]
    public void Units_of_a_channel_that_cannot_be_lowered_are_not_waited_for()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 5, 5);
        desk.SetStatus(2, ConnectionStatus.Suspended);
        Outcome(desk, 6).Offers.Single().Obtainable.ShouldBe(5);
        Ask(desk, 5).ShouldBe(RequestAnswer.Waiting);
    }

    [Fact]
    public void Requests_are_granted_in_order_of_arrival_and_a_small_one_does_not_overtake_a_large_one()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 8);
        Ask(desk, 5).ShouldBe(RequestAnswer.Waiting);
        Ask(desk, 2).ShouldBe(RequestAnswer.Waiting, "two units are free, but an earlier request waits for them");
        Outcome(desk, 4).Answer.ShouldBe(RequestAnswer.Refused, "three are left after those who wait");
        desk.Publish(1)!.To.ShouldBe(3);
        desk.Read(1, ReadingKind.Drained, 3);
        desk.State.Requests.Select(r => r.State).ShouldBe([RequestLineState.Held, RequestLineState.Held]);
        (desk.Ats, desk.Exposure.UpperBound).ShouldBe((3, 3));
    }

    [Fact]
    public void In_shared_mode_a_request_takes_up_to_what_there_is_and_the_decreases_go_out_at_once()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        Ask(desk, 4, mayWait: false).ShouldBe(RequestAnswer.Granted);
        (desk.Ats, desk[1].Target, desk[2].Target).ShouldBe((6, 6, 6));
        desk.Exposure.Units.ShouldBe(14, "it rises at once: both may still sell ten of six");
        Ask(desk, 7).ShouldBe(RequestAnswer.Refused);
    }

    [Fact]
    public void An_order_takes_its_reservation_over_and_available_to_sell_never_changes()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 4);
        Ask(desk, 3);
        var before = desk.Ats;
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now) with { ReservationRef = "cart-1" });
        (desk.Position.Committed, desk.Position.Reserved, desk.Ats).ShouldBe((3, 0, before));
        var line = desk.State.Requests.Single();
        (line.State, line.Taken, line.OrderRef).ShouldBe((RequestLineState.Committed, 3, "1"));
        desk.Order(1, Desk.Snapshot("1", 3, desk.Now) with { ReservationRef = "cart-1" }).ShouldBe(FactOutcome.Unchanged);
        desk.Ledger.Sum(e => e.Bucket == Bucket.Reserved ? e.Delta : 0).ShouldBe(0);
    }

    [Fact]
    public void An_order_of_less_leaves_the_rest_held_and_one_that_shipped_at_once_takes_its_units_too()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 2);
        Ask(desk, 4);
        desk.Order(1, Desk.Snapshot("1", 1, desk.Now, open: 0, fulfilled: 1) with { ReservationRef = "cart-1" });
        (desk.Position.OnHand, desk.Position.Reserved, desk.Ats).ShouldBe((9, 3, 6));
        desk.Order(1, Desk.Snapshot("2", 1, desk.Now) with { ReservationRef = "cart-1" });
        (desk.Position.Reserved, desk.Ats).ShouldBe((3, 5), "the reservation belongs to the first order that carried it");
    }

    [Fact]
    public void An_order_meets_a_request_that_still_waits()
    {
        var desk = new Desk(1, 5, SharingMode.Guard, 5);
        Ask(desk, 2).ShouldBe(RequestAnswer.Waiting);
        desk.Order(1, Desk.Snapshot("1", 2, desk.Now) with { ReservationRef = "cart-1" });
        desk.State.Requests.Single().State.ShouldBe(RequestLineState.Committed);
        (desk.Position.Reserved, desk.Ats, desk[1].Target).ShouldBe((0, 3, 3), "the units went through the channel, once");
    }

    [Fact]
    public void A_hold_that_ends_gives_its_units_back_and_one_in_a_warehouse_moves_without_changing_what_is_sellable()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 0);
        desk.Arrange(s => s with { Levels = [] });
        Ask(desk, 4);
        desk.Run(set => { RequestRules.Allocate(set, Desk.Sku, set.FindSku(Desk.Sku)!.Requests[0], desk.Now); return 0; });
        (desk.Position.Reserved, desk.Position.Allocated, desk.Ats).ShouldBe((0, 4, 6));
        desk.Run(set => { RequestRules.End(set, Desk.Sku, set.FindSku(Desk.Sku)!.Requests[0], RequestLineState.Released, desk.Now); return 0; });
        (desk.Position.Allocated, desk.Ats, desk.State.Requests[0].Held.Length).ShouldBe((0, 10, 0));
    }

    [Fact]
    public void A_hold_whose_time_ran_out_gives_its_units_back()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 0);
        desk.Arrange(s => s with { Levels = [] });
        Ask(desk, 4);
        (desk.Position.Reserved, desk.Ats).ShouldBe((4, 6));
        desk.Run(set => { RequestRules.End(set, Desk.Sku, set.FindSku(Desk.Sku)!.Requests[0], RequestLineState.Expired, desk.Now); return 0; });
        (desk.Position.Reserved, desk.Ats).ShouldBe((0, 10));
        desk.Ledger[^1].Reason.ShouldBe(EntryReason.ReservationExpired);
    }

    [Fact]
    public void C36_A_programmes_reserve_leaves_the_rest_to_the_other_channels()
    {
        var desk = new Desk(2, 100, SharingMode.Guard, 0, 0);
        Ask(desk, 40).ShouldBe(RequestAnswer.Granted);
        (desk[1].Target + desk[2].Target).ShouldBe(60);
        desk.Publish(1);
        desk.Publish(2);
        desk.Exposure.UpperBound.ShouldBe(60);
    }

    private RequestAnswer Ask(Desk desk, int units, bool mayWait = true) => Outcome(desk, units, mayWait).Answer;

    private RequestOutcome Outcome(Desk desk, int units, bool mayWait = true)
    {
        var id = ++_requests;
        var line = RequestLine.Asking(new RequestId(id), 1, $"cart-{id}", units, null);
        var before = desk.State;
        var entries = desk.Ledger.Count;
        var outcome = desk.Run(set => RequestRules.Ask(set, [(Desk.Sku, line)], mayWait, desk.Now));
        if (outcome.Answer == RequestAnswer.Refused)
        {
            // The transaction is rolled back.
            desk.Arrange(_ => before);
            desk.Ledger.RemoveRange(entries, desk.Ledger.Count - entries);
        }

        return outcome;
    }
}
