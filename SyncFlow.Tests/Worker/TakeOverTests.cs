using System.Diagnostics;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Two real workers and one connection: one of them dies.</summary>
public sealed class TakeOverTests(PostgresFixture postgres, RedisFixture redis)
{
    /// <summary>What the connection's users notice at most.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_other_worker_publishes_within_ten_seconds_of_a_kill()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stores: 1, worker: false);
        await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);
        using var one = WorkerProcess.Start(world.Settings());
        using var two = WorkerProcess.Start(world.Settings());
        await world.ReceiveAsync([(1, -1)]);
        await BeliefAsync(world, 99, TimeSpan.FromSeconds(60));
        await Waits.UntilAsync(() => IsSharedAsync(world), "the connection is with the worker whose share it is", TimeSpan.FromSeconds(60));
        var holder = (await OwnerAsync(world)).Contains($"/{one.Id}/", StringComparison.Ordinal) ? one : two;
        var epoch = await world.CountAsync("SELECT lease_epoch FROM connection_runtime");

        var watch = Stopwatch.StartNew();
        await holder.KillAsync();
        await world.ReceiveAsync([(1, -1)]);
        await BeliefAsync(world, 98, TimeSpan.FromSeconds(60));
        watch.Elapsed.ShouldBeLessThan(Limit);
        (await world.CountAsync("SELECT lease_epoch FROM connection_runtime")).ShouldBe(epoch + 1);
        (await OwnerAsync(world)).ShouldContain($"/{(holder == one ? two : one).Id}/");
    }

    [Fact]
    public void A_lease_and_one_more_question_fit_into_the_limit() =>
        (LeaseMachine.Ttl + LeaseMachine.Beat).ShouldBeLessThan(Limit - TimeSpan.FromSeconds(1));

    /// <summary>Two live, and the lease is held by the one that has it for as long as both do.</summary>
    private static async Task<bool> IsSharedAsync(WorkerWorld world)
    {
        var workers = await world.Database.ScalarAsync<string[]>("SELECT coalesce(array_agg(worker), '{}') FROM workers WHERE seen_until > clock_timestamp()");
        return workers.Length == 2 && await world.CountAsync("SELECT count(*) FROM connection_runtime WHERE lease_until > clock_timestamp()") == 1
            && await OwnerAsync(world) == $"{LeaseShares.Of(new ConnectionId(1), workers)}/1";
    }

    private static Task<string> OwnerAsync(WorkerWorld world) =>
        world.Database.ScalarAsync<string>("SELECT lease_owner FROM connection_runtime");

    private static Task BeliefAsync(WorkerWorld world, int units, TimeSpan limit) => Waits.UntilAsync(
        async () => await world.CountAsync("SELECT belief::bigint FROM listing_levels") == units, $"belief {units}", limit);
}
