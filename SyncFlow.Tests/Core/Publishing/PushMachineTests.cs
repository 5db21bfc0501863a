using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

/// <summary>What becomes of a stored push: when it goes out, again, and what is settled of it (rule R8).</summary>
public sealed class PushMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    private static readonly SendInput Due = new SendInput.Due(Held: true);
    private static readonly SendInput Extended = new SendInput.Extended(Carried: true, Held: true);

    [Fact]
    public void Nothing_goes_out_once_the_lease_has_run_out_by_its_holders_own_clock()
    {
        PushMachine.Step(Sending.Planned(Push(1), true), new SendInput.Due(Held: false)).Effect.ShouldBeOfType<SendEffect.Leave>();
        PushMachine.Step(new Sending(Push(1), true, 1), new SendInput.Extended(Carried: true, Held: false)).Effect.ShouldBeOfType<SendEffect.Leave>();
        PushMachine.Step(Sending.Planned(Push(1), true), Due).Effect.ShouldBeOfType<SendEffect.Send>();
    }

    [Fact]
    public void R8_A_lost_answer_is_asked_for_again_after_its_deadline_has_moved_three_times_at_most()
    {
        var (sending, effect) = PushMachine.Step(Sending.Planned(Push(1), keepsKeys: true), Due);
        foreach (var wait in PushMachine.AskAgainAfter)
        {
            (sending, effect) = PushMachine.Step(sending, new SendInput.Lost("timeout"));
            effect.ShouldBe(new SendEffect.Wait(wait));
            (sending, effect) = PushMachine.Step(sending, Due);
            effect.ShouldBeOfType<SendEffect.Extend>("it may arrive for as long again");
            (sending, effect) = PushMachine.Step(sending, Extended);
            effect.ShouldBeOfType<SendEffect.Send>();
        }

        Settled(PushMachine.Step(sending, new SendInput.Lost("timeout")).Effect).ShouldBe((ElementOutcome.Unknown, "timeout"));
    }

    [Fact]
    public void R8_Where_keys_are_not_proven_a_lost_answer_is_not_asked_for_again()
    {
        var sending = PushMachine.Step(Sending.Planned(Push(1), keepsKeys: false), Due).Sending;
        Settled(PushMachine.Step(sending, new SendInput.Lost(null)).Effect).ShouldBe((ElementOutcome.Unknown, null));
    }

    [Fact]
    public void R8_A_repeated_request_that_did_nothing_says_nothing_of_the_one_before_it()
    {
        var first = PushMachine.Step(Sending.Planned(Push(1), true), Due).Sending;
        var again = first with { Gone = 2 };
        var not = new SendInput.NotDone("locked", Wrong: false, MayRepeat: true);
        Settled(PushMachine.Step(first, not).Effect).ShouldBe((ElementOutcome.NotSent, "locked"));
        PushMachine.Step(again, not).Effect.ShouldBe(new SendEffect.Wait(PushMachine.AskAgainAfter[1]));
        Settled(PushMachine.Step(again, not with { MayRepeat = false }).Effect).ShouldBe((ElementOutcome.Unknown, "locked"), "nobody may be called any more");
        Settled(PushMachine.Step(again, not with { Wrong = true }).Effect).ShouldBe((ElementOutcome.Unknown, "locked"), "it would be refused again");
        Settled(PushMachine.Step(first with { Gone = 4 }, not).Effect).ShouldBe((ElementOutcome.Unknown, "locked"));
    }

    [Fact]
    public void R10_A_wrong_request_blocks_its_element_only_where_it_has_one()
    {
        var wrong = new SendInput.NotDone("bad", Wrong: true, MayRepeat: true);
        Settled(PushMachine.Step(new Sending(Push(1), true, 1), wrong).Effect).ShouldBe((ElementOutcome.Blocked, "bad"));
        var many = PushMachine.Step(new Sending(Push(2), true, 1), wrong).Effect.ShouldBeOfType<SendEffect.Settle>();
        many.Answers.Select(a => a.Outcome).ShouldBe([ElementOutcome.NotSent, ElementOutcome.NotSent]);
    }

    [Fact]
    public void R8_What_is_found_without_an_answer_is_asked_for_under_its_key_or_waits_for_its_deadline()
    {
        var (found, inTime) = (Push(1), Start + PublishLimits.LateArrival - TimeSpan.FromSeconds(1));
        PushMachine.TakeOver(found, keepsKeys: true, mayBeWritten: true, isLost: false, inTime).Effect.ShouldBeOfType<SendEffect.Extend>();
        Settled(PushMachine.TakeOver(found, keepsKeys: true, mayBeWritten: false, isLost: false, inTime).Effect).ShouldBe((ElementOutcome.Unknown, null));
        Settled(PushMachine.TakeOver(found, keepsKeys: false, mayBeWritten: true, isLost: false, inTime).Effect).ShouldBe((ElementOutcome.Unknown, null));
        Settled(PushMachine.TakeOver(found, keepsKeys: true, mayBeWritten: true, isLost: false, found.Deadline).Effect).ShouldBe((ElementOutcome.Unknown, null));
        PushMachine.TakeOver(found, keepsKeys: false, mayBeWritten: true, isLost: true, inTime).Effect.ShouldBeOfType<SendEffect.Leave>("it was said already");

        var sending = PushMachine.TakeOver(found, keepsKeys: true, mayBeWritten: true, isLost: true, inTime).Sending;
        var not = new SendInput.NotDone(null, Wrong: false, MayRepeat: false);
        Settled(PushMachine.Step(PushMachine.Step(sending, Extended).Sending, not).Effect).Outcome.ShouldBe(ElementOutcome.Unknown, "the earlier holder's may arrive yet");
    }

    [Fact]
    public void R8_A_push_that_goes_out_again_moves_the_deadline_of_every_level_that_carries_it()
    {
        var (desk, push) = Sent();
        desk.Now += TimeSpan.FromMinutes(1);
        desk.Run(set => Deadlines.Extend(set, push, desk.Now)).ShouldBeTrue();
        desk[1].InFlight!.Deadline.ShouldBe(desk.Now + PublishLimits.LateArrival);
    }

    [Fact]
    public void R13_A_push_that_only_an_older_generation_carries_does_not_go_out_again()
    {
        var (desk, push) = Sent();
        desk.Reinstall(1);
        desk.Now += TimeSpan.FromMinutes(1);
        desk.Run(set => Deadlines.Extend(set, push, desk.Now)).ShouldBeFalse();
        desk[1].InFlight!.Deadline.ShouldBe(push.Deadline, "a reading settles it then");
        Settled(PushMachine.Step(new Sending(push, true, 1), new SendInput.Extended(Carried: false, Held: true)).Effect).Outcome.ShouldBe(ElementOutcome.Unknown);
    }

    [Fact]
    public void R13_What_goes_out_again_for_others_is_waited_for_on_a_level_of_an_older_generation_too()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        var push = desk.Plan(1)!;
        desk.Arrange(2, level => level with { InFlight = desk[1].InFlight });
        desk.Reinstall(1);
        desk.Now += TimeSpan.FromMinutes(1);
        var both = push with { Elements = [push.Elements[0], push.Elements[0] with { Level = new LevelId(2), Generation = desk[2].Generation }] };
        desk.Run(set => Deadlines.Extend(set, both, desk.Now)).ShouldBeTrue();
        desk[1].InFlight!.Deadline.ShouldBe(desk.Now + PublishLimits.LateArrival, "the request holds all of its elements");
        desk[2].InFlight!.Deadline.ShouldBe(desk.Now + PublishLimits.LateArrival);
    }

    private static (ElementOutcome Outcome, string? Code) Settled(SendEffect effect)
    {
        var answer = effect.ShouldBeOfType<SendEffect.Settle>().Answers.ShouldHaveSingleItem();
        return (answer.Outcome, answer.Code);
    }

    private static Push Push(int elements) => new(
        new Guid(1, 0, 0, new byte[8]), new ConnectionId(1),
        [.. Enumerable.Range(1, elements).Select(n => new PushElement(new SkuId(n), new LevelId(n), 1, $"i{n}", "x1", 10, 4, null))],
        Start, Deadlines.Of(Start));

    /// <summary>One channel is being lowered, and nobody has answered.</summary>
    private static (Desk Desk, Push Push) Sent()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        return (desk, desk.Plan(1)!);
    }
}
