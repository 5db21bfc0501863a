using Npgsql;
using Shouldly;
using SyncFlow.Storage.Sessions;
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
        await FillAsync(database, merchant, 20_000);
        await database.ExecuteAsync("UPDATE inbox SET state = 1, finished_at = now() WHERE event_id % 100 <> 0");
        await database.ExecuteAsync("VACUUM ANALYZE inbox");

        await using var session = await merchant.WorkAsync();
        var plan = await PlanAsync(session, SourceRepeats.Waiting(session, merchant.Connections[0], [1L]), "'source.events', ARRAY['1']");
        var today = await database.ScalarAsync<string>("SELECT format('inbox_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))");
        var scan = plan.Split('\n').Where(line => line.Contains($" on {today} ", StringComparison.Ordinal)).ToList();
        scan.ShouldHaveSingleItem(plan).ShouldContain(today + Pending);
    }

    [Fact]
    public async Task What_was_told_before_is_looked_for_by_its_key_however_few_keys_there_were_when_they_were_counted()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await database.ExecuteAsync(
            "INSERT INTO movement_keys (tenant_id, movement_key, recorded_at) SELECT $1, 'few:' || n, now() FROM generate_series(1, 4500) n", merchant.Tenant.Value);
        await FillAsync(database, merchant, 5_000);
        await database.ExecuteAsync("VACUUM ANALYZE movement_keys, inbox");

        await using var session = await merchant.WorkAsync();
        var ids = Enumerable.Range(1, 110).Select(n => $"q{n}").ToArray();
        var given = string.Join(',', ids.Select(id => $"'{id}'"));
        var plan = await PlanAsync(
            session, SourceRepeats.Told(session, merchant.Connections[0], ids, TimeProvider.System.GetUtcNow()),
            $"ARRAY[{given}], ARRAY[{given}], current_date - 1, current_date");
        plan.ShouldContain("(movement_key = k.key)", Case.Sensitive, plan);
        plan.ShouldNotContain("Hash Join");
        plan.Split('\n').Count(line => line.Contains("webhook_id = k_2.id", StringComparison.Ordinal) && line.Contains("Index Cond", StringComparison.Ordinal))
            .ShouldBeGreaterThan(0, plan);
    }

    private static Task FillAsync(TestDatabase database, Merchant merchant, int events) => database.ExecuteAsync(
        """
        INSERT INTO inbox (tenant_id, connection_id, topic, webhook_id, triggered_at, received_at, content, body, received_day, next_attempt_at)
        SELECT $1, $2, 'events', ' file:1:' || n || ':1:0', now(), now(), 'source.events', repeat('x', 500)::bytea, (now() AT TIME ZONE 'UTC')::date,
          now() + n * interval '1 microsecond'
        FROM generate_series(1, $3) n
        """,
        merchant.Tenant.Value, merchant.Connections[0].Value, events);

    /// <summary>The plan that is kept for all calls of a statement, whose first two parameters are tenant and connection.</summary>
    private static async Task<string> PlanAsync(StorageSession session, NpgsqlBatchCommand look, string rest)
    {
        var ct = TestContext.Current.CancellationToken;
        await session.ExecuteAsync(new NpgsqlBatchCommand("SET LOCAL plan_cache_mode = force_generic_plan"), ct);
        await session.ExecuteAsync(new NpgsqlBatchCommand("PREPARE look AS " + look.CommandText), ct);
        var explain = $"EXPLAIN EXECUTE look ({session.Tenant.Value}, 1, {rest})";
        return string.Join('\n', await session.QueryAsync(new NpgsqlBatchCommand(explain), row => row.GetString(0), ct));
    }
}
