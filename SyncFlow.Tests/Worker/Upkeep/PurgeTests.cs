using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Storage.Operations;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Upkeep;
using Xunit;

namespace SyncFlow.Tests.Worker.Upkeep;

public sealed class PurgeTests(PostgresFixture postgres)
{
    private const string Old =
        "INSERT INTO sync_runs (tenant_id, kind, state, created_at, finished_at) SELECT 1, 'x', 'failed', now(), now() - interval '91 days'";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_table_that_fails_keeps_no_other_and_is_tried_again_while_those_that_went_well_are_done_for_the_day()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var clock = new TestClock();
        var purge = new Purge(new PurgeStore(database.Worker), clock, NullLogger<Purge>.Instance);
        await database.ExecuteAsync("INSERT INTO tenants (tenant_id, name) VALUES (1, 'Merchant')");
        await database.ExecuteAsync("INSERT INTO idempotency_keys (tenant_id, idem_key, request_hash, status, created_at) VALUES (1, 'k', '', 200, now() - interval '8 days')");
        await database.ExecuteAsync(Old);
        await database.ExecuteAsync("ALTER TABLE idempotency_keys RENAME TO away");
        await purge.RunAsync(Ct);
        (await CountAsync("sync_runs")).ShouldBe(0);

        await database.ExecuteAsync("ALTER TABLE away RENAME TO idempotency_keys");
        await database.ExecuteAsync(Old);
        await purge.RunAsync(Ct);
        (await CountAsync("idempotency_keys")).ShouldBe(0);
        (await CountAsync("sync_runs")).ShouldBe(1, "done for the day");
        clock.Advance(TimeSpan.FromDays(1));
        await purge.RunAsync(Ct);
        (await CountAsync("sync_runs")).ShouldBe(0);

        Task<long> CountAsync(string table) => database.ScalarAsync<long>($"SELECT count(*) FROM {table}");
    }
}
