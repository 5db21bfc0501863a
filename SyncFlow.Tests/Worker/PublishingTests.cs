using Shouldly;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class PublishingTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_order_on_one_store_lowers_the_other_and_then_nothing_is_written()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 5);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        var sku = world.A.Variants[0].Sku;
        var before = WorkerWorld.Shown(world.B, sku);

        world.Place(world.A, 3, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) < before, "a lower level on the other store");

        await world.QuietAsync(QuietLimit);
        WorkerWorld.Shown(world.B, sku).ShouldBe(97);
        WorkerWorld.Shown(world.A, sku).ShouldBe(97);
        var pushes = await world.CountAsync("SELECT count(*) FROM pushes");
        await Task.Delay(1_500);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(pushes, "after quiescence nothing is written");
    }

    [Fact]
    public async Task A_burst_on_many_levels_is_full_pushes_of_the_last_values()
    {
        const int skus = 1_000;
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus);
        await world.GoLiveAsync();
        await world.QuietAsync(TimeSpan.FromSeconds(120));
        await world.Database.ExecuteAsync("UPDATE connections SET status = 4 WHERE connection_id = 1");
        await world.StopWorkerAsync();
        var before = await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2");
        var ids = Enumerable.Range(0, skus).ToList();
        for (var change = 0; change < 5; change++)
        {
            await world.ReceiveAsync(ids.Select(i => ((long)i + 1, 10)));
        }

        // All changes are applied before anything is published: the connection is paused meanwhile.
        await world.Database.ExecuteAsync("UPDATE connections SET status = 4 WHERE connection_id = 2");
        await world.StartWorkerAsync();
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 0)"), "an empty inbox", QuietLimit);
        await world.Database.ExecuteAsync("UPDATE connections SET status = 3 WHERE connection_id = 2");
        await world.RunAsync("replan", 2);
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>(
                "SELECT NOT EXISTS (SELECT FROM listing_levels WHERE connection_id = 2 AND belief IS DISTINCT FROM 150)"),
            "all levels at 150", QuietLimit);

        var made = await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2") - before;
        made.ShouldBeInRange(skus / 250, (skus / 250) + 2);
        WorkerWorld.Shown(world.B, world.B.Variants[7].Sku).ShouldBe(150);
    }

    [Fact]
    public async Task A_stale_compare_is_attributed_and_ends_at_the_right_number()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 10);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        var sku = world.B.Variants[0].Sku;

        // B sells and tells nobody; then units arrive, so that the next push compares with what is not there.
        world.B.Faults = new FaultSettings { WebhookDropRate = 1 };
        world.Place(world.B, WorkerWorld.Shown(world.B, sku) >= 3 ? 3 : 1, sku);
        var sold = 10 - world.Sandbox.World.Truth.All().Single(t => t.Sku == sku).Remaining;
        var id = await world.CountAsync("SELECT sku_id FROM skus WHERE code = $1", sku);
        await world.ReceiveAsync([(id, 4)]);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM push_levels WHERE outcome = 2") > 0, "a stale push");
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions WHERE sku_id = $1", id)).ShouldBe(14 - sold);
        (await world.CountAsync("SELECT sum(belief)::bigint FROM listing_levels WHERE sku_id = $1", id))
            .ShouldBe(WorkerWorld.Shown(world.A, sku) + WorkerWorld.Shown(world.B, sku));
    }

    [Fact]
    public async Task A_write_that_is_not_kept_is_said_again_and_halted_after_three()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        world.B.Faults = new FaultSettings { NotPersistedRate = 1 };
        world.Place(world.A, 5, world.A.Variants[0].Sku);

        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND status = 4") == 1,
            "a halted level", TimeSpan.FromSeconds(60));
        (await world.CountAsync("SELECT count(*) FROM drift_cases WHERE class = 1")).ShouldBe(3);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'unpersisted-write' AND closed_at IS NULL")).ShouldBe(1);
    }

    [Fact]
    public async Task A_repeated_push_that_is_refused_says_nothing_of_the_one_before_it()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        world.B.Faults = new FaultSettings { LostAnswerRate = 1 };
        var sku = world.A.Variants[0].Sku;
        world.Place(world.A, 5, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 95, "the write whose answer is lost");
        world.B.Faults = new FaultSettings { Locked = true };

        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2 AND state = 3") == 1,
            "a push without an answer", QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND in_flight_push IS NOT NULL"))
            .ShouldBe(1, "the first request was carried out, and nobody knows");
    }

    [Fact]
    public async Task A_push_whose_answer_died_with_the_worker_is_carried_out_once()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        (await world.Database.ScalarAsync<bool>("SELECT deduplicates FROM connections WHERE connection_id = 2")).ShouldBeTrue();
        world.B.Faults = new FaultSettings { LostAnswerRate = 1 };
        var sku = world.A.Variants[0].Sku;
        world.Place(world.A, 5, sku);
        await Waits.UntilAsync(() => WorkerWorld.Shown(world.B, sku) == 95, "the write whose answer is lost");
        await world.StopWorkerAsync();
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE connection_id = 2 AND state <> 2")).ShouldBe(1);

        world.B.Faults = new FaultSettings();
        world.Place(world.B, 2, sku);
        await world.StartWorkerAsync();
        await world.QuietAsync(QuietLimit);
        WorkerWorld.Shown(world.B, sku).ShouldBe(93);
        WorkerWorld.Shown(world.A, sku).ShouldBe(93);
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE state <> 2")).ShouldBe(0);
    }

    [Fact]
    public async Task A_refused_token_suspends_the_connection_and_no_call_follows()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2);
        await world.GoLiveAsync();
        await world.QuietAsync(QuietLimit);
        world.B.Faults = new FaultSettings { TokenRevoked = true };
        world.Place(world.A, 5, world.A.Variants[0].Sku);
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT status = 5 FROM connections WHERE connection_id = 2"), "a suspended connection");
        await Task.Delay(1_500);
        var refused = world.Sandbox.World.Stats["apiCalls.401"];
        await Task.Delay(2_500);
        world.Sandbox.World.Stats["apiCalls.401"].ShouldBe(refused);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'connection-suspended' AND closed_at IS NULL")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE in_flight_push IS NOT NULL")).ShouldBe(0);
    }
}
