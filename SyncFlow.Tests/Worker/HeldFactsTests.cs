using System.Globalization;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Operations;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class HeldFactsTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Corrections_upwards_reach_no_shop_before_approval_those_downwards_do_and_sales_flow_meanwhile()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 30);
        await world.GoLiveAsync();
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 1");
        await world.QuietAsync(Limit);
        var (operations, desk) = (new OperationDesk(world.Database.Api, TimeProvider.System), new ChangeDesk(world.Database.Api, TimeProvider.System));
        var first = await world.Database.ScalarAsync<string>("SELECT code FROM skus WHERE sku_id = 1");
        var missing = await world.Database.ScalarAsync<string>("SELECT code FROM skus WHERE sku_id = 21");

        // Twenty SKUs are said to be fifty more, and one eighty fewer.
        var told = Enumerable.Range(1, 20).Select(sku => Adjustment(sku, 50)).Append(Adjustment(21, -80)).ToList();
        var taken = await operations.TakeInAsync(WorkerWorld.Tenant, "clerk", told, judged: null, CancellationToken.None);
        var change = (await desk.FindAsync(WorkerWorld.Tenant, taken[0].ChangeId!.Value, CancellationToken.None))!;
        change.State.ShouldBe(ChangeState.Waiting);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, missing) == 20 && WorkerWorld.Shown(world.B, missing) == 20, "what is missing is off both shops", Limit);
        await Waits.UntilAsync(() => world.Database.ScalarAsync<bool>("SELECT min(on_hand) = 150 FROM positions WHERE sku_id <= 20"), "the ledger takes all", Limit);
        world.Place(world.A, 3, first);
        await Waits.UntilAsync(() => world.Database.ScalarAsync<bool>("SELECT committed = 3 FROM positions WHERE sku_id = 1"), "the sale", Limit);
        await world.QuietAsync(Limit);
        (WorkerWorld.Shown(world.A, first), WorkerWorld.Shown(world.B, first)).ShouldBe((97, 100), "nothing is raised");
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief > 100")).ShouldBe(0);

        var approved = await desk.ApproveAsync(WorkerWorld.Tenant, change.Id, change.Version, "boss", "counted twice", null, CancellationToken.None);
        approved.Outcome.ShouldBe(DecisionOutcome.Done, approved.Against);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.A, first) == 147 && WorkerWorld.Shown(world.B, first) == 147, "the rise on both shops", Limit);
        await world.QuietAsync(Limit);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief >= 147")).ShouldBe(40);
    }

    private static PreparedOperation Adjustment(int sku, int units) => OperationEvents.Of(
        new OperationDraft(
            string.Create(CultureInfo.InvariantCulture, $"movement:a{sku}"), OperationKind.Adjustment, sku, 1, units, TimeProvider.System.GetUtcNow(), TimeGiven: false,
            Reason: "stock-take"),
        OperationLegs.Of(OperationKind.Adjustment, new LocationId(1), units, StockCondition.Available, StockCondition.Available));
}
