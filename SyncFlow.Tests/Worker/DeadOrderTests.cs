using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>An order that can be applied neither from its webhook nor from the fetch: what it took is known to nobody.</summary>
public sealed class DeadOrderTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_an_order_is_dead_the_readings_of_its_store_prove_nothing_and_those_of_others_do()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 20);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(Limit);
        await PoisonAsync(world);
        var shown = WorkerWorld.Shown(world.B, world.B.Variants[0].Sku);
        world.Place(world.B, 3, world.B.Variants[0].Sku);
        await Waits.UntilAsync(
            async () =>
            {
                // Attempts take minutes; the last one is due at once.
                await world.Database.ExecuteAsync("UPDATE inbox SET attempts = 4, next_attempt_at = received_at WHERE state = 0 AND attempts > 0 AND attempts < 4");
                return await world.CountAsync("SELECT count(*) FROM inbox WHERE state = 2 AND topic = 'fetch'") == 1
                    && await world.CountAsync(InDoubt, 2) == 1;
            },
            "the fetched order is dead, and its units are in doubt", Limit);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE incident_key = 'dead-letter:2' AND closed_at IS NULL")).ShouldBe(1);

        // The other store's levels are read exactly, twice; this one's are tried as often.
        var readings = await world.CountAsync(Exact, 2);
        await world.RunAsync("verify", 1);
        await world.RunAsync("verify", 1);
        await Task.Delay(TimeSpan.FromSeconds(3), Ct);
        (await world.CountAsync(InDoubt, 2)).ShouldBe(1, "what the order took is not put on sale again");
        (await world.CountAsync(Exact, 2)).ShouldBe(readings);
        WorkerWorld.Shown(world.A, world.A.Variants[0].Sku).ShouldBeLessThanOrEqualTo(20 - shown);

        await world.Database.ExecuteAsync("DROP TRIGGER poison ON orders");
        await using (var session = await StorageSession.OpenAsync(world.Database.Worker, new(WorkerWorld.Tenant), Ct))
        {
            var dead = await DeadLetterStore.ListAsync(session, null, 10, Ct);
            await new DeadLetterStore(TimeProvider.System).ReplayAsync(session, [.. dead.Select(l => l.Key.EventId)], Ct);
            await session.CommitAsync(Ct);
        }

        await world.QuietAsync(Limit);
        (await world.CountAsync("SELECT sum(committed)::bigint FROM positions")).ShouldBe(3);
    }

    private const string InDoubt = "SELECT count(*) FROM listing_levels WHERE connection_id = $1 AND (suspense > 0 OR unverified_units > 0 OR needs_reading)";

    /// <summary>Readings of the store's levels that were stored.</summary>
    private const string Exact = "SELECT count(*) FROM inbox WHERE connection_id = $1 AND topic = 'read'";

    /// <summary>No order of the second store can be written from now on.</summary>
    private static async Task PoisonAsync(WorkerWorld world)
    {
        await world.Database.ExecuteAsync(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE check_violation USING MESSAGE = 'poison'; END $$");
        await world.Database.ExecuteAsync(
            "CREATE TRIGGER poison BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.connection_id = 2) EXECUTE FUNCTION poison()");
    }
}
