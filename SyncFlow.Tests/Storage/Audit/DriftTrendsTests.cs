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

    [Fact]
    public async Task C33_A_unit_a_day_that_no_movement_of_a_source_explains_is_an_incident_by_the_third_day()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 200);
        var clock = new TestClock();
        var erp = await database.ScalarAsync<long>("INSERT INTO connections (tenant_id, kind, name) VALUES ($1, 'erp', 'ERP') RETURNING connection_id", merchant.Tenant.Value);
        await database.ExecuteAsync(
            """
            INSERT INTO sources (tenant_id, connection_id, strategy, ordering, cadence_seconds, buckets, state_since, created_at, updated_at)
            VALUES ($1, $2, 2, 1, 900, '{1}', $3, $3, $3)
            """,
            merchant.Tenant.Value, erp, clock.GetUtcNow().AddDays(-10));
        var trends = new DriftTrends(database.Worker, clock);
        for (var day = 1; day <= 3; day++)
        {
            await EnterAsync(database, merchant, erp, reason: 81, delta: -1, clock.GetUtcNow());
            (await trends.WatchAsync(merchant.Tenant, Ct)).ShouldBe(0, "positions alone are how it tells what happened");
            clock.Advance(TimeSpan.FromDays(day < 3 ? 1 : 0));
        }

        await EnterAsync(database, merchant, erp, reason: 80, delta: 7, clock.GetUtcNow());
        (await trends.WatchAsync(merchant.Tenant, Ct)).ShouldBe(1, "a source that tells movements explains its positions by them");
        (await database.ScalarAsync<string>("SELECT message FROM incidents WHERE kind = 'slow-drift' AND closed_at IS NULL"))
            .ShouldBe("The source's positions were 600 units below what its movements explain in 3 days, a little on many SKUs each day.");
    }

    private static Task EnterAsync(TestDatabase database, Merchant merchant, long connection, short reason, int delta, DateTimeOffset at) => database.ExecuteAsync(
        """
        INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, connection_id, occurred_at, recorded_at)
        SELECT $1, sku_id, (SELECT min(location_id) FROM locations WHERE tenant_id = $1), 1, $4, $3, 'x', $2, $5, $5 FROM skus WHERE tenant_id = $1
        """,
        merchant.Tenant.Value, connection, reason, delta, at);
}
