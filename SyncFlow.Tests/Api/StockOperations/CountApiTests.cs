using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

public sealed class CountApiTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task A_backdated_count_a_late_movement_and_a_withdrawal_end_as_if_always_known()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(Receipt("r1", 10, hour: 6), Receipt("r2", 5, hour: 10));
        await CountAsync(warehouse, "late", 14, hour: 11);
        await CountAsync(warehouse, "early", 8, hour: 8);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(14);
        (await CountsAsync(warehouse)).ShouldBe([("late", 13, 1), ("early", 10, -2)]);

        await warehouse.DoAsync(Receipt("r3", 3, hour: 7));
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(14, "both counts saw it");
        (await CountsAsync(warehouse)).ShouldBe([("late", 13, 1), ("early", 13, -5)]);
        var operation = (await warehouse.Api.GetAsync("/api/v1/stock-operations?kind=count&limit=1"))["items"]![0]!;
        operation["entries"]!.AsArray().Select(e => (int)e!["delta"]!).ShouldBe([-2, -3], "the late receipt corrected the count");

        var (status, _) = await warehouse.Api.PostAsync("/api/v1/counts/withdraw", new { key = "late" });
        status.ShouldBe(HttpStatusCode.OK);
        await warehouse.ApplyAsync();
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(13);
        await warehouse.DoAsync("/counts/withdraw", new { key = "early" });
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(18, "as if nobody had counted");
        (await warehouse.Api.PostAsync("/api/v1/counts/withdraw", new { key = "never" })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"key":"c","sku":"A","location":"MAIN","counted":-1}""", "counted")]
    [InlineData("""{"key":"c","sku":"A","location":"MAIN","counted":1.5}""", "counted")]
    [InlineData("""{"key":"c","sku":"A","location":"MAIN","counted":3000000000}""", "counted")]
    [InlineData("""{"key":"c","sku":"A","location":"MAIN","counted":1,"asOf":"2999-01-01T00:00:00Z"}""", "asOf")]
    [InlineData("""{"key":"c","sku":"X","location":"MAIN","counted":1}""", "sku")]
    [InlineData("""{"key":"c","sku":"A","location":"X","counted":1}""", "location")]
    [InlineData("""{"sku":"A","location":"MAIN","counted":1}""", "key")]
    public async Task A_count_that_cannot_be_is_refused_by_the_name_of_its_field(string item, string field)
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var refused = await warehouse.RefusedAsync("/counts", new { items = new[] { JsonNode.Parse(item) } });
        (refused.Status, refused.Fields.Single()).ShouldBe((HttpStatusCode.BadRequest, $"items[0].{field}"));
        (await warehouse.Api.InboxCountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Every_order_of_arrival_ends_in_the_same_position_in_the_database_too()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var random = new Random(11);
        for (var round = 0; round < 12; round++)
        {
            var sku = $"P{round}";
            await warehouse.Api.PostAsync("/api/v1/skus", new { code = sku });
            (string Path, object Body)[] facts =
            [
                ("/stock-operations", new { items = new[] { Receipt($"{sku}-1", 20, 1, sku) } }),
                ("/stock-operations", new { items = new[] { Receipt($"{sku}-2", 5, 4, sku) } }),
                ("/counts", new { items = new[] { Count($"{sku}-a", 17, 3, sku) } }),
                ("/counts", new { items = new[] { Count($"{sku}-b", 22, 5, sku) } }),
                ("/counts", new { items = new[] { Count($"{sku}-c", 18, 3, sku) } }),
                ("/stock-operations", new { items = new[] { Receipt($"{sku}-3", 2, 7, sku) } }),
            ];
            random.Shuffle(facts);
            foreach (var (path, body) in facts)
            {
                (await warehouse.Api.PostAsync("/api/v1" + path, body)).Status.ShouldBe(HttpStatusCode.OK);
                if (random.Next(2) == 0)
                {
                    await warehouse.ApplyAsync();
                }
            }

            await warehouse.ApplyAsync();
            (await warehouse.AtAsync(sku, "MAIN")).ShouldBe(24);
        }
    }

    private static object Receipt(string key, int units, int hour, string sku = "A") =>
        new { key, kind = "receipt", sku, location = "MAIN", units, occurredAt = Warehouse.Hour(hour) };

    private static object Count(string key, int counted, int hour, string sku) =>
        new { key, sku, location = "MAIN", counted, asOf = Warehouse.Hour(hour) };

    private static Task<JsonNode> CountAsync(Warehouse warehouse, string key, int counted, int hour) =>
        warehouse.DoAsync("/counts", new { items = new[] { Count(key, counted, hour, "A") } });

    private static async Task<List<(string Key, int Before, int Variance)>> CountsAsync(Warehouse warehouse)
    {
        var first = await warehouse.Api.GetAsync("/api/v1/counts?sku=A&location=MAIN&limit=1");
        var second = await warehouse.Api.GetAsync($"/api/v1/counts?sku=A&location=MAIN&limit=1&cursor={first["next"]}");
        second["next"].ShouldBeNull();
        return [.. first["items"]!.AsArray().Concat(second["items"]!.AsArray())
            .Select(c => (((string)c!["key"]!)["count:".Length..], (int)c["onHandBefore"]!, (int)c["variance"]!))];
    }
}
