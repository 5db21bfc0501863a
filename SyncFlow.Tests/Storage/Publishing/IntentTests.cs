using Shouldly;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Publishing;

/// <summary>A push and the levels that carry it are written together, under the lease or not at all.</summary>
public sealed class IntentTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_carries_all_changes_since_the_last_and_the_one_of_its_own_plan()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await ChangeAsync(merchant, level => level with { Target = 8 });
        await ChangeAsync(merchant, level => level with { Target = 7 });
        var pending = await database.ScalarAsync<int>("SELECT pending_changes FROM listing_levels");

        // The plan found another target than the level had: that is one change more.
        await PlanAsync(merchant, epoch: null, target: 6);
        (await database.ScalarAsync<int>("SELECT changes FROM push_levels")).ShouldBe(pending + 1);
        (await database.ScalarAsync<int>("SELECT pending_changes FROM listing_levels")).ShouldBe(0, "the push has carried them");

        await ChangeAsync(merchant, level => level with { Target = 5 });
        (await database.ScalarAsync<int>("SELECT pending_changes FROM listing_levels")).ShouldBe(1, "counted anew while it is on its way");
    }

    [Fact]
    public async Task Under_a_lost_lease_neither_the_push_nor_its_levels_are_written()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await Should.ThrowAsync<LeaseLostException>(() => PlanAsync(merchant, epoch: 7, target: 6));
        (await database.ScalarAsync<long>("SELECT count(*) FROM pushes")).ShouldBe(0);
        (await database.ScalarAsync<long>("SELECT count(*) FROM listing_levels WHERE in_flight_push IS NOT NULL")).ShouldBe(0);
    }

    [Fact]
    public async Task Whatever_changed_of_a_level_makes_the_version_of_its_SKU_another()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        var before = await database.ScalarAsync<long>("SELECT version FROM sku_state");
        await ChangeAsync(merchant, level => level with { NeedsReading = true });
        (await database.ScalarAsync<long>("SELECT version FROM sku_state")).ShouldBe(before + 1);
        await PlanAsync(merchant, epoch: null, target: 6);
        (await database.ScalarAsync<long>("SELECT version FROM sku_state")).ShouldBe(before + 2);
    }

    private static async Task ChangeAsync(Merchant merchant, Func<LevelState, LevelState> change)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var sku = set.Skus.Single();
        set.Put(sku.With(change(sku.Levels[0])));
        await StockStore.SaveAsync(session, set, "test", At, Ct);
        await session.CommitAsync(Ct);
    }

    /// <summary>Plans a push of the only level.</summary>
    /// <param name="epoch">Null takes the lease first.</param>
    private static async Task PlanAsync(Merchant merchant, long? epoch, int target)
    {
        var connection = merchant.Connections[0];
        var held = epoch ?? await new LeaseStore(merchant.Database.Worker).AcquireAsync(
            merchant.Tenant, connection, "a", TimeSpan.FromMinutes(5), Ct);
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var (sku, level) = (set.Skus.Single(), set.Skus.Single().Levels[0]);
        var push = new Push(
            Guid.CreateVersion7(At), connection,
            [new PushElement(sku.Sku, level.Id, 1, "item-0", Merchant.Shelf, 10, target, At)], At, At.AddMinutes(10));
        set.Put(sku.With(level with { Target = target, InFlight = new InFlight(push.Id, 10, target, At, push.Deadline, At) }));
        await PushStore.StoreIntentAsync(session, set, push, "{}", held!.Value, Ct);
        await session.CommitAsync(Ct);
    }
}
