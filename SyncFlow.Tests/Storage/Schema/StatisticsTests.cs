using Shouldly;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Schema;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Schema;

public sealed class StatisticsTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_catalog_that_came_in_is_known_to_the_planner_at_once_and_looked_at_once()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await new ChannelCatalogStore(database.Worker, TimeProvider.System).PutItemsAsync(
            merchant.Tenant, merchant.Connections[0],
            [.. Enumerable.Range(0, 2_000).Select(i => new ChannelItem($"variant-{i}", $"item-{i}", "product", $"sku-{i}", "A title", true, false, false, false))],
            Ct);
        (await database.ScalarAsync<float>("SELECT reltuples FROM pg_class WHERE oid = 'channel_items'::regclass")).ShouldBe(2_000);
        (await Statistics.RefreshAsync(database.Worker, Ct)).ShouldBe(0, "nothing grew since");
    }
}
