using System.Globalization;
using Npgsql;
using Shouldly;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Inbox;

public sealed class RetentionTests(PostgresFixture postgres)
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task Of_an_old_day_only_what_waits_or_is_dead_stays_and_goes_once_it_does_no_more()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var now = TimeProvider.System.GetUtcNow();
        var (old, kept) = (now.AddDays(-40), now.AddDays(-20));
        foreach (var day in new[] { old, kept })
        {
            await PartitionAsync(database, day);
            for (var state = 0; state < 4; state++)
            {
                await StoreAsync(database, merchant, day.AddTicks(state * 10));
            }
        }

        await database.ExecuteAsync(
            "UPDATE inbox i SET state = n.state FROM (SELECT event_id, (row_number() OVER (PARTITION BY received_day ORDER BY event_id) - 1)::smallint AS state FROM inbox) n WHERE n.event_id = i.event_id");
        var store = new InboxStore(database.Worker, TimeProvider.System);
        (await store.DropPartitionsAsync(30, Ct)).ShouldBe(1);
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE received_day = $1", Day(kept))).ShouldBe(4);
        (await database.ScalarAsync<string>("SELECT string_agg(state::text, '' ORDER BY state) FROM inbox WHERE received_day = $1", Day(old))).ShouldBe("02");
        (await store.DropPartitionsAsync(30, Ct)).ShouldBe(0, "it may be asked again");

        // The dead one is replayed as any other, and the pending one is claimed.
        await using (var session = await merchant.WorkAsync())
        {
            var dead = (await DeadLetterStore.ListAsync(session, null, 10, Ct)).Single(l => l.Key.Day == Day(old));
            (await new DeadLetterStore(TimeProvider.System).ReplayAsync(session, [dead.Key.EventId], Ct)).ShouldBe(1);
            (await store.ClaimAsync(session, 10, Ct)).Count(i => i.Key.Day == Day(old)).ShouldBe(2);
            await session.CommitAsync(Ct);
        }

        await database.ExecuteAsync("UPDATE inbox SET state = 1 WHERE received_day = $1", Day(old));
        await store.DropPartitionsAsync(30, Ct);
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE received_day = $1", Day(old))).ShouldBe(0);
    }

    /// <summary>Nobody stores an event while a day is taken out: it must not be read through, and two of them are two moments.</summary>
    [Fact]
    public async Task A_day_is_taken_out_without_being_read_through_and_alone()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var old = TimeProvider.System.GetUtcNow().AddDays(-40);
        await PartitionAsync(database, old);
        await PartitionAsync(database, old.AddDays(1));
        await database.ExecuteAsync(
            """
            INSERT INTO inbox (tenant_id, received_day, connection_id, topic, webhook_id, triggered_at, received_at, content, body, next_attempt_at, state)
            SELECT $1, $3, $2, 'orders/create', 'id-' || n, now(), now(), 'test', '', now(), CASE n WHEN 7 THEN 0 WHEN 8 THEN 2 ELSE 1 END
            FROM generate_series(1, 5000) n
            """,
            merchant.Tenant.Value, merchant.Connections[0].Value, Day(old));
        await database.ExecuteAsync("ANALYZE inbox");
        await using var connection = await database.Worker.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        var read = await ScalarAsync(
            $"SELECT drop_inbox_partitions(30), pg_stat_get_xact_tuples_returned('inbox_{old:yyyyMMdd}'::regclass)");
        read.ShouldBe("1 0", "dropped, and rows looked through one after another");
        await transaction.CommitAsync(Ct);
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox_default")).ShouldBe(2);
        (await new InboxStore(database.Worker, TimeProvider.System).DropPartitionsAsync(30, Ct)).ShouldBe(1, "the other one");

        async Task<string> ScalarAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await using var reader = await command.ExecuteReaderAsync(Ct);
            await reader.ReadAsync(Ct);
            return string.Create(CultureInfo.InvariantCulture, $"{reader.GetInt32(0)} {reader.GetInt64(1)}");
        }
    }

    private static DateOnly Day(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);

    [Fact]
    public async Task Days_ahead_are_made_once_and_a_day_without_a_partition_is_taken_all_the_same()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var store = new InboxStore(database.Worker, TimeProvider.System);
        (await store.EnsurePartitionsAsync(20, Ct)).ShouldBeGreaterThan(0);
        (await store.EnsurePartitionsAsync(20, Ct)).ShouldBe(0);

        await StoreAsync(database, merchant, TimeProvider.System.GetUtcNow().AddDays(50));
        (await database.ScalarAsync<long>("SELECT count(*) FROM inbox_default")).ShouldBe(1);
    }

    private static Task PartitionAsync(TestDatabase database, DateTimeOffset at)
    {
        var (from, to) = (at.UtcDateTime.Date, at.UtcDateTime.Date.AddDays(1));
        return database.ExecuteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"SET ROLE syncflow_owner; CREATE TABLE inbox_{from:yyyyMMdd} PARTITION OF inbox FOR VALUES FROM ('{from:yyyy-MM-dd}') TO ('{to:yyyy-MM-dd}'); RESET ROLE"));
    }

    private static Task<int> StoreAsync(TestDatabase database, Merchant merchant, DateTimeOffset at) =>
        new InboxStore(database.Ingest, TimeProvider.System).AppendAsync(
            [
                new InboxEvent(
                    merchant.Tenant, merchant.Connections[0], "orders/create", $"id-{at.UtcTicks}", null, at, at, null, "shopify.webhook",
                    "{}"u8.ToArray()),
            ],
            Ct);
}
