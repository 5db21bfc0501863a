using Shouldly;
using SyncFlow.Core;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker.Apply;

public sealed class TurnsTests
{
    private static readonly TenantId Noisy = new(1);
    private static readonly TenantId Quiet = new(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tenants_come_in_the_order_in_which_they_began_to_wait_and_a_noisy_one_goes_behind_them_again()
    {
        var turns = new Turns(lanesPerTenant: 1, TimeProvider.System);
        turns.Wake(Noisy);
        turns.Wake(Noisy);
        turns.Wake(Quiet);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        turns.End(Noisy, more: true);
        (await turns.NextAsync(Ct)).ShouldBe(Quiet);
        turns.End(Quiet, more: false);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        turns.OthersWait(Noisy).ShouldBeFalse("two wake-ups before a turn are one");
    }

    [Fact]
    public async Task A_tenant_has_one_lane_until_a_batch_was_full_and_then_its_second_one_without_a_wake_up()
    {
        var turns = new Turns(lanesPerTenant: 2, TimeProvider.System);
        turns.Wake(Noisy);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        turns.Wake(Noisy);
        turns.OthersWait(Quiet).ShouldBeFalse("what came meanwhile goes into its next batch");

        turns.End(Noisy, more: true);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        turns.OthersWait(Quiet).ShouldBeTrue("it has a backlog");
        turns.OthersWait(Noisy).ShouldBeFalse("its own second lane does not make its batches small");
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);

        turns.End(Noisy, more: false);
        turns.Wake(Noisy);
        turns.OthersWait(Quiet).ShouldBeFalse("the backlog is over");
    }

    [Fact]
    public async Task A_tenant_never_has_more_lanes_than_it_may_and_gets_its_turn_when_one_ends()
    {
        var turns = new Turns(lanesPerTenant: 2, TimeProvider.System);
        await TakeBothLanesAsync(turns);
        turns.Wake(Noisy);
        turns.OthersWait(Quiet).ShouldBeFalse("both of its lanes are taken");
        turns.Wake(Quiet);
        (await turns.NextAsync(Ct)).ShouldBe(Quiet);
        turns.End(Noisy, more: false);
        turns.End(Noisy, more: false);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy, "what was stored during its turns is not forgotten");
    }

    [Fact]
    public async Task A_tenant_in_company_has_one_lane_and_two_again_once_it_is_alone()
    {
        var clock = new TestClock();
        var turns = new Turns(lanesPerTenant: 2, clock);
        turns.Wake(Noisy);
        turns.HasCompany(Noisy).ShouldBeFalse("it is alone");
        turns.Wake(Quiet);
        (turns.HasCompany(Noisy), turns.HasCompany(Quiet)).ShouldBe((true, true));
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        (await turns.NextAsync(Ct)).ShouldBe(Quiet);
        turns.End(Quiet, more: false);
        turns.End(Noisy, more: true);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        turns.Wake(Noisy);
        turns.OthersWait(Quiet).ShouldBeFalse("its one lane is taken");

        clock.Advance(Turns.InCompanyFor);
        turns.Wake(Noisy);
        turns.HasCompany(Noisy).ShouldBeFalse("nothing came for the other since");
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
    }

    private static async Task TakeBothLanesAsync(Turns turns)
    {
        turns.Wake(Noisy);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        turns.End(Noisy, more: true);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
        (await turns.NextAsync(Ct)).ShouldBe(Noisy);
    }
}
