using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about writing levels, end to end: what is refused, what is lost, what is written first.</summary>
public sealed class WritingCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    /// <summary>Before this version a pair has to be stocked before it can be set.</summary>
    private const string Demanding = "2026-07";

    [Fact]
    public async Task C16_A_level_that_is_not_stocked_is_stocked_once_and_then_published()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 10, apiVersion: Demanding);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        Unstock(world);
        var before = world.Sandbox.World.Stats["activations"];
        await world.ReceiveAsync([(1, 4), (2, 4)]);

        await world.QuietAsync(QuietLimit);
        world.Sandbox.World.Stats["activations"].ShouldBe(before + 1);
        world.B.Variants.Select(v => WorkerWorld.Shown(world.B, v.Sku)).ShouldBe([14, 14]);
        (await world.CountAsync("SELECT count(*) FROM incidents")).ShouldBe(0);
    }

    [Fact]
    public async Task C16_A_level_that_a_fulfilment_service_holds_is_blocked_after_one_attempt()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 10, apiVersion: Demanding);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(QuietLimit);
        Unstock(world);
        lock (world.B.Gate)
        {
            world.B.Variants[0].HeldByService = true;
        }

        var before = world.Sandbox.World.Stats["activations"];
        await world.ReceiveAsync([(1, 4), (2, 4)]);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND status = 5") == 1, "a blocked level");
        var tries = await world.CountAsync("SELECT count(*) FROM push_levels");
        await world.ReceiveAsync([(1, 1)]);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE belief = 15") == 1, "the other store's level");
        await Task.Delay(TimeSpan.FromSeconds(2));

        world.Sandbox.World.Stats["activations"].ShouldBe(before + 1);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE outcome = 4")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM push_levels p JOIN listing_levels l USING (tenant_id, level_id) WHERE l.status = 5 AND p.outcome IS DISTINCT FROM 1"))
            .ShouldBe(1, "one refused write and no other");
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'level-blocked' AND times = 1")).ShouldBe(1);
        WorkerWorld.Shown(world.B, world.B.Variants[1].Sku).ShouldBe(14, "its neighbour is not held up");
        tries.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task C23_Five_changes_of_five_thousand_levels_are_twenty_writes_decreases_and_low_stock_first()
    {
        const int levels = 5_000;
        await using var world = await WorkerWorld.StartAsync(postgres, redis, levels, stock: 5_000, stores: 1, worker: false);
        await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);

        // Somebody else holds the lease, so facts are applied and nothing is published until it is given back.
        await world.Database.ExecuteAsync("UPDATE connection_runtime SET lease_owner = 'another', lease_epoch = 1, lease_until = now() + interval '1 hour'");
        await world.StartWorkerAsync();
        for (var change = 0; change < 5; change++)
        {
            // Odd ones rise by 1 to 5 in all; even ones fall, the higher the number the lower they end.
            await world.ReceiveAsync(Enumerable.Range(1, levels).Select(n => ((long)n, n % 2 == 1 ? 1 : -(n / 10) - 1)));
        }

        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 0)"), "an empty inbox", TimeSpan.FromSeconds(120));
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE wants_push")).ShouldBe(levels);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(0);

        var calls = world.Sandbox.World.Stats["sets"];
        await world.Database.ExecuteAsync("UPDATE connection_runtime SET lease_until = now()");
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM listing_levels WHERE belief IS DISTINCT FROM target)"),
            "every level at its target", TimeSpan.FromSeconds(120));

        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(20);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE changes = 5")).ShouldBe(levels, "each carries all five changes");
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE to_units <> 5000 + CASE WHEN sku_id % 2 = 1 THEN 5 ELSE -5 * (sku_id / 10 + 1) END")).ShouldBe(0);
        (await world.CountAsync(InOrder)).ShouldBe(0, "no push holds a level that should have come before one of an earlier push");
        world.Sandbox.World.Stats["sets"].ShouldBe(calls + 20, "the shop saw as many");
        WorkerWorld.Shown(world.A, world.A.Variants[levels - 1].Sku).ShouldBe(5_000 - (5 * 501));
    }

    /// <summary>Pairs of pushes in the order of their planning where the later one holds something more urgent.</summary>
    private const string InOrder =
        """
        WITH p AS (
          SELECT planned_at, push_id, min((to_units > from_units)::int * 100000 + to_units) AS first, max((to_units > from_units)::int * 100000 + to_units) AS last
          FROM pushes JOIN push_levels USING (tenant_id, push_id, planned_at) GROUP BY planned_at, push_id)
        SELECT count(*) FROM p a JOIN p b ON (a.planned_at, a.push_id) < (b.planned_at, b.push_id) WHERE b.first < a.last
        """;

    [Fact]
    public async Task C29_A_worker_killed_between_the_write_and_its_record_leaves_a_write_that_happened_once()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stores: 1, worker: false);
        await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);
        world.A.Faults = new FaultSettings { HoldSetAnswers = true };
        using (var doomed = WorkerProcess.Start(world.Settings()))
        {
            await world.ReceiveAsync([(1, -5)]);
            await Waits.UntilAsync(() => world.Sandbox.World.Stats["answersHeld"] == 1, "a write whose answer is held back", QuietLimit);
            await doomed.KillAsync();
        }

        var sku = world.A.Variants[0].Sku;
        WorkerWorld.Shown(world.A, sku).ShouldBe(95, "it was carried out");
        (await world.CountAsync("SELECT belief::bigint FROM listing_levels")).ShouldBe(100, "and nobody knows");
        (await world.CountAsync("SELECT in_flight_to::bigint FROM listing_levels")).ShouldBe(95, "both outcomes are counted");

        // An order meanwhile makes a second application visible: it would be stale, or put units back.
        world.A.Faults = new FaultSettings();
        world.Place(world.A, 2, sku);
        using var heir = WorkerProcess.Start(world.Settings());
        await world.QuietAsync(QuietLimit);
        WorkerWorld.Shown(world.A, sku).ShouldBe(93);
        (await world.CountAsync("SELECT (on_hand - committed)::bigint FROM positions")).ShouldBe(93);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE state = 2")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM drift_cases")).ShouldBe(0);
    }

    [Fact]
    public async Task C29_Where_keys_are_not_proven_a_reading_after_the_deadline_tells_what_came_of_it()
    {
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var driver = new ClockDriver(clock);
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stores: 1, clock: clock, worker: false);
        await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);
        await world.Database.ExecuteAsync("UPDATE connections SET deduplicates = false");
        await world.StartWorkerAsync();
        await Waits.UntilAsync(() => world.A.Subscriptions.Count > 20, "subscriptions");
        world.A.Faults = new FaultSettings { LostAnswerRate = 1 };
        await world.ReceiveAsync([(1, -5)]);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM pushes WHERE state = 3") == 1, "a write without an answer", QuietLimit);
        world.A.Faults = new FaultSettings();

        await driver.PassAsync(TimeSpan.FromMinutes(9), faster: 30);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE in_flight_push IS NOT NULL AND belief = 100")).ShouldBe(1, "it could still arrive");
        await driver.PassAsync(TimeSpan.FromMinutes(2), faster: 30);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT belief::bigint FROM listing_levels")).ShouldBe(95);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(1, "it is not said a second time");
        WorkerWorld.Shown(world.A, world.A.Variants[0].Sku).ShouldBe(95);
    }

    /// <summary>B does not stock its first item any more; what it showed is remembered.</summary>
    private static void Unstock(WorkerWorld world)
    {
        lock (world.B.Gate)
        {
            WorkerWorld.LevelOf(world.B).IsActive = false;
        }
    }
}
