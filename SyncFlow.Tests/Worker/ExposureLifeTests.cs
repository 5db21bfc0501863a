using System.Net;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Exposure in guard that nothing takes away is an incident, end to end, until it is gone.</summary>
public sealed class ExposureLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Open = "SELECT count(*) FROM incidents WHERE kind = 'exposure' AND incident_key = 'exposure:1' AND sku_id = 1 AND closed_at IS NULL";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task I3_Units_lost_while_a_store_refuses_to_be_lowered_are_alarmed_until_it_was_released()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 10);
        await world.GoLiveAsync(SharingMode.Guard);
        await world.QuietAsync(Limit);
        await using var api = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        var shown = WorkerWorld.Shown(world.B, world.B.Variants[0].Sku);
        shown.ShouldBe(5);
        Refuse(world, true);

        // The first loss is borne by the other store; the second is more than it shows.
        await world.ReceiveAsync([(1, -4)]);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE status = 5") == 1, "a blocked level", Limit);
        await Waits.UntilAsync(() => world.Database.ScalarAsync<bool>("SELECT exposure_units = 0 FROM sku_state"), "the other store lowered", Limit);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'exposure'")).ShouldBe(0);
        await world.ReceiveAsync([(1, -3)]);
        await Waits.UntilAsync(async () => await world.CountAsync(Open) == 1, "the alarm", Limit);
        (await world.Database.ScalarAsync<string>("SELECT message FROM incidents WHERE kind = 'exposure'")).ShouldSatisfyAllConditions(
            m => m.ShouldStartWith("2 units could be sold that do not exist"), m => m.ShouldContain("3 by receipt:"), m => m.ShouldContain("are stopped"));
        (await world.CountAsync("SELECT exposed_alarmed::bigint FROM sku_state")).ShouldBe(2);

        Refuse(world, false);
        var level = await world.CountAsync("SELECT level_id FROM listing_levels WHERE status = 5");
        (await api.PostAsync($"/api/v1/levels/{level}/release", new { reason = "no bundle any more" })).Status.ShouldBe(HttpStatusCode.OK);
        await world.QuietAsync(Limit);
        await Waits.UntilAsync(async () => await world.CountAsync(Open) == 0, "the end of the alarm", Limit);
        (await world.CountAsync("SELECT count(*) FROM sku_state WHERE exposed_since IS NULL AND exposed_alarmed = 0 AND exposure_units = 0")).ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'exposure'")).ShouldBe(1, "told once");
    }

    /// <summary>B's item is a bundle, which cannot be set, or none any more.</summary>
    private static void Refuse(WorkerWorld world, bool on)
    {
        lock (world.B.Gate)
        {
            world.B.Variants[0].IsBundleParent = on;
        }
    }
}
