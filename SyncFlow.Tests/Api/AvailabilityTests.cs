using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Shouldly;
using StackExchange.Redis;
using SyncFlow.Tests.Api.StockOperations;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>What readers are told of available-to-sell is kept in Redis, and is never older than the question.</summary>
public sealed class AvailabilityTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Hit = "syncflow-stock; hit";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_kind_of_change_is_in_the_next_answer_and_an_unchanged_figure_is_kept()
    {
        await using var shop = await Warehouse.OpenAsync(postgres, redis);
        await shop.Api.PostAsync("/api/v1/skus", new { code = "K" });
        await CountAsync(shop, ("A", "MAIN", 20), ("A", "SIDE", 4), ("B", "MAIN", 9));
        await KeptAsync(shop.Api, (24, [20, 4]), (9, [9]));

        // Units that are not for sale change what lies there, and nothing that is offered.
        await shop.DoAsync(new { key = "d", kind = "receipt", sku = "B", location = "MAIN", units = 2, to = "damaged", reason = "x" });
        ((await shop.AtAsync("B", "MAIN")), (await shop.AtAsync("B", "MAIN", "unavailable"))).ShouldBe((11, 2));
        await shop.DoAsync(Receipt("r", "A", 5));
        await ChangedAsync(shop.Api, (29, [25, 4]), (9, [9]));
        (await shop.Api.PostAsync("/api/v1/reservations", Cart("A", 3))).Status.ShouldBe(HttpStatusCode.Created);
        await ChangedAsync(shop.Api, (26, [22, 4]), (9, [9]));
        await SendAsync(shop.Api, HttpMethod.Patch, "/api/v1/skus/A", new { safetyBuffer = 1 });
        await ChangedAsync(shop.Api, (24, [21, 3]), (9, [9]));
        await SendAsync(shop.Api, HttpMethod.Put, "/api/v1/policies/buffers", new { tiers = new[] { new { name = "all", from = 0, units = 2 } } });
        await ChangedAsync(shop.Api, (22, [20, 2]), (7, [7]));
        var side = await shop.Api.SqlAsync<long>("SELECT location_id FROM locations WHERE code = 'SIDE'");
        await SendAsync(shop.Api, HttpMethod.Patch, $"/api/v1/locations/{side}", new { fulfillsOnline = false });
        await ChangedAsync(shop.Api, (20, [20]), (7, [7]));
        await SendAsync(shop.Api, HttpMethod.Put, "/api/v1/skus/B/preorder", new { location = "MAIN", cap = 10, incoming = 6, until = Soon });
        await ChangedAsync(shop.Api, (20, [20]), (13, [13]));
        await SendAsync(shop.Api, HttpMethod.Delete, "/api/v1/skus/B/preorder", null);
        await ChangedAsync(shop.Api, (20, [20]), (7, [7]));

        // What only workers and the channels' catalogs write: a source's health, a place that closes and opens again.
        await shop.Api.SqlAsync<string>("UPDATE locations SET source_buffer = 20 WHERE code = 'MAIN' RETURNING code");
        await ChangedAsync(shop.Api, (15, [15]), (4, [4]));
        await shop.Api.ConnectAsync();
        await shop.Api.SqlAsync<string>(
            "INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, name, location_id, active) SELECT 1, 1, 'x', 'x', location_id, false FROM locations WHERE code = 'MAIN' RETURNING name");
        await ChangedAsync(shop.Api, (0, []), (0, []));
        await shop.Api.SqlAsync<string>("UPDATE channel_locations SET active = true RETURNING name");
        await ChangedAsync(shop.Api, (15, [15]), (4, [4]));
    }

    [Fact]
    public async Task A_kit_changes_with_its_parts_and_with_what_it_is_made_of()
    {
        await using var shop = await Warehouse.OpenAsync(postgres, redis);
        await shop.Api.PostAsync("/api/v1/skus", new { code = "K" });
        await CountAsync(shop, ("A", "MAIN", 20), ("B", "MAIN", 9));
        (await AskAsync(shop.Api, "K")).Figures.ShouldBe("K 0");
        await SendAsync(shop.Api, HttpMethod.Put, "/api/v1/skus/K/components", new { components = new[] { new { sku = "A", units = 2 }, new { sku = "B", units = 1 } } });
        await Waits.UntilAsync(async () => await AskAsync(shop.Api, "K") is ("K 9 MAIN=9", Hit), "the kit to be kept");
        await shop.DoAsync(new { key = "w", kind = "writeOff", sku = "A", location = "MAIN", units = 10, reason = "x" });
        (await AskAsync(shop.Api, "K")).ShouldBe(("K 5 MAIN=5", "syncflow-stock; fwd=miss; detail=\"0/1\""));
        await SendAsync(shop.Api, HttpMethod.Put, "/api/v1/skus/K/components", new { components = new[] { new { sku = "B", units = 3 } } });
        (await AskAsync(shop.Api, "K")).Figures.ShouldBe("K 3 MAIN=3");
        ((int)(await shop.Api.GetAsync("/api/v1/stock?search=K"))["items"]![0]!["ats"]!).ShouldBe(3, "lists say the same");
    }

    [Fact]
    public async Task What_was_computed_before_a_commit_and_kept_after_it_is_not_answered()
    {
        await using var shop = await Warehouse.OpenAsync(postgres, redis);
        await CountAsync(shop, ("A", "MAIN", 20));
        foreach (var (change, after) in new[]
        {
            ("UPDATE positions SET on_hand = 15; UPDATE sku_state SET version = version + 1", 15),
            ("UPDATE skus SET safety_buffer = 2 WHERE code = 'A'", 13),
        })
        {
            var before = (await AskAsync(shop.Api, "A")).Figures;
            await using var writer = new NpgsqlConnection(shop.Api.Database);
            await writer.OpenAsync(Ct);
            await using (var transaction = await writer.BeginTransactionAsync(Ct))
            {
                await using var command = new NpgsqlCommand(change, writer, transaction);
                await command.ExecuteNonQueryAsync(Ct);
                await Waits.UntilAsync(async () => await AskAsync(shop.Api, "A") == (before, Hit), "what was before to be kept while the writer writes");
                await transaction.CommitAsync(Ct);
            }

            (await AskAsync(shop.Api, "A")).Figures.ShouldBe($"A {after} MAIN={after}");
        }
    }

    [Fact]
    public async Task Readers_beside_writers_never_see_less_than_was_done_before_they_asked()
    {
        await using var shop = await Warehouse.OpenAsync(postgres, redis);
        await CountAsync(shop, ("A", "MAIN", 0));
        var (done, ended, asked) = (0, false, 0);
        async Task ReadAsync()
        {
            while (!Volatile.Read(ref ended))
            {
                var least = Volatile.Read(ref done);
                var ats = int.Parse((await AskAsync(shop.Api, "A")).Figures.Split(' ')[1]);
                ats.ShouldBeInRange(least, 40);
                Interlocked.Increment(ref asked);
            }
        }

        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(ReadAsync, Ct)).ToArray();
        for (var i = 0; i < 40; i++)
        {
            await shop.DoAsync(Receipt($"r{i}", "A", 1));
            Interlocked.Increment(ref done);
        }

        Volatile.Write(ref ended, true);
        await Task.WhenAll(readers);
        asked.ShouldBeGreaterThan(40);
        (await AskAsync(shop.Api, "A")).Figures.ShouldBe("A 40 MAIN=40");
    }

    [Fact]
    public async Task Redis_may_lose_forget_garble_and_bring_back_what_it_likes()
    {
        var own = await RedisFixture.StartOwnAsync();
        await using var api = await ApiApp.StartAsync(await postgres.CreateDatabaseAsync(), own.Configuration);
        await StockedAsync(api, 20);
        await Waits.UntilAsync(async () => await AskAsync(api, "A") is ("A 20 MAIN=20", Hit), "the figure to be kept");

        using (var raw = await ConnectionMultiplexer.ConnectAsync(own.Configuration + ",allowAdmin=true"))
        {
            var (server, values) = (raw.GetServer(own.Configuration), raw.GetDatabase());
            var key = server.Keys().ShouldHaveSingleItem();
            var old = await values.StringGetAsync(key);
            await MoveAsync(api, 12);
            (await AskAsync(api, "A")).Figures.ShouldBe("A 12 MAIN=12");
            await values.StringSetAsync(key, old);
            (await AskAsync(api, "A")).Figures.ShouldBe("A 12 MAIN=12", "an older figure came back");
            await values.StringSetAsync(key, "garbage");
            (await AskAsync(api, "A")).Figures.ShouldBe("A 12 MAIN=12");
            await server.FlushAllDatabasesAsync();
            (await AskAsync(api, "A")).Figures.ShouldBe("A 12 MAIN=12");
        }

        own.Kill();
        await own.DisposeAsync();
        await MoveAsync(api, 7);
        (await AskAsync(api, "A")).ShouldBe(("A 7 MAIN=7", "syncflow-stock; fwd=miss; detail=\"0/1\""));
        await using var again = await RedisFixture.StartOwnAsync(own.Port);
        await Waits.UntilAsync(async () => (await AskAsync(api, "A")).Status == Hit, "Redis to be used again");
    }

    [Fact]
    public async Task Another_database_behind_the_same_Redis_is_another_world()
    {
        // As after a restore: the same numbers of tenant, SKU and version, and other stock.
        var configuration = await redis.ConfigurationAsync();
        await using var one = await ApiApp.StartAsync(await postgres.CreateDatabaseAsync(), configuration);
        await using var other = await ApiApp.StartAsync(await postgres.CreateDatabaseAsync(), configuration);
        await StockedAsync(one, 20);
        await StockedAsync(other, 3);
        await one.SqlAsync<long>("UPDATE sku_state SET version = 5, updated_at = '2026-01-01' RETURNING version");
        await other.SqlAsync<long>("UPDATE sku_state SET version = 5, updated_at = '2026-01-01' RETURNING version");
        await Waits.UntilAsync(async () => await AskAsync(one, "A") is ("A 20 MAIN=20", Hit), "the one to be kept");
        await Waits.UntilAsync(async () => await AskAsync(other, "A") is ("A 3 MAIN=3", Hit), "the other to be kept");
        (await AskAsync(one, "A")).ShouldBe(("A 20 MAIN=20", Hit));
        using var stranger = await one.OtherTenantAsync();
        (await stranger.GetFromJsonAsync<JsonNode>("/api/v1/availability?sku=A", Ct))!["unknown"]!.AsArray().Select(u => (string)u!).ShouldBe(["A"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?sku=")]
    [InlineData("?sku=A&sku=%20")]
    [InlineData("?sku=%00A")]
    public async Task A_question_without_codes_is_refused_by_its_field(string query)
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var answer = await app.Client.GetAsync("/api/v1/availability" + query, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["errors"]!.AsObject().ShouldContain(e => e.Key == "sku");
    }

    private static string Soon => TimeProvider.System.GetUtcNow().AddDays(30).ToString("O");

    private static async Task CountAsync(Warehouse shop, params (string Sku, string Location, int Units)[] counts) => await shop.DoAsync(
        "/counts", new { items = counts.Select(c => new { key = c.Sku + c.Location, sku = c.Sku, location = c.Location, counted = c.Units }) });

    private static object Receipt(string key, string sku, int units) => new { key, kind = "receipt", sku, location = "MAIN", units, reason = "x" };

    private static object Cart(string sku, int units) => new
    {
        reference = "cart",
        expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(15),
        lines = new[] { new { sku, units, location = "MAIN" } },
    };

    /// <summary>As text: code, units in all, and each location's; and what the header says.</summary>
    private static async Task<(string Figures, string Status)> AskAsync(ApiApp api, params string[] codes)
    {
        using var answer = await api.Client.GetAsync("/api/v1/availability?" + string.Join('&', codes.Select(c => "sku=" + c)), Ct);
        var body = JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(Ct))!;
        return (string.Join("; ", body["items"]!.AsArray().Select(i => string.Join(' ', [
            (string)i!["sku"]!, i["ats"]!.ToJsonString(), .. i["locations"]!.AsArray().Select(l => $"{l!["location"]}={l["ats"]}")]))), answer.Headers.GetValues("Cache-Status").Single());
    }

    private static Task ChangedAsync(ApiApp api, (int Ats, int[] Places) a, (int Ats, int[] Places) b) => KeptAsync(api, a, b, changed: true);

    /// <summary>The next answer is right at once; asked again, it comes from Redis.</summary>
    private static async Task KeptAsync(ApiApp api, (int Ats, int[] Places) a, (int Ats, int[] Places) b, bool changed = false)
    {
        string Text(string sku, (int Ats, int[] Places) figures) =>
            string.Join(' ', [sku, $"{figures.Ats}", .. figures.Places.Zip(["MAIN", "SIDE"], (units, place) => $"{place}={units}")]);
        var expected = $"{Text("A", a)}; {Text("B", b)}";
        var first = await AskAsync(api, "a", "B");
        first.Figures.ShouldBe(expected);
        first.Status.ShouldNotBe(Hit);
        await Waits.UntilAsync(async () => await AskAsync(api, "A", "B") is var again && again == (expected, Hit), $"{expected} to be kept");
        var list = (await api.GetAsync("/api/v1/stock"))["items"]!.AsArray();
        list.Where(i => (string)i!["sku"]! != "K").Select(i => (int)i!["ats"]!).ShouldBe([a.Ats, b.Ats], changed ? "the list sees it too" : "the list says the same");
        ((int)(await api.GetAsync("/api/v1/stock/A"))["ats"]!).ShouldBe(a.Ats);
    }

    private static async Task SendAsync(ApiApp api, HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if ((path.Contains("/skus/A", StringComparison.Ordinal) && method == HttpMethod.Patch)
            || (path.EndsWith("/preorder", StringComparison.Ordinal) && method == HttpMethod.Put))
        {
            request.Headers.TryAddWithoutValidation("If-Match", await api.TagAsync(path));
        }

        var (status, answer) = await api.SendAsync(request);
        ((int)status).ShouldBeLessThan(300, answer?.ToJsonString());
    }

    private static async Task StockedAsync(ApiApp api, int units)
    {
        await api.PostAsync("/api/v1/skus", new { code = "A" });
        await api.PostAsync("/api/v1/locations", new { code = "MAIN", name = "Main" });
        await api.SqlAsync<long>("INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT 1, 1, 1, $1, true RETURNING sku_id", units);
    }

    private static Task<long> MoveAsync(ApiApp api, int units) => api.SqlAsync<long>(
        "WITH p AS (UPDATE positions SET on_hand = $1) UPDATE sku_state SET version = version + 1, updated_at = now() RETURNING version", units);
}
