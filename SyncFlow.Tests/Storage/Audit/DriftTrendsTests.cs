using Shouldly;
using SyncFlow.Storage.Audit;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Audit;

public sealed class DriftTrendsTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task C33_Slow_drift_is_one_incident_on_the_third_day_that_ends_with_the_drift()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await Merchant.CreateAsync(database, connections: 2, skus: 20);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 20);
        var clock = new TestClock();
        var trends = new DriftTrends(database.Worker, clock);
        for (var day = 1; day <= 3; day++)
        {
            // One unit is missing on each SKU of the first store; the second store's differences are single mistakes.
            await database.ExecuteAsync(
                """
                INSERT INTO drift_cases (tenant_id, sku_id, level_id, class, expected, actual, action, at)
                SELECT tenant_id, sku_id, level_id, 3, 10, 9, '', $3 FROM listing_levels
                WHERE tenant_id = $1 AND (connection_id = $2 OR sku_id = (SELECT min(sku_id) FROM skus WHERE tenant_id = $1))
                """,
                merchant.Tenant.Value, merchant.Connections[0].Value, clock.GetUtcNow());
            (await trends.WatchAsync(merchant.Tenant, Ct)).ShouldBe(day < 3 ? 0 : 1);
            clock.Advance(TimeSpan.FromDays(1));
        }

        (await trends.WatchAsync(merchant.Tenant, Ct)).ShouldBe(0, "nothing today");
        (await database.ScalarAsync<string>("SELECT message FROM incidents WHERE kind = 'slow-drift' AND closed_at IS NOT NULL"))
            .ShouldBe("Readings were 60 units below the ledger in 3 days, a little on many SKUs each day.");
    }
}
