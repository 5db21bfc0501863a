using Npgsql;
using Shouldly;
using SyncFlow.Storage.Schema;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Schema;

/// <summary>Migration 81 on a database that has been in use: every row is in its week, and whoever might read or write still may.</summary>
public sealed class PushPartitionTests(PostgresFixture postgres)
{
    private const string Rows =
        """
        SELECT md5(coalesce(string_agg(r, '|' ORDER BY r), '')) FROM (
          SELECT to_jsonb(p)::text AS r FROM pushes p UNION ALL SELECT to_jsonb(l)::text FROM push_levels l) rows
        """;

    private const string Rights =
        """
        SELECT string_agg(relname || ' ' || relacl::text || relowner || relrowsecurity || relforcerowsecurity || coalesce(policies, ''), ';' ORDER BY relname)
        FROM pg_class CROSS JOIN LATERAL (
          SELECT string_agg(concat_ws(' ', polname, polcmd::text, polroles::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)), ',' ORDER BY polname) AS policies
          FROM pg_policy WHERE polrelid = pg_class.oid) p
        WHERE relname IN ('pushes', 'push_levels')
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_of_the_old_shape_are_moved_whole_with_their_rights()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        await Migrator.MigrateAsync(database, [.. Migrator.Known.Where(m => m.Number < 81)], Ct);
        await using var source = NpgsqlDataSource.Create(database);
        await using (var fill = source.CreateCommand(Fill))
        {
            await fill.ExecuteNonQueryAsync(Ct);
        }

        var (rows, rights) = (await ScalarAsync(source, Rows), await ScalarAsync(source, Rights));
        await Migrator.MigrateAsync(database, [.. Migrator.Known.Where(m => m.Number <= 81)], Ct);
        (await ScalarAsync(source, Rows)).ShouldBe(rows);
        (await ScalarAsync(source, Rights)).ShouldBe(rights);
        (await ScalarAsync(source, "SELECT count(DISTINCT tableoid)::text FROM pushes WHERE tableoid <> 'pushes_default'::regclass")).ShouldBe("21");
        (await ScalarAsync(source, "SELECT string_agg(push_id::text, ',') FROM pushes_default")).ShouldBe("00000000-0000-4000-8000-000000000001");
        (await ScalarAsync(source, "SELECT string_agg(relname, ',') FROM pg_class WHERE relname LIKE 'push%before%'")).ShouldBeNull();
    }

    // Twenty weeks of pushes with ids in order of time and without, and one of a clock that was far ahead.
    private const string Fill =
        """
        INSERT INTO tenants (name) VALUES ('m');
        INSERT INTO pushes (tenant_id, push_id, connection_id, lease_epoch, state, body, elements, planned_at, deadline, kind, fault)
        SELECT 1, gen_random_uuid(), 1, 1, n % 4, 'body ' || n, 2, now() - n * interval '7 days', now(), n % 3, 'f' FROM generate_series(0, 20) n;
        INSERT INTO pushes (tenant_id, push_id, connection_id, lease_epoch, state, body, elements, planned_at, deadline)
        VALUES (1, '00000000-0000-4000-8000-000000000001', 1, 1, 1, '{}', 1, now() + interval '3 years', now());
        INSERT INTO push_levels (tenant_id, push_id, level_id, sku_id, ordinal, generation, item_ref, external_location_id, from_units, to_units,
          cause_at, planned_at, outcome, code, acknowledged_at, verified_at, changes)
        SELECT 1, push_id, l, 3, l, 1, 'i', 'x', 5, 4, planned_at, planned_at, 1, 'c', planned_at, planned_at, l FROM pushes, generate_series(1, 2) l;
        """;

    private static async Task<string?> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Ct) as string;
    }
}
