using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Schema;

public sealed class SecurityTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("UPDATE ledger_entries SET delta = 1")]
    [InlineData("DELETE FROM ledger_entries")]
    [InlineData("UPDATE level_history SET belief = 1")]
    public async Task The_ledger_refuses_to_be_changed_by_right_and_by_trigger(string sql)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 5);
        foreach (var source in new[] { database.Worker, database.Api })
        {
            await using var command = source.CreateCommand(sql);
            (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }

        var refused = await Should.ThrowAsync<PostgresException>(() => database.ExecuteAsync(sql));
        refused.MessageText.ShouldContain("append-only");
        (await Should.ThrowAsync<PostgresException>(() => database.ExecuteAsync("TRUNCATE ledger_entries"))).MessageText.ShouldContain("append-only");
    }

    [Fact]
    public async Task C35_Tenants_with_the_same_ids_see_and_lock_only_their_own_rows()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var one = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 5);
        var other = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 9);

        // The same numbers in both tenants: keys lead with the tenant, so they do not meet.
        await database.ExecuteAsync(
            "INSERT INTO sku_state (tenant_id, sku_id) VALUES ($1, $2)", other.Tenant.Value, one.Skus[0].Value);
        await using var mine = await one.WorkAsync();
        (await StockStore.LoadSkusAsync(mine, one.Skus, Ct)).Skus.Single().Pools.Single().Buckets.OnHand.ShouldBe(5);
        (await StockStore.LoadSkusAsync(mine, other.Skus, Ct)).Skus.ShouldBeEmpty();
        await using var theirs = await other.WorkAsync();
        (await StockStore.LoadSkusAsync(theirs, [.. other.Skus, .. one.Skus], Ct)).Skus.Single().Pools.Single().Buckets.OnHand.ShouldBe(9);
    }

    [Fact]
    public async Task Every_table_hides_other_tenants_also_from_a_query_that_forgot_to_name_one()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, onHand: 5);
        foreach (var table in new[] { "tenants", "connections", "skus", "listings", "listing_levels", "positions", "ledger_entries", "level_history" })
        {
            (await CountAsync(database.Worker, merchant.Tenant, table)).ShouldBeGreaterThan(0, table);
            (await CountAsync(database.Worker, new TenantId(merchant.Tenant.Value + 1), table)).ShouldBe(0, table);
            await using var unset = database.Worker.CreateCommand($"SELECT count(*) FROM {table}");
            (await unset.ExecuteScalarAsync(Ct)).ShouldBe(0L, table);
        }

        var open = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND NOT (relrowsecurity AND relforcerowsecurity) AND relname <> 'schema_migrations'";
        (await database.ScalarAsync<long>(open)).ShouldBe(0, "a new table needs row-level security");
    }

    [Fact]
    public async Task A_row_for_another_tenant_cannot_be_written()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await using var connection = await database.Worker.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using var write = new NpgsqlCommand(
            $"SELECT set_config('app.tenant_id', '{merchant.Tenant.Value}', true); INSERT INTO movement_keys VALUES ({merchant.Tenant.Value + 1}, 'k', now())", connection);
        (await Should.ThrowAsync<PostgresException>(() => write.ExecuteNonQueryAsync(Ct))).MessageText.ShouldContain("row-level security");
    }

    [Theory]
    [InlineData("SELECT body FROM inbox")]
    [InlineData("SELECT credential FROM connections")]
    [InlineData("SELECT * FROM ledger_entries")]
    [InlineData("SELECT all_tenants()")]
    public async Task Ingest_reads_nothing_but_shops(string sql)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await using var command = database.Ingest.CreateCommand(sql);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteScalarAsync(Ct))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    private static async Task<long> CountAsync(NpgsqlDataSource source, TenantId tenant, string table)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, Ct);
        return (await session.QueryAsync(session.Of($"SELECT count(*) FROM {table} WHERE $1 > 0"), row => row.GetInt64(0), Ct))[0];
    }
}
