using Shouldly;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;
using SyncFlow.Worker.Publishing;
using Xunit;

namespace SyncFlow.Tests.Storage.Brakes;

public sealed class FreezeRaceTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_switch_waits_for_the_plan_that_has_not_seen_it_and_the_next_plan_has()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 5);
        await ReceiveAsync(merchant, 10);
        var (desk, connection) = (Desk(database), merchant.Connections[0]);

        Task<BrakeChange> switching;
        await using (var plan = await merchant.WorkAsync())
        {
            BrakeLock.EnterPlan(plan);
            var set = await StockStore.LoadSkusAsync(plan, merchant.Skus, Ct);
            set.Context.Channels[connection].Brake.ShouldBe(BrakeStrength.None);
            switching = desk.SetAsync(merchant.Tenant.Value, connection.Value, BrakeStrength.Increases, "stop", "me", null, Ct);
            await Task.Delay(200, Ct);
            switching.IsCompleted.ShouldBeFalse("the plan under way has not seen the switch");
            await plan.CommitAsync(Ct);
        }

        (await switching).Brake.Strength.ShouldBe(BrakeStrength.Increases);
        await using var next = await merchant.WorkAsync();
        BrakeLock.EnterPlan(next);
        (await StockStore.LoadSkusAsync(next, merchant.Skus, Ct)).Context.Channels[connection].Brake.ShouldBe(BrakeStrength.Increases);
    }

    [Fact]
    public async Task No_push_planned_after_the_switch_raises_a_level()
    {
        const int rounds = 12;
        const int skus = 20;
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: skus, onHand: 5);
        var (desk, connection, tenant) = (Desk(database), merchant.Connections[0], merchant.Tenant);
        var epoch = (await new LeaseStore(database.Worker).AcquireAsync(tenant, connection, "a", Long, Ct))!.Value;
        var transactions = new PushTransactions(database.Worker, new Signals(), TimeProvider.System);
        var raised = 0;
        for (var round = 0; round < rounds; round++)
        {
            await ReceiveAsync(merchant, 1);
            var candidates = await transactions.CandidatesAsync(tenant, connection, skus, Ct);
            candidates.Count.ShouldBe(skus);
            var plans = candidates.Select(c => Task.Run(() => transactions.PlanAsync(tenant, connection, [c], epoch, Ct), Ct)).ToList();
            await Task.Delay(round * 2, Ct);
            await desk.SetAsync(tenant.Value, connection.Value, BrakeStrength.Increases, $"round {round}", "me", null, Ct);
            var atSwitch = await database.ScalarAsync<long>("SELECT count(*) FROM push_levels");
            var planned = (await Task.WhenAll(plans)).OfType<PlannedPush>().ToList();
            (await database.ScalarAsync<long>("SELECT count(*) FROM push_levels")).ShouldBe(atSwitch, "every increase was planned before the switch stood");
            raised += planned.Count;
            foreach (var push in planned)
            {
                await transactions.SettleAsync(tenant, push.Push, ElementAnswer.All(push.Push, ElementOutcome.Acknowledged, null), null, push.Push.PlannedAt, epoch, Ct);
            }

            await desk.SetAsync(tenant.Value, connection.Value, BrakeStrength.None, "", "me", null, Ct);
        }

        raised.ShouldBeInRange(1, (rounds * skus) - 1, "the switch fell between plans at least once, or the race tested nothing");
    }

    [Fact]
    public async Task Setting_a_switch_again_changes_nothing_and_a_stale_version_is_refused()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1, onHand: 5);
        var (desk, tenant) = (Desk(database), merchant.Tenant.Value);
        var first = await desk.SetAsync(tenant, null, BrakeStrength.AllWrites, "audit", "me", null, Ct);
        var again = await desk.SetAsync(tenant, null, BrakeStrength.AllWrites, "audit", "you", null, Ct);
        again.Brake.ShouldBe(first.Brake, "who set it first, and when, stays");
        (await database.ScalarAsync<long>("SELECT count(*) FROM sync_runs WHERE kind = 'replan'")).ShouldBe(1);
        (await desk.SetAsync(tenant, null, BrakeStrength.None, "", "me", first.Brake.Version - 1, Ct)).Done.ShouldBeFalse();
        (await desk.ListAsync(tenant, Ct)).Single().ConnectionId.ShouldBeNull();

        // The stronger of both switches is in force.
        await desk.SetAsync(tenant, merchant.Connections[0].Value, BrakeStrength.Increases, "x", "me", null, Ct);
        await using var session = await merchant.WorkAsync();
        var channels = (await StockStore.LoadSkusAsync(session, merchant.Skus, Ct)).Context.Channels;
        channels.Values.ShouldAllBe(channel => channel.Brake == BrakeStrength.AllWrites);
    }

    private static BrakeDesk Desk(TestDatabase database) =>
        new(database.Api, new PlanPreview(database.Api, TimeProvider.System), TimeProvider.System);

    private static async Task ReceiveAsync(Merchant merchant, int units)
    {
        await using var session = await merchant.WorkAsync();
        var now = DatabaseTime.Now(TimeProvider.System);
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        foreach (var sku in set.Skus.ToList())
        {
            set.Put(set.Append(sku, new LedgerEntry(
                sku.Sku, merchant.Location, Bucket.OnHand, units, EntryReason.Receipt, "receipt", null, null, null, now)));
        }

        SyncFlow.Core.Engine.Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, "receipt", now, Ct);
        await session.CommitAsync(Ct);
    }
}
