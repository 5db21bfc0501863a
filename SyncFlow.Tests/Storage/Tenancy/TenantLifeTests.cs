using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Tenancy;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Tenancy;

public sealed class TenantLifeTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_of_a_tenant_is_exported_and_nothing_of_another_and_no_secret()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var mine = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 5);
        var other = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 9);
        await database.ExecuteAsync("UPDATE connections SET credential = '\\x736563726574', webhook_secret = '\\x736563726574'");
        await database.ExecuteAsync("INSERT INTO api_keys (tenant_id, name, key_hash) VALUES ($1, 'k', '\\x736563726574')", mine.Tenant.Value);

        using var output = new MemoryStream();
        await new TenantExport(database.Api, TimeProvider.System).WriteAsync(mine.Tenant, output, Ct);
        var text = Encoding.UTF8.GetString(output.ToArray());
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        ((string)lines[0]["format"]!).ShouldBe(TenantExport.Format);
        ((bool)lines[^1]["end"]!).ShouldBeTrue();
        var rows = lines[1..^1];
        rows.Select(r => (long)r["row"]!["tenant_id"]!).Distinct().ShouldBe([mine.Tenant.Value]);
        text.ShouldNotContain("736563726574");

        // Each table that has a tenant is there, with as many rows as the database has; a new one is not forgotten.
        var told = lines[^1]["rows"]!.AsObject().ToDictionary(t => t.Key, t => (long)t.Value!);
        foreach (var table in (await TablesAsync(database)).Except(["deleted_tenants"]))
        {
            told.ShouldContainKey(table);
            told[table].ShouldBe(await database.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE tenant_id = $1", mine.Tenant.Value), table);
            rows.Count(r => (string)r["table"]! == table).ShouldBe((int)told[table], table);
        }

        told["ledger_entries"].ShouldBeGreaterThan(0);
        (await database.ScalarAsync<long>("SELECT count(*) FROM skus WHERE tenant_id = $1", other.Tenant.Value)).ShouldBe(1);
    }

    [Fact]
    public async Task A_tenant_is_deleted_whole_when_its_grace_is_over_and_others_keep_everything()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var leaving = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 5);
        var staying = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 5);
        var desk = new TenantDesk(database.Api, TimeProvider.System);
        var asked = await desk.AskDeletionAsync(leaving.Tenant.Value, "ann", TimeSpan.FromDays(30), Ct);
        asked.DeletionDueAt.ShouldNotBeNull();
        (await desk.EraseStepAsync(100, Ct)).ShouldBeNull("the grace is not over");
        (await desk.CancelDeletionAsync(leaving.Tenant.Value, Ct)).ShouldBeTrue();
        (await desk.CancelDeletionAsync(leaving.Tenant.Value, Ct)).ShouldBeFalse();

        await desk.AskDeletionAsync(leaving.Tenant.Value, "ann", TimeSpan.FromDays(30), Ct);
        var before = await CountAsync(database, staying.Tenant);
        await database.ExecuteAsync("UPDATE tenants SET deletion_due_at = now() - interval '1 second' WHERE tenant_id = $1", leaving.Tenant.Value);
        await EraseAsync(desk, most: 10_000);
        (await CountAsync(database, leaving.Tenant)).ShouldBe(0);
        (await CountAsync(database, staying.Tenant)).ShouldBe(before);
        (await database.ScalarAsync<string>("SELECT asked_by FROM deleted_tenants WHERE tenant_id = $1", leaving.Tenant.Value)).ShouldBe("ann");
    }

    [Fact]
    public async Task An_erasure_that_a_crash_cuts_short_is_gone_on_with_and_every_row_goes_once()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var leaving = await Merchant.CreateAsync(database, connections: 2, skus: 12, onHand: 5);
        var staying = await Merchant.CreateAsync(database, connections: 1, skus: 2, onHand: 5);
        var kept = await CountAsync(database, staying.Tenant);
        await database.ExecuteAsync(
            "UPDATE tenants SET deletion_asked_at = now(), deletion_asked_by = 'ann', deletion_due_at = now() - interval '1 second' WHERE tenant_id = $1", leaving.Tenant.Value);
        var desk = new TenantDesk(database.Api, TimeProvider.System);
        var first = (await desk.EraseStepAsync(3, Ct))!;
        var rows = first.Rows + await CountAsync(database, leaving.Tenant);
        for (var step = 0; step < 3; step++)
        {
            (await desk.EraseStepAsync(3, Ct))!.Rows.ShouldBeInRange(1, 3);
        }

        // Another process dies in the middle of a step: its connection ends, and nothing of the step is done.
        var left = await CountAsync(database, leaving.Tenant);
        await using (var dying = await database.Api.OpenConnectionAsync(Ct))
        await using (var transaction = await dying.BeginTransactionAsync(Ct))
        {
            await using var command = new NpgsqlCommand("SELECT erased FROM erase_due_step(3)", dying, transaction);
            ((long)(await command.ExecuteScalarAsync(Ct))!).ShouldBeGreaterThan(0);
            (await desk.EraseStepAsync(3, Ct)).ShouldBeNull("a step is one process's alone");
        }

        (await CountAsync(database, leaving.Tenant)).ShouldBe(left);
        left.ShouldBeInRange(1, rows - 4);
        (await database.ScalarAsync<long>("SELECT count(*) FROM connections WHERE tenant_id = $1 AND (status <> 7 OR credential IS NOT NULL)", leaving.Tenant.Value))
            .ShouldBe(0, "nobody comes in meanwhile");

        await EraseAsync(new TenantDesk(database.Api, TimeProvider.System), most: 3);
        (await CountAsync(database, leaving.Tenant)).ShouldBe(0);
        (await CountAsync(database, staying.Tenant)).ShouldBe(kept);
        (await database.ScalarAsync<long>("SELECT count(*) FROM deleted_tenants WHERE tenant_id = $1 AND deleted_at >= began_at AND audit_hash IS NOT NULL", leaving.Tenant.Value)).ShouldBe(1);
        (await database.ScalarAsync<long>("SELECT rows FROM deleted_tenants")).ShouldBe(rows - 1, "each once, and the tenant's own row besides");
    }

    [Theory]
    [InlineData("DELETE FROM ledger_entries")]
    [InlineData("DELETE FROM audit_log")]
    public async Task What_only_grows_is_not_deleted_for_a_tenant_who_only_asked(string sql)
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 5);
        await new TenantDesk(database.Api, TimeProvider.System).AskDeletionAsync(merchant.Tenant.Value, "ann", TimeSpan.FromDays(30), Ct);
        (await Should.ThrowAsync<PostgresException>(() => database.ExecuteAsync(sql))).MessageText.ShouldContain("append-only");
    }

    /// <summary>Steps until nothing is left.</summary>
    private static async Task EraseAsync(TenantDesk desk, int most)
    {
        for (var done = false; !done;)
        {
            done = (await desk.EraseStepAsync(most, Ct)).ShouldNotBeNull().IsDone;
        }
    }

    private static async Task<string[]> TablesAsync(TestDatabase database) => await database.ScalarAsync<string[]>(
        """
        SELECT array_agg(c.relname::text) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
        """);

    private static async Task<long> CountAsync(TestDatabase database, TenantId tenant)
    {
        var rows = 0L;
        foreach (var table in (await TablesAsync(database)).Except(["deleted_tenants"]))
        {
            rows += await database.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant.Value);
        }

        return rows;
    }
}
