using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Ledger;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Upkeep;
using Xunit;

namespace SyncFlow.Tests.Worker.Upkeep;

public sealed class LedgerReplayTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Positions_that_are_not_the_replay_of_the_ledger_are_incidents_and_a_repair_puts_them_right()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 5, onHand: 10);
        var replay = Replay(database);
        var clean = await replay.CompareAsync(merchant.Tenant, null, null, Ct);
        (clean.Skus, clean.Positions, clean.Entries, clean.Differing).ShouldBe((5, 5, 5, 0));

        // A wrong sum, a flag that is not the ledger's, a position that vanished, and one nothing stands behind.
        var sku = merchant.Skus.ConvertAll(s => s.Value);
        await database.ExecuteAsync("UPDATE positions SET on_hand = 12, committed = -1 WHERE sku_id = $1", sku[0]);
        await database.ExecuteAsync("UPDATE positions SET opened = false, set_aside = 3 WHERE sku_id = $1", sku[1]);
        await database.ExecuteAsync("DELETE FROM positions WHERE sku_id = $1", sku[2]);
        await database.ExecuteAsync(
            "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) VALUES ($1, $2, 999, 7, true)", merchant.Tenant.Value, sku[3]);

        var found = await replay.CompareAsync(merchant.Tenant, null, null, Ct);
        found.Differing.ShouldBe(4);
        found.Differences.ShouldBe(
            [
                new PositionDifference(merchant.Skus[0], merchant.Location, PositionDifference.Of(Bucket.OnHand), 10, 12),
                new PositionDifference(merchant.Skus[0], merchant.Location, PositionDifference.Of(Bucket.Committed), 0, -1),
                new PositionDifference(merchant.Skus[1], merchant.Location, PositionDifference.Opened, 1, 0),
                new PositionDifference(merchant.Skus[1], merchant.Location, PositionDifference.SetAside, 0, 3),
                new PositionDifference(merchant.Skus[2], merchant.Location, PositionDifference.Of(Bucket.OnHand), 10, 0),
                new PositionDifference(merchant.Skus[2], merchant.Location, PositionDifference.Opened, 1, 0),
                new PositionDifference(merchant.Skus[3], new LocationId(999), PositionDifference.Of(Bucket.OnHand), 0, 7),
                new PositionDifference(merchant.Skus[3], new LocationId(999), PositionDifference.Opened, 0, 1),
            ],
            ignoreOrder: true);
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'position-differs' AND closed_at IS NULL")).ShouldBe(4);
        (await database.ScalarAsync<int>("SELECT on_hand FROM positions WHERE sku_id = $1", sku[0])).ShouldBe(12, "comparing changes nothing");

        (await replay.RepairAsync(merchant.Tenant, found.DifferingSkus, _ => Task.CompletedTask, Ct)).ShouldBe(4);
        (await replay.CompareAsync(merchant.Tenant, null, null, Ct)).Differing.ShouldBe(0);
        (await database.ScalarAsync<int>("SELECT ats_units FROM sku_state WHERE sku_id = $1", sku[0])).ShouldBe(10, "a repaired SKU is planned again");
    }

    [Fact]
    public async Task A_wrong_checkpoint_is_made_again_and_told()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await database.ExecuteAsync(
            """
            INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
            SELECT $1, $2, $3, 1, 1, 9, 'k' || n, '2026-01-01Z', '2026-01-01Z'::timestamptz + make_interval(secs => n) FROM generate_series(1, 1200) n
            """,
            merchant.Tenant.Value, merchant.Skus[0].Value, merchant.Location.Value);
        var job = new CheckpointJob(database.Worker, TimeProvider.System);
        (await job.RunAsync(merchant.Tenant, TimeProvider.System.GetUtcNow(), Ct)).ShouldBe(2);
        (await job.RunAsync(merchant.Tenant, TimeProvider.System.GetUtcNow(), Ct)).ShouldBe(0);
        await database.ExecuteAsync("UPDATE ledger_checkpoints SET entries = 3 WHERE entries = 1000");
        (await Replay(database).CompareAsync(merchant.Tenant, null, null, Ct)).CheckpointsDropped.ShouldBe(1);
        (await database.ScalarAsync<long>("SELECT max(entries) FROM ledger_checkpoints")).ShouldBe(1_000);
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'checkpoint-differs'")).ShouldBe(1);
    }

    private static LedgerReplay Replay(TestDatabase database) =>
        new(new ChannelStore(database.Worker, TimeProvider.System), database.Worker, TimeProvider.System);
}
