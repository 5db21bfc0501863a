using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Simulator.Protocol;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

/// <summary>One writer per connection: what the store keeps of a lease, and what its holder may do by its own clock.</summary>
public sealed class LeaseTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Ttl = LeaseMachine.Ttl;

    [Fact]
    public void A_lease_is_taken_when_nobody_holds_it_and_an_older_epoch_stores_nothing()
    {
        var first = LeaseRow.Free.Take("a", Ttl, Start)!;
        first.Permits(1, Start + Ttl - TimeSpan.FromTicks(1)).ShouldBeTrue();
        first.Permits(1, Start + Ttl).ShouldBeFalse("it has run out, whoever holds it next");
        first.Take("b", Ttl, Start + Ttl - TimeSpan.FromTicks(1)).ShouldBeNull();

        var second = first.Take("b", Ttl, Start + Ttl)!;
        second.Permits(1, Start + Ttl).ShouldBeFalse();
        second.Permits(2, Start + Ttl).ShouldBeTrue();
        second.Renew(1, Ttl, Start + Ttl).ShouldBeNull();
        second.Release(1, Start + Ttl).ShouldBeNull();
        second.Release(2, Start + Ttl)!.Take("c", Ttl, Start + Ttl)!.Epoch.ShouldBe(3);
    }

    [Fact]
    public void A_lease_that_has_run_out_is_not_renewed_even_if_nobody_took_it()
    {
        var row = LeaseRow.Free.Take("a", Ttl, Start)!;
        row.Renew(1, Ttl, Start + TimeSpan.FromSeconds(2))!.Until.ShouldBe(Start + TimeSpan.FromSeconds(2) + Ttl);
        row.Renew(1, Ttl, Start + Ttl).ShouldBeNull();
    }

    [Fact]
    public void A_holder_counts_from_before_it_asked_and_sends_nothing_in_the_last_second()
    {
        var (held, effect) = LeaseMachine.Step(LeaseState.None, new LeaseInput.Granted(1, Start), Start + TimeSpan.FromSeconds(3));
        effect.ShouldBe(LeaseEffect.Start);
        var end = Start + Ttl - LeaseMachine.Margin;
        LeaseMachine.MayWork(held, end - TimeSpan.FromTicks(1)).ShouldBeTrue();
        LeaseMachine.MayWork(held, end).ShouldBeFalse();
        LeaseMachine.MayWork(LeaseState.None, Start).ShouldBeFalse();
        LeaseMachine.Step(held, new LeaseInput.Tick(), end).Effect.ShouldBe(LeaseEffect.Stop);
    }

    [Fact]
    public void A_worker_takes_its_own_share_and_what_is_left_free_for_long()
    {
        var connection = new ConnectionId(1);
        var (mine, other) = LeaseShares.Of(connection, ["a", "b"]) == "a" ? ("a", "b") : ("b", "a");
        LeaseShares.Takes(connection, mine, ["a", "b"], TimeSpan.Zero).ShouldBeTrue();
        LeaseShares.Takes(connection, other, ["a", "b"], LeaseShares.Patience - TimeSpan.FromTicks(1)).ShouldBeFalse();
        LeaseShares.Takes(connection, other, ["a", "b"], LeaseShares.Patience).ShouldBeTrue();
    }
}
