using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Auditing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Auditing;

public sealed class AuditChainTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("UPDATE audit_log SET actor = 'somebody else' WHERE tenant_id = $1 AND seq = 3", AuditBreakKind.Changed, 3)]
    [InlineData("UPDATE audit_log SET after = '{\"name\": \"other\"}' WHERE tenant_id = $1 AND seq = 4", AuditBreakKind.Changed, 4)]
    [InlineData("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE tenant_id = $1 AND seq = 2", AuditBreakKind.Changed, 2)]
    [InlineData("DELETE FROM audit_log WHERE tenant_id = $1 AND seq = 4", AuditBreakKind.Missing, 4)]
    [InlineData("DELETE FROM audit_log WHERE tenant_id = $1 AND seq = 1", AuditBreakKind.Missing, 1)]
    [InlineData("DELETE FROM audit_log WHERE tenant_id = $1 AND seq = (SELECT max(seq) FROM audit_log)", AuditBreakKind.WrongEnd, 0)]
    [InlineData("UPDATE audit_log SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE tenant_id = $1 AND seq IN (2, 3)", AuditBreakKind.NotLinked, 2)]
    public async Task What_the_owner_of_the_database_changes_takes_out_or_reorders_is_found(string forgery, AuditBreakKind kind, long at)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await FillAsync(database);
        var store = new AuditStore(database.Api);
        var before = await store.CheckAsync(tenant, Ct);
        before.IsWhole.ShouldBeTrue($"{before.Break}");
        before.Entries.ShouldBeGreaterThan(4);

        await ForgeAsync(database, forgery, tenant);
        if (kind == AuditBreakKind.NotLinked)
        {
            await ForgeAsync(database, "UPDATE audit_log SET seq = -seq WHERE tenant_id = $1 AND seq < 0", tenant);
        }

        var found = (await store.CheckAsync(tenant, Ct)).Break.ShouldNotBeNull();
        found.Kind.ShouldBe(kind);
        found.Seq.ShouldBe(at == 0 ? before.HeadSeq : at);
    }

    [Fact]
    public async Task A_chain_that_was_made_anew_is_whole_but_its_end_is_another_than_the_one_noted_elsewhere()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await FillAsync(database);
        var store = new AuditStore(database.Api);
        var noted = (await store.CheckAsync(tenant, Ct)).HeadHash;

        // The owner rewrites an entry, and every hash from there to the end.
        await ForgeAsync(database, "UPDATE audit_log SET actor = 'nobody' WHERE tenant_id = $1 AND seq = 1", tenant);
        await ForgeAsync(
            database,
            """
            DO $$
            DECLARE e audit_log; prev bytea := '';
            BEGIN
              FOR e IN SELECT * FROM audit_log WHERE tenant_id = TENANT ORDER BY seq LOOP
                e.prev_hash := prev; e.hash := audit_hash(e); prev := e.hash;
                UPDATE audit_log SET prev_hash = e.prev_hash, hash = e.hash WHERE tenant_id = e.tenant_id AND audit_id = e.audit_id;
              END LOOP;
              UPDATE audit_heads SET hash = prev WHERE tenant_id = TENANT;
            END $$
            """.Replace("TENANT", $"{tenant.Value}", StringComparison.Ordinal));
        var after = await store.CheckAsync(tenant, Ct);
        after.IsWhole.ShouldBeTrue();
        after.HeadHash.ShouldNotBe(noted);
    }

    [Fact]
    public async Task Entries_of_many_transactions_at_once_make_one_chain()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await FillAsync(database);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            for (var i = 0; i < 10; i++)
            {
                await using var session = await StorageSession.OpenAsync(database.Api, tenant, Ct);
                await session.ExecuteAsync(session.Of($"UPDATE locations SET name = 'n{worker}-{i}' WHERE tenant_id = $1"), Ct);
                await session.CommitAsync(Ct);
            }
        }));
        var check = await new AuditStore(database.Api).CheckAsync(tenant, Ct);
        check.IsWhole.ShouldBeTrue($"{check.Break}");
        check.Entries.ShouldBeGreaterThan(80);
    }

    [Fact]
    public async Task A_change_is_written_with_who_before_and_after_and_no_secret_and_is_undone_with_its_transaction()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var tenant = await FillAsync(database);
        Acting.As(new Actor("ann@example.com", "10.0.0.7 browser", null));
        var store = new AuditStore(database.Api);
        await using (var session = await StorageSession.OpenAsync(database.Api, tenant, Ct))
        {
            await session.ExecuteAsync(session.Of("UPDATE locations SET name = 'rolled back' WHERE tenant_id = $1"), Ct);
        }

        await using (var session = await StorageSession.OpenAsync(database.Api, tenant, Ct))
        {
            await session.ExecuteAsync(session.Of("UPDATE locations SET name = 'new', fulfills_online = fulfills_online WHERE tenant_id = $1"), Ct);
            await session.ExecuteAsync(session.Of("UPDATE connections SET credential = '\\x0102', updated_at = now() WHERE tenant_id = $1"), Ct);
            await session.ExecuteAsync(session.Of("UPDATE connections SET last_error = 'x', updated_at = now() WHERE tenant_id = $1"), Ct);
            await session.CommitAsync(Ct);
        }

        var newest = await store.ListAsync(tenant, new AuditFilter("ann@example.com", null, null, null, null), null, 10, Ct);
        newest.Select(e => e.Action).ShouldBe(["connections.update", "locations.update"], "what is not worth an entry has none");
        newest[1].ShouldSatisfyAllConditions(
            e => e.Origin.ShouldBe("10.0.0.7 browser"),
            e => e.Before.ShouldBe("""{"name": "L1"}"""),
            e => e.After.ShouldBe("""{"name": "new"}"""));
        newest[0].After.ShouldBe("""{"credential": "(secret)"}""");
    }

    private static async Task<TenantId> FillAsync(TestDatabase database)
    {
        var tenant = new TenantId(await database.ScalarAsync<long>("INSERT INTO tenants (name) VALUES ('audited') RETURNING tenant_id"));
        await database.ExecuteAsync("INSERT INTO locations (tenant_id, code, name) VALUES ($1, 'L1', 'L1')", tenant.Value);
        await database.ExecuteAsync("INSERT INTO connections (tenant_id, kind, name) VALUES ($1, 'shopify', 'one')", tenant.Value);
        foreach (var name in new[] { "two", "three", "four" })
        {
            await database.ExecuteAsync("UPDATE connections SET name = $2 WHERE tenant_id = $1", tenant.Value, name);
        }

        return tenant;
    }

    /// <summary>As the owner of the server, who can switch every trigger off.</summary>
    private static async Task ForgeAsync(TestDatabase database, string sql, TenantId? tenant = null)
    {
        await using var connection = await database.Admin.OpenConnectionAsync(Ct);
        await using var off = new Npgsql.NpgsqlCommand("SET session_replication_role = replica", connection);
        await off.ExecuteNonQueryAsync(Ct);
        await using var forge = new Npgsql.NpgsqlCommand(sql, connection);
        if (tenant is { } of)
        {
            forge.Parameters.Add(new Npgsql.NpgsqlParameter { Value = of.Value });
        }

        await forge.ExecuteNonQueryAsync(Ct);
        await using var on = new Npgsql.NpgsqlCommand("SET session_replication_role = DEFAULT", connection);
        await on.ExecuteNonQueryAsync(Ct);
    }
}
