using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Tests.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>Numbered cases about rules and kits, end to end: API, database, Redis, worker and stores over HTTP.</summary>
public sealed class AllocationCases(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task C40_What_a_preview_tells_is_exactly_what_is_written_with_a_channel_down_meanwhile()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 100, stores: 3);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await world.GoLiveAsync(SharingMode.Guard);
        await PutAsync(app, "/api/v1/policies/allocation/tenant", Percents(60, 25, 15));
        await UntilAsync(world, (60, 25, 15));

        // Nobody publishes to the third store: another worker holds its lease and is gone.
        await world.Database.ExecuteAsync(
            "UPDATE connection_runtime SET lease_owner = 'gone', lease_epoch = lease_epoch + 1, lease_until = now() + interval '1 hour' WHERE connection_id = 3");
        var (_, preview) = await PutAsync(app, "/api/v1/policies/allocation/tenant?preview=true", Percents(40, 20, 40));
        var told = preview!["writes"]!["items"]!.AsArray().Select(Write).ToList();
        told.Select(w => (w.Connection, w.From, w.To, w.Step)).Distinct().ShouldBe([(1, 60, 40, 1), (2, 25, 20, 1), (3, 15, 40, 2)], ignoreOrder: true);
        ((int)preview["writes"]!["total"]!).ShouldBe(6);
        (await world.CountAsync("SELECT max(version)::bigint FROM allocation_policies")).ShouldBe(1, "a preview sets nothing");

        var since = await world.Database.ScalarAsync<DateTime>("SELECT now()");
        await PutAsync(app, "/api/v1/policies/allocation/tenant", Percents(40, 20, 40));
        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>(
                "SELECT count(*) = 4 AND bool_and(belief = target AND unverified_units = 0) FROM listing_levels WHERE connection_id < 3 AND target IN (40, 20)"),
            "both decreases proven", QuietLimit);
        (await world.CountAsync("SELECT max(belief)::bigint FROM listing_levels WHERE connection_id = 3")).ShouldBe(15, "the increase waits");
        await world.Database.ExecuteAsync("UPDATE connection_runtime SET lease_until = now() WHERE connection_id = 3");
        await UntilAsync(world, (40, 20, 40));
        await world.QuietAsync(QuietLimit);

        var written = await world.Database.ScalarAsync<string[]>(
            """
            SELECT array_agg(format('%s %s %s %s', l.level_id, p.connection_id, l.from_units, l.to_units))
            FROM push_levels l JOIN pushes p USING (tenant_id, push_id) WHERE p.planned_at >= $1
            """,
            since);
        written.ShouldBe(told.Select(w => $"{w.Level} {w.Connection} {w.From} {w.To}"), ignoreOrder: true);
    }

    [Fact]
    public async Task C40_Buffers_and_a_groups_policy_are_written_as_their_previews_told_and_in_their_order()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 2, stock: 100, stores: 3);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await world.GoLiveAsync(SharingMode.Guard);
        await PutAsync(app, "/api/v1/policies/allocation/tenant", Percents(60, 25, 15));
        await UntilAsync(world, (60, 25, 15));

        var buffers = new { tiers = new[] { new { name = "all", from = 0, units = 20 } } };
        await AsToldAsync(world, app, "/api/v1/policies/buffers", buffers, writes: 6, steps: 1);
        await UntilAsync(world, (48, 20, 12));

        var sku = world.A.Variants[0].Sku;
        (await app.PostAsync("/api/v1/sku-groups", new { code = "G", name = "G" })).Status.ShouldBe(HttpStatusCode.Created);
        (await app.PostAsync("/api/v1/sku-groups/G/members", new { add = new[] { sku } })).Status.ShouldBe(HttpStatusCode.OK);
        await AsToldAsync(world, app, "/api/v1/policies/allocation/groups/G", Percents(20, 20, 60), writes: 3, steps: 2);
        (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku), WorkerWorld.Shown(world.Sandbox.World.Shops[2], sku)).ShouldBe((16, 16, 48));
    }

    /// <summary>Looks at a change, makes it, and compares what was written with what was told.</summary>
    private static async Task AsToldAsync(WorkerWorld world, ApiApp app, string path, object body, int writes, int steps)
    {
        var (_, preview) = await PutAsync(app, path + "?preview=true", body);
        var told = preview!["writes"]!["items"]!.AsArray().Select(Write).ToList();
        (told.Count, told.Max(w => w.Step)).ShouldBe((writes, steps), preview.ToJsonString());
        var since = await world.Database.ScalarAsync<DateTime>("SELECT now()");
        var (status, set) = await PutAsync(app, path, body);
        status.ShouldBe(HttpStatusCode.OK, set?.ToJsonString());
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM push_levels l JOIN pushes p USING (tenant_id, push_id) WHERE p.planned_at >= $1", since) >= writes,
            "all of it to be written", QuietLimit);
        await world.QuietAsync(QuietLimit);

        var written = await world.Database.ScalarAsync<string[]>(
            """
            SELECT array_agg(format('%s %s %s', l.level_id, l.from_units, l.to_units) ORDER BY p.planned_at)
            FROM push_levels l JOIN pushes p USING (tenant_id, push_id) WHERE p.planned_at >= $1
            """,
            since);
        var firsts = told.Where(w => w.Step == 1).Select(w => $"{w.Level} {w.From} {w.To}").ToList();
        written.Take(firsts.Count).ShouldBe(firsts, ignoreOrder: true, customMessage: "at once");

        // What waits for several decreases may rise in parts, each as far as they are proven: together what was told.
        foreach (var rise in told.Where(w => w.Step > 1))
        {
            var parts = written.Skip(firsts.Count).Select(w => w.Split(' ').Select(long.Parse).ToArray()).Where(w => w[0] == rise.Level).ToList();
            (parts[0][1], parts[^1][2]).ShouldBe((rise.From, rise.To));
            parts.Zip(parts.Skip(1)).ShouldAllBe(pair => pair.First[2] == pair.Second[1] && pair.First[1] < pair.First[2] && pair.Second[1] < pair.Second[2]);
        }

        written.Skip(firsts.Count).Select(w => long.Parse(w.Split(' ')[0])).Except(told.Where(w => w.Step > 1).Select(w => w.Level)).ShouldBeEmpty("nothing else was written");
    }

    [Fact]
    public async Task C32_Seven_are_four_two_one_and_the_last_one_is_the_first_stores()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stock: 7, stores: 3);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await world.GoLiveAsync(SharingMode.Guard);
        await PutAsync(app, "/api/v1/policies/allocation/tenant", Percents(60, 25, 15));
        await UntilAsync(world, (4, 2, 1));
        await world.ReceiveAsync([(1, -6)]);
        await UntilAsync(world, (1, 0, 0));

        // The same again from the ledger alone, and nothing is written: the rounding is the same.
        await world.QuietAsync(QuietLimit);
        var pushes = await world.CountAsync("SELECT count(*) FROM pushes");
        await world.RunAsync("replan", 1);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT count(*) FROM pushes")).ShouldBe(pushes);
        await world.ReceiveAsync([(1, 6)]);
        await UntilAsync(world, (4, 2, 1));
    }

    [Fact]
    public async Task C22_A_kit_is_sold_and_reserved_and_its_parts_are_never_promised_twice()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 3, stock: 20, stores: 1);
        await using var app = await ApiApp.StartAsync(world.Database.ConnectionString, await redis.ConfigurationAsync());
        await world.RunAsync("import", 1);
        await WorldMapping.MapBySkuAsync(world.Database);
        var (a, b, kit) = (world.A.Variants[0].Sku, world.A.Variants[1].Sku, world.A.Variants[2].Sku);
        var (status, made) = await PutAsync(
            app, $"/api/v1/skus/{kit}/components", new { components = new[] { new { sku = a, units = 2 }, new { sku = b, units = 1 } } });
        status.ShouldBe(HttpStatusCode.OK, made?.ToJsonString());
        await world.Database.ExecuteAsync("UPDATE skus SET mode = 2");
        await world.RunAsync("baseline", 1, """{"openingStock": true}""");
        await world.RunAsync("go-live", 1);
        await world.QuietAsync(QuietLimit);

        (await world.CountAsync("SELECT coalesce(sum(on_hand), 0) FROM positions JOIN skus USING (tenant_id, sku_id) WHERE code = $1", kit))
            .ShouldBe(0, "a kit counts nothing in");
        var kits = WorkerWorld.Shown(world.A, kit);
        kits.ShouldBeGreaterThan(0);
        ((2 * kits) + WorkerWorld.Shown(world.A, a)).ShouldBe(20);
        (kits + WorkerWorld.Shown(world.A, b)).ShouldBe(20);

        world.Place(world.A, 2, kit);
        await Waits.UntilAsync(async () => await CommittedAsync(world, a) == 4 && await CommittedAsync(world, b) == 2, "the parts of two kits", QuietLimit);
        await world.QuietAsync(QuietLimit);
        WorkerWorld.Shown(world.A, kit).ShouldBe(kits - 2, "its share went down by itself");

        var (asked, cart) = await app.PostAsync("/api/v1/reservations", new
        {
            reference = "cart-1",
            expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(15),
            lines = new[] { new { sku = kit, units = 3 }, new { sku = a, units = 1 } },
        });
        asked.ShouldBeOneOf(HttpStatusCode.Created, HttpStatusCode.Accepted);
        await Waits.UntilAsync(
            async () => (string)(await app.GetAsync($"/api/v1/reservations/{cart!["id"]}"))["status"]! == "held", "the cart's parts", QuietLimit);
        await world.QuietAsync(QuietLimit);
        (await world.CountAsync("SELECT sum(reserved) FROM positions")).ShouldBe(7 + 3);
        ((2 * WorkerWorld.Shown(world.A, kit)) + WorkerWorld.Shown(world.A, a)).ShouldBe(20 - 4 - 7);
        (await world.CountAsync("SELECT max(exposure_units)::bigint FROM sku_state")).ShouldBe(0);
        ((int)(await app.GetAsync($"/api/v1/stock/{kit}"))["ats"]!).ShouldBe(4, "nine of A make four");
        var why = (await app.GetAsync($"/api/v1/stock/{kit}/explain"))["why"]!.AsArray().Select(w => (string)w!);
        why.ShouldContain($"It is a kit of 2 × {a} and 1 × {b}: what there is of them makes 4.");
    }

    private static Task<long> CommittedAsync(WorkerWorld world, string sku) =>
        world.CountAsync("SELECT coalesce(sum(committed), 0) FROM positions JOIN skus USING (tenant_id, sku_id) WHERE code = $1", sku);

    private static async Task UntilAsync(WorkerWorld world, (int A, int B, int C) shown)
    {
        foreach (var sku in world.A.Variants.Select(v => v.Sku))
        {
            await Waits.UntilAsync(
                () => (WorkerWorld.Shown(world.A, sku), WorkerWorld.Shown(world.B, sku), WorkerWorld.Shown(world.Sandbox.World.Shops[2], sku)) == shown,
                $"{shown} of {sku}", QuietLimit);
        }

        await Waits.UntilAsync(
            () => world.Database.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM listing_levels WHERE unverified_units > 0 OR in_flight_push IS NOT NULL)"),
            "everything proven", QuietLimit);
    }

    private static object Percents(params int[] percents) =>
        new { mode = "guard", channels = percents.Select((p, i) => new { connectionId = i + 1, percent = p }) };

    private static (long Level, int Connection, int From, int To, int Step) Write(JsonNode? write) => (
        (long)write!["levelId"]!, (int)write["connectionId"]!, (int)write["from"]!, (int)write["to"]!, (int)write["step"]!);

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(ApiApp app, string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        return await app.SendAsync(request);
    }
}
