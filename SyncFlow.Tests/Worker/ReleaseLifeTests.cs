using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Levels whose writes were stopped and that a person releases, end to end: API, worker, and a store that refuses.</summary>
public sealed class ReleaseLifeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task R10_A_level_that_the_store_refused_is_published_and_proven_after_it_was_released()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 10);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(Limit);
        await using var api = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        Refuse(world, true);
        await world.ReceiveAsync([(1, 4), (2, 4)]);
        await StatusAsync(world, 5);
        var level = await world.CountAsync("SELECT level_id FROM listing_levels WHERE status = 5");
        var incident = await world.CountAsync("SELECT incident_id FROM incidents WHERE kind = 'level-blocked' AND closed_at IS NULL");

        // Closing the incident alone brings nothing back, and says so.
        var (closed, told) = await api.PostAsync($"/api/v1/incidents/{incident}/close", new { });
        closed.ShouldBe(HttpStatusCode.OK);
        ((long)told!["levelId"]!).ShouldBe(level);
        ((string)told["release"]!).ShouldBe($"/api/v1/levels/{level}/release");
        await StatusAsync(world, 5);
        Sentences(await ExplainAsync(api, world)).ShouldContain(s => s.Contains("blocked since", StringComparison.Ordinal));

        Refuse(world, false);
        var (status, answer) = await api.PostAsync($"/api/v1/levels/{level}/release", new { reason = "no bundle any more" }, "release-1");
        (status, (string)answer!["status"]!, (int)answer["mayStillSell"]!).ShouldBe((HttpStatusCode.OK, "released", 10));
        await world.QuietAsync(Limit);

        WorkerWorld.Shown(world.B, world.B.Variants[0].Sku).ShouldBe(14);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE status <> 3")).ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM push_levels WHERE level_id = $1 AND outcome = 1 AND to_units = 14 AND verified_at IS NOT NULL", level))
            .ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE closed_at IS NULL")).ShouldBe(0);
        (await world.CountAsync("SELECT count(*) FROM level_history WHERE level_id = $1 AND status = 109 AND cause = 'released by Bootstrap: no bundle any more'", level))
            .ShouldBeGreaterThan(0);
        (await world.CountAsync(
            "SELECT count(*) FROM audit_log WHERE action = 'level-release' AND actor = 'Bootstrap' AND details->>'what' = 'no bundle any more' AND subject = 'listing_levels:' || $1", level))
            .ShouldBe(1);
        Sentences(await ExplainAsync(api, world)).ShouldContain(s => s.Contains("released by Bootstrap: no bundle any more", StringComparison.Ordinal));

        // The same key gives the same answer; without it nothing is stopped any more.
        var again = await api.PostAsync($"/api/v1/levels/{level}/release", new { reason = "no bundle any more" }, "release-1");
        again.Status.ShouldBe(HttpStatusCode.OK);
        again.Body!.ToJsonString().ShouldBe(answer.ToJsonString());
        (await api.PostAsync($"/api/v1/levels/{level}/release", new { reason = "again" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await world.CountAsync("SELECT count(*) FROM audit_log WHERE action = 'level-release'")).ShouldBe(1);
    }

    [Fact]
    public async Task R5_A_halted_level_is_released_closes_its_incident_and_ends_at_its_target()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1);
        await world.GoLiveAsync(SharingMode.Shared);
        await world.QuietAsync(Limit);
        await using var api = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        world.B.Faults = new FaultSettings { NotPersistedRate = 1 };
        var sku = world.A.Variants[0].Sku;
        world.Place(world.A, 5, sku);
        await StatusAsync(world, 4);
        var level = await world.CountAsync("SELECT level_id FROM listing_levels WHERE status = 4");
        WorkerWorld.Shown(world.B, sku).ShouldBe(100);

        (await ReleaseAsync(api, level, " ")).ShouldBe(HttpStatusCode.BadRequest);
        (await ReleaseAsync(api, 987_654)).ShouldBe(HttpStatusCode.NotFound);
        (await ReleaseAsync(api, await world.CountAsync("SELECT level_id FROM listing_levels WHERE connection_id = 1"))).ShouldBe(HttpStatusCode.Conflict);
        await world.Database.ExecuteAsync("UPDATE connections SET status = 6 WHERE connection_id = 2");
        (await ReleaseAsync(api, level)).ShouldBe(HttpStatusCode.Conflict);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'unpersisted-write' AND closed_at IS NULL")).ShouldBe(1);
        await world.Database.ScalarAsync<long>("SELECT setval(pg_get_serial_sequence('tenants', 'tenant_id'), 1)"); // The world numbered its own.
        using (var other = await api.OtherTenantAsync())
        {
            using var body = new StringContent("""{"reason":"mine"}""", System.Text.Encoding.UTF8, "application/json");
            (await other.PostAsync(new Uri($"/api/v1/levels/{level}/release", UriKind.Relative), body)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        await world.Database.ExecuteAsync("UPDATE connections SET status = 3 WHERE connection_id = 2");
        world.B.Faults = new FaultSettings();
        (await ReleaseAsync(api, level)).ShouldBe(HttpStatusCode.OK);
        (await world.CountAsync("SELECT count(*) FROM incidents WHERE kind = 'unpersisted-write' AND closed_at IS NULL")).ShouldBe(0);
        await world.QuietAsync(Limit);
        WorkerWorld.Shown(world.B, sku).ShouldBe(95);
        (await world.CountAsync("SELECT count(*) FROM listing_levels WHERE status <> 3")).ShouldBe(0);
    }

    private static async Task<HttpStatusCode> ReleaseAsync(ApiApp api, long level, string reason = "the other application is gone") =>
        (await api.PostAsync($"/api/v1/levels/{level}/release", new { reason })).Status;

    private static Task<JsonNode> ExplainAsync(ApiApp api, WorkerWorld world) =>
        api.GetAsync($"/api/v1/stock/{Uri.EscapeDataString(world.B.Variants[0].Sku!)}/explain?format=json");

    private static List<string> Sentences(JsonNode explained) => [.. explained["why"]!.AsArray().Select(s => (string)s!)];

    private static Task StatusAsync(WorkerWorld world, short status) => Waits.UntilAsync(
        async () => await world.CountAsync("SELECT count(*) FROM listing_levels WHERE connection_id = 2 AND status = $1", status) == 1,
        $"one level of status {status}", Limit);

    /// <summary>B's first item is a bundle, which cannot be set, or none any more.</summary>
    private static void Refuse(WorkerWorld world, bool on)
    {
        lock (world.B.Gate)
        {
            world.B.Variants[0].IsBundleParent = on;
        }
    }
}
