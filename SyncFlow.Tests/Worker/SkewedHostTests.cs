using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.ServiceDefaults.Clock;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>
/// Two workers one after the other, on hosts whose clocks are five minutes off, each the other way. The first one's push has
/// neither been answered nor carried out when the second takes over, and may arrive for ten minutes.
/// </summary>
public sealed class SkewedHostTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string InFlight = "SELECT count(*) FROM listing_levels WHERE sku_id = 1 AND in_flight_push IS NOT NULL AND belief = 100";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(-5)]
    [InlineData(5)]
    public async Task What_may_still_arrive_is_settled_by_no_reading_wherever_the_hosts_clocks_are_set(int minutes)
    {
        await using var world = await LosePushAsync(services => services.AddSingleton(new DatabaseClock(Host(minutes))));
        await world.StartWorkerAsync(services => services.AddSingleton(new DatabaseClock(Host(-minutes))));
        for (var reading = 0; reading < 3; reading++)
        {
            await world.Database.ExecuteAsync("UPDATE listing_levels SET needs_reading = true WHERE sku_id = 2");
            await Waits.UntilAsync(
                async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE sku_id = 2 AND NOT needs_reading") == 1,
                "a reading of the other level", Limit);
        }

        (await world.CountAsync(InFlight)).ShouldBe(1, "what can be read is read, and nothing is concluded of what cannot");
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(1);
        (await world.Database.ScalarAsync<double>(
            "SELECT extract(epoch FROM in_flight_deadline - clock_timestamp())::float8 / 60 FROM listing_levels WHERE sku_id = 1"))
            .ShouldBeInRange(8, 10, "it will be once it can arrive no more");
    }

    [Fact]
    public async Task By_the_hosts_own_clocks_it_would_be_settled_and_written_again_while_it_may_arrive()
    {
        await using var world = await LosePushAsync(services => services.AddSingleton<TimeProvider>(Host(-5)));
        await world.StartWorkerAsync(services => services.AddSingleton<TimeProvider>(Host(5)));
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE sku_id = 1 AND in_flight_push IS NULL AND belief = 95") == 1,
            "a second push, acknowledged", Limit);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(2);
        (await world.CountAsync("SELECT count(*) FROM pushes WHERE planned_at < clock_timestamp() - interval '4 minutes'")).ShouldBe(1, "the first one's ten minutes began just now");
    }

    /// <summary>A world of two levels, in which one worker has lost the answer to a write, and is gone.</summary>
    private async Task<WorkerWorld> LosePushAsync(Action<IServiceCollection> clock)
    {
        var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stores: 1, worker: false);
        try
        {
            await LiveStore.SeedAsync(world, world.A, 1, SharingMode.Shared);
            await world.Database.ExecuteAsync("UPDATE connections SET deduplicates = false");
            await world.StartWorkerAsync(clock);
            await Waits.UntilAsync(() => world.A.Subscriptions.Count > 20, "subscriptions");
            world.A.Faults = new FaultSettings { LostAnswerRate = 1, NotPersistedRate = 1 };
            await world.ReceiveAsync([(1, -5)]);

            // Taken in on a slow host as well: a worker on such a one would leave it for minutes.
            await world.Database.ExecuteAsync("UPDATE inbox SET next_attempt_at = next_attempt_at - interval '10 minutes'");
            await Waits.UntilAsync(
                async () => await world.CountAsync("SELECT count(*) FROM pushes WHERE state = 3") == 1, "a write without an answer", Limit);
            world.A.Faults = new FaultSettings();
            await world.StopWorkerAsync();
            (await world.CountAsync(InFlight)).ShouldBe(1);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    private static ShiftedClock Host(int minutes) => new(TimeSpan.FromMinutes(minutes));
}
