using System.Net;
using Shouldly;
using SyncFlow.Core.Counts;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

public sealed class CycleApiTests(PostgresFixture postgres, RedisFixture redis)
{
    [Theory]
    [InlineData(0, true, CountTier.Fast, 7)]
    [InlineData(0.19, true, CountTier.Fast, 7)]
    [InlineData(0.2, true, CountTier.Medium, 30)]
    [InlineData(0.5, true, CountTier.Slow, 90)]
    [InlineData(0, false, CountTier.Slow, 90)]
    public void What_sells_fast_is_counted_often(double faster, bool sells, CountTier tier, int days)
    {
        CountTiers.Of(faster, sells).ShouldBe(tier);
        CountTiers.DaysOf(tier).ShouldBe(days);
    }

    [Fact]
    public async Task What_was_never_counted_or_long_ago_for_its_speed_is_due()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(
            new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 10 },
            new { key = "2", kind = "receipt", sku = "B", location = "MAIN", units = 10 });
        var weeksAgo = TimeProvider.System.GetUtcNow().AddDays(-20);
        await warehouse.DoAsync("/counts", new { items = new[] { Count("A", weeksAgo), Count("B", weeksAgo) } });
        (await DueAsync(warehouse)).ShouldBeEmpty("both are slow");

        await warehouse.Api.SqlAsync<long>(
            "UPDATE sku_state SET velocity_slow = 1 WHERE sku_id = (SELECT sku_id FROM skus WHERE code = 'A') RETURNING sku_id");
        (await DueAsync(warehouse)).ShouldBe(["A fast"]);
        await warehouse.DoAsync("/counts/withdraw", new { key = "B" });
        (await DueAsync(warehouse)).ShouldBe(["A fast", "B slow"]);
        using var answer = await warehouse.Api.Client.GetAsync("/api/v1/counts/due?location=X");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Shrinkage_is_told_by_location_cause_and_reason()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(
            new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 10, occurredAt = Warehouse.Hour(6) },
            new { key = "2", kind = "writeOff", sku = "A", location = "MAIN", units = 2, reason = "stolen", occurredAt = Warehouse.Hour(7) },
            new { key = "3", kind = "writeOff", sku = "A", location = "MAIN", units = 1, reason = "stolen", occurredAt = Warehouse.Hour(8) },
            new { key = "4", kind = "adjustment", sku = "A", location = "MAIN", units = 3, reason = "found", occurredAt = Warehouse.Hour(9) });
        await warehouse.DoAsync("/counts", new { items = new[] { new { key = "c", sku = "A", location = "MAIN", counted = 6, asOf = Warehouse.Hour(10) } } });
        var report = await warehouse.Api.GetAsync(
            $"/api/v1/reports/shrinkage?since={Uri.EscapeDataString(Warehouse.Hour(6))}&until={Uri.EscapeDataString(Warehouse.Hour(12))}");
        report["items"]!.AsArray().Select(i => $"{i!["location"]} {i["cause"]} {i["reason"]} {i["units"]}")
            .ShouldBe(["MAIN adjustment found 3", "MAIN count  -4", "MAIN writeOff stolen -3"]);
    }

    private static object Count(string sku, DateTimeOffset asOf) => new { key = sku, sku, location = "MAIN", counted = 10, asOf };

    private static async Task<List<string>> DueAsync(Warehouse warehouse) =>
        [.. (await warehouse.Api.GetAsync("/api/v1/counts/due?location=MAIN"))["items"]!.AsArray().Select(d => $"{d!["sku"]} {d["tier"]}")];
}
