using Shouldly;
using SyncFlow.Core.Engine;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Connections;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker.Tokens;

/// <summary>Expiring access in the whole worker, against the sandbox's Shopify.</summary>
public sealed class ExpiringAccessTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Access_that_ends_while_the_store_is_live_is_renewed_once_and_the_store_goes_on()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.GoLiveAsync();
        await GiveExpiringAsync(world, world.B, 2);
        await world.QuietAsync(Limit);

        // Sooner than it said: the shop refuses it, and every part of the connection's work finds out at the same moment.
        lock (world.B.Gate)
        {
            world.B.Access.Current = world.B.Access.Current! with { AccessEnds = TimeProvider.System.GetUtcNow() };
        }

        world.Place(world.A, 3, world.A.Variants[0].Sku);
        await Waits.UntilAsync(() => Task.FromResult(WorkerWorld.Shown(world.B, world.A.Variants[0].Sku) == 97), "the sale reaches B", Limit);
        (await world.CountAsync("SELECT token_refreshes FROM connections WHERE connection_id = 2")).ShouldBe(1);
        world.Sandbox.World.Stats["tokens.refreshed"].ShouldBe(1);
        (await world.CountAsync("SELECT status::bigint FROM connections WHERE connection_id = 2")).ShouldBe((long)ConnectionStatus.Live);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE closed_at IS NULL")).ShouldBe(0);
    }

    [Fact]
    public async Task C24_Revoked_access_that_a_refresh_does_not_cure_suspends_after_one_try_and_nobody_is_raised()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.GoLiveAsync();
        await GiveExpiringAsync(world, world.B, 2);
        await world.QuietAsync(Limit);
        var shown = WorkerWorld.Shown(world.A, world.A.Variants[0].Sku);
        world.B.Faults = world.B.Faults with { TokenRevoked = true };
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT status::bigint FROM connections WHERE connection_id = 2") == (long)ConnectionStatus.Suspended,
            "suspended", Limit);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken); // Calls that were on their way end.
        var (calls, tokenCalls) = (world.Sandbox.World.Stats["apiCalls.401"], world.Sandbox.World.Stats["tokenCalls"]);
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        (world.Sandbox.World.Stats["apiCalls.401"], world.Sandbox.World.Stats["tokenCalls"]).ShouldBe((calls, tokenCalls), "0 more calls");
        tokenCalls.ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'connection-suspended'")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM inbox WHERE state = 2")).ShouldBe(0, "no dead letters");
        WorkerWorld.Shown(world.A, world.A.Variants[0].Sku).ShouldBe(shown, "nobody is raised from its share");
    }

    [Fact]
    public async Task A_scope_that_is_taken_away_opens_an_incident_and_closes_it_when_it_is_back()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.GoLiveAsync();
        string[] all = [.. world.B.Scopes];
        await world.Sandbox.PutScopesAsync(world.B, [.. all.Where(scope => scope != "read_locations")]);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'scopes-missing' AND closed_at IS NULL") == 1, "the incident", Limit);
        (await world.Database.ScalarAsync<string>("SELECT scopes FROM connections WHERE connection_id = 2")).ShouldNotContain("read_locations");
        await world.Sandbox.PutScopesAsync(world.B, all);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'scopes-missing' AND closed_at IS NULL") == 0, "it closes", Limit);
    }

    /// <summary>Gives a connection an expiring pair, as an install does.</summary>
    private static async Task GiveExpiringAsync(WorkerWorld world, Shop shop, long connection)
    {
        AppTokenPair pair;
        lock (shop.Gate)
        {
            pair = shop.Access.Issue(TimeProvider.System.GetUtcNow(), () => $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
        }

        await world.SetTokenAsync(connection, new ChannelCredential(pair.Access, pair.Refresh, pair.AccessEnds, pair.RefreshEnds).ToText());
        await world.Database.ExecuteAsync(
            "UPDATE connections SET token_expires_at = $2, refresh_expires_at = $3 WHERE connection_id = $1", connection, pair.AccessEnds, pair.RefreshEnds);
    }
}
