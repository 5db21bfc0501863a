using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Sources;

public sealed class ClaimLookTests(PostgresFixture postgres)
{
    private const int Batch = 500;

    [Fact]
    public async Task The_claims_of_a_batch_are_found_by_their_keys_among_many()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await database.ExecuteAsync(
            """
            INSERT INTO source_claims (tenant_id, system_id, transaction_id, sku_id, location_id, open_units, left_units, picking_units, shipped_units,
              posted_units, left_version, pick_version, at_till, booked_committed, booked_allocated, booked_unposted, booked_deducted, updated_at)
            SELECT $1, $2, 'order-' || n, n % 20000, $3, 0, 1, 0, 0, 1, 0, 0, false, 0, 0, CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END, 1, now()
            FROM generate_series(1, 200000) n
            """,
            merchant.Tenant.Value, merchant.Connections[0].Value, merchant.Location.Value);
        await database.ExecuteAsync("ANALYZE source_claims");
        var skus = Enumerable.Range(1, Batch).Select(n => (long)n).ToArray();
        var refs = new SourceRefs(
            [.. skus.Select(n => new TransactionRef(merchant.Connections[0], $"order-{n}"))],
            [.. skus.Select(n => (new SkuId(n), merchant.Location))]);
        await using var session = await merchant.WorkAsync();
        var look = SourceRows.Statements(session, skus, refs)[0];
        look.CommandText = "EXPLAIN (ANALYZE, BUFFERS, SUMMARY off, TIMING off) " + look.CommandText;
        var plan = string.Join('\n', await session.QueryAsync(look, row => row.GetString(0), TestContext.Current.CancellationToken));

        plan.ShouldNotContain("Seq Scan on source_claims");
        plan.ShouldContain("source_claims_pkey");
        plan.ShouldContain("source_claims_unposted");
    }
}
