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
        var turns = new Turns(lanesPerTenant: 1, _ => 1, TimeProvider.System);
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
        var turns = new Turns(lanesPerTenant: 2, _ => 1, TimeProvider.System);
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
        var turns = new Turns(lanesPerTenant: 2, _ => 1, TimeProvider.System);
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
        var turns = new Turns(lanesPerTenant: 2, _ => 1, clock);
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

    [Theory]
    [InlineData(3, 1, 300, 100)]
    [InlineData(5, 2, 286, 114)]
    [InlineData(16, 16, 200, 200)]
    public async Task Two_backlogs_are_served_as_their_weights_say(int one, int two, int ofOne, int ofTwo)
    {
        var turns = new Turns(lanesPerTenant: 1, tenant => tenant == Noisy ? one : two, TimeProvider.System);
        turns.Wake(Noisy);
        turns.Wake(Quiet);
        var served = new List<TenantId>();
        while (served.Count < ofOne + ofTwo)
        {
            served.Add(await turns.NextAsync(Ct));
            turns.End(served[^1], more: true);
        }

        served.Count(t => t == Noisy).ShouldBeInRange(ofOne - 2, ofOne + 2);
        served.Count(t => t == Quiet).ShouldBeInRange(ofTwo - 2, ofTwo + 2);
    }

    [Fact]
    public async Task Weights_hold_with_more_backlogs_than_lanes_and_nobody_has_two_lanes()
    {
        var turns = new Turns(lanesPerTenant: 2, tenant => tenant.Value == 1 ? 3 : 1, TimeProvider.System);
        var served = new Dictionary<long, int>();
        for (var tenant = 1; tenant <= 7; tenant++)
        {
            turns.Wake(new TenantId(tenant));
            served[tenant] = 0;
        }

        var running = new Queue<TenantId>();
        for (var turn = 0; turn < 900; turn++)
        {
            if (running.Count == 3)
            {
                turns.End(running.Dequeue(), more: true);
            }

            running.Enqueue(await turns.NextAsync(Ct));
            running.Distinct().Count().ShouldBe(running.Count);
            served[running.Last().Value]++;
        }

        served[1].ShouldBeInRange(290, 310, "three of nine parts");
        served.Skip(1).ShouldAllBe(s => s.Value > 90 && s.Value < 110);
    }

    /// <summary>At any moment of a crowd of backlogs, light and heavy.</summary>
    [Fact]
    public async Task One_without_a_backlog_waits_for_at_most_one_batch_of_each_other_and_starves_none()
    {
        var turns = new Turns(lanesPerTenant: 1, tenant => (int)tenant.Value, TimeProvider.System);
        var (quiet, since, total) = (new TenantId(20), new Dictionary<TenantId, int>(), new Dictionary<TenantId, int>());
        foreach (var heavy in new[] { 1, 3, 16 })
        {
            turns.Wake(new TenantId(heavy));
        }

        turns.Wake(quiet);
        for (var turn = 0; turn < 2_000; turn++)
        {
            var tenant = await turns.NextAsync(Ct);
            turns.End(tenant, more: tenant != quiet);
            total[tenant] = total.GetValueOrDefault(tenant) + 1;
            since[tenant] = since.GetValueOrDefault(tenant) + 1;
            if (tenant == quiet)
            {
                since.Where(s => s.Key != quiet).ShouldAllBe(s => s.Value <= 1);
                since.Clear();
                turns.Wake(quiet); // Busy all the time, and never with a full batch.
            }
        }

        total[new TenantId(16)].ShouldBeGreaterThan(800);
        total[new TenantId(1)].ShouldBeGreaterThan(40);
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
