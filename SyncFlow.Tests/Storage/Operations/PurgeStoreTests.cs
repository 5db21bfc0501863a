using Npgsql;
using Shouldly;
using SyncFlow.Storage.Operations;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Operations;

public sealed class PurgeStoreTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_older_than_is_kept_goes_in_steps_and_what_is_younger_open_or_running_stays()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var tenant = merchant.Tenant.Value;
        await database.ExecuteAsync(
            """
            INSERT INTO idempotency_keys (tenant_id, idem_key, request_hash, status, created_at)
            SELECT $1, 'k' || n, '\x00', 200, now() - make_interval(days => n) FROM generate_series(1, 12) n
            """,
            tenant);
        await database.ExecuteAsync(
            """
            INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at, state, finished_at)
            SELECT $1, $2, 1, state || '/' || days, now(), now() - make_interval(days => 60), state, CASE WHEN state > 0 THEN now() - make_interval(days => days) END
            FROM unnest(ARRAY[0, 1, 2]) state, unnest(ARRAY[29, 31]) days
            """,
            tenant, merchant.Connections[0].Value);
        await database.ExecuteAsync(
            """
            INSERT INTO sync_runs (tenant_id, kind, state, created_at, finished_at)
            SELECT $1, state || '/' || days, state, now() - make_interval(days => 200), CASE WHEN state <> 'running' THEN now() - make_interval(days => days) END
            FROM unnest(ARRAY['running', 'failed', 'succeeded']) state, unnest(ARRAY[89, 91]) days
            """,
            tenant);
        await database.ExecuteAsync("INSERT INTO members (tenant_id, member_id, email, name, role, status, created_by, created_at) VALUES ($1, 7, 'a@b.c', 'A', 'SupportAnalyst', 2, 'test', now())", tenant);
        await database.ExecuteAsync(
            """
            INSERT INTO sign_in_links (tenant_id, member_id, token_hash, created_at, expires_at)
            SELECT $1, 7, int4send(n), now() - make_interval(days => n), now() - make_interval(days => n) FROM unnest(ARRAY[29, 31]) n
            """,
            tenant);
        await database.ExecuteAsync(
            """
            INSERT INTO sessions (tenant_id, member_id, token_hash, origin, created_at, expires_at, revoked_at)
            VALUES ($1, 7, 'a', 'test', now(), now() - interval '31 days', NULL), ($1, 7, 'b', 'test', now(), now() + interval '1 day', now() - interval '31 days'),
              ($1, 7, 'c', 'test', now(), now() - interval '29 days', NULL), ($1, 7, 'd', 'test', now(), now() + interval '1 day', NULL)
            """,
            tenant);

        var (store, gone) = (new PurgeStore(database.Worker), new Dictionary<string, int>());
        foreach (var table in PurgeStore.Tables)
        {
            gone[table] = await store.RunAsync(table, Ct, stepRows: 2);
        }

        gone.ShouldBe(
            new Dictionary<string, int>
            {
                ["idempotency_keys"] = 6,
                ["work_items"] = 2,
                ["sign_in_links"] = 1,
                ["sessions"] = 2,
                ["sync_runs"] = 2,
            },
            ignoreOrder: true);
        (await database.ScalarAsync<string>("SELECT string_agg(ref, ' ' ORDER BY ref) FROM work_items")).ShouldBe("0/29 0/31 1/29 2/29");
        (await database.ScalarAsync<string>("SELECT string_agg(kind, ' ' ORDER BY kind) FROM sync_runs")).ShouldBe("failed/89 running/89 running/91 succeeded/89");
        (await database.ScalarAsync<string>("SELECT string_agg(encode(token_hash, 'escape'), '' ORDER BY token_hash) FROM sessions")).ShouldBe("cd");
    }

    /// <summary>A step that reads a whole table ends by the time of a statement once the table is large, and then nothing ever goes.</summary>
    [Fact]
    public async Task What_is_old_is_found_without_reading_what_is_young()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await database.ExecuteAsync("INSERT INTO members (tenant_id, member_id, email, name, role, status, created_by, created_at) VALUES ($1, 7, 'a@b.c', 'A', 'SupportAnalyst', 2, 'test', now())", merchant.Tenant.Value);
        foreach (var sql in new[]
        {
            "INSERT INTO idempotency_keys (tenant_id, idem_key, request_hash, status, created_at) SELECT $1, 'k' || n, '', 200, now() FROM generate_series(1, 5000) n",
            "INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at, state, finished_at) SELECT $1, 1, 1, n, now(), now(), 1, now() FROM generate_series(1, 5000) n",
            "INSERT INTO sign_in_links (tenant_id, member_id, token_hash, created_at, expires_at) SELECT $1, 7, int4send(n), now(), now() FROM generate_series(1, 5000) n",
            "INSERT INTO sessions (tenant_id, member_id, token_hash, origin, created_at, expires_at) SELECT $1, 7, int4send(n), 'test', now(), now() FROM generate_series(1, 5000) n",
            "INSERT INTO sync_runs (tenant_id, kind, state, created_at, finished_at) SELECT $1, 'x', 'failed', now(), now() FROM generate_series(1, 5000) n",
        })
        {
            await database.ExecuteAsync(sql, merchant.Tenant.Value);
        }

        foreach (var table in PurgeStore.Tables)
        {
            await database.ExecuteAsync($"ANALYZE {table}");
            await using var connection = await database.Worker.OpenConnectionAsync(Ct);
            await using var transaction = await connection.BeginTransactionAsync(Ct);
            await using var step = new NpgsqlCommand($"SELECT purge_step('{table}', 10000)", connection, transaction);
            (await step.ExecuteScalarAsync(Ct)).ShouldBe(0);
            await using var read = new NpgsqlCommand($"SELECT pg_stat_get_xact_tuples_returned('{table}'::regclass)", connection, transaction);
            (await read.ExecuteScalarAsync(Ct)).ShouldBe(0L, table);
        }
    }

    [Fact]
    public async Task The_worker_may_not_delete_anything_of_it_by_itself_nor_have_another_table_purged()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        foreach (var sql in new[] { "DELETE FROM sessions", "DELETE FROM sync_runs", "DELETE FROM work_items", "SELECT purge_step('ledger_entries', 1)" })
        {
            await using var command = database.Worker.CreateCommand(sql);
            await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct));
        }
    }
}
