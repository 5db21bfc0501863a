using Npgsql;
using Shouldly;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Sources;

/// <summary>What waits is found by the index of what waits, and not by reading all that ever came in on the day.</summary>
public sealed class WaitingLookTests(PostgresFixture postgres)
{
    private const string Pending = "_tenant_id_next_attempt_at_event_id_idx";

    [Fact]
    public async Task What_waits_of_a_source_is_found_after_a_long_day_of_which_little_waited_when_it_was_counted()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);

        // As a backfill leaves it: all of it waited, so the index of what waits has room for all of it, and little of it does now.
        await database.ExecuteAsync(
            """
            INSERT INTO inbox (tenant_id, connection_id, topic, webhook_id, triggered_at, received_at, content, body, received_day, next_attempt_at)
            SELECT $1, $2, 'events', ' file:1:' || n || ':1:0', now(), now(), 'source.events', repeat('x', 500)::bytea, (now() AT TIME ZONE 'UTC')::date,
              now() + n * interval '1 microsecond'
            FROM generate_series(1, 20000) n
            """,
            merchant.Tenant.Value, merchant.Connections[0].Value);
        await database.ExecuteAsync("UPDATE inbox SET state = 1, finished_at = now() WHERE event_id % 100 <> 0");
        await database.ExecuteAsync("VACUUM ANALYZE inbox");

        await using var session = await merchant.WorkAsync();
        var look = SourceRepeats.Waiting(session, merchant.Connections[0], [1L]);
        await session.ExecuteAsync(new NpgsqlBatchCommand("SET LOCAL plan_cache_mode = force_generic_plan"), TestContext.Current.CancellationToken);
        await session.ExecuteAsync(new NpgsqlBatchCommand("PREPARE look AS " + look.CommandText), TestContext.Current.CancellationToken);
        var explain = $"EXPLAIN EXECUTE look ({merchant.Tenant.Value}, {merchant.Connections[0].Value}, 'source.events', ARRAY['1'])";
        var plan = string.Join('\n', await session.QueryAsync(new NpgsqlBatchCommand(explain), row => row.GetString(0), TestContext.Current.CancellationToken));
        var today = await database.ScalarAsync<string>("SELECT format('inbox_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))");
        var scan = plan.Split('\n').Where(line => line.Contains($" on {today} ", StringComparison.Ordinal)).ToList();
        scan.ShouldHaveSingleItem(plan).ShouldContain(today + Pending);
    }
}
