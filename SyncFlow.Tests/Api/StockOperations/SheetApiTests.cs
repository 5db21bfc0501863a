using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

public sealed class SheetApiTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Small_variances_are_booked_at_once_and_large_ones_after_a_persons_word()
    {
        await using var warehouse = await StockedAsync();
        var sheet = await BeginAsync(warehouse);
        await EnterAsync(warehouse, sheet, ("A", 96), ("B", 90), ("C", 100));

        var preview = await LinesAsync(warehouse, sheet);
        preview.Select(l => ((string)l["sku"]!, (int?)l["variance"], (bool)l["needsReview"]!)).ShouldBe([("A", -4, false), ("B", -10, true), ("C", 0, false), ("D", null, false)]);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(100, "a preview books nothing");

        ((string)(await warehouse.DoAsync($"/count-sheets/{sheet}/submit", new { }))["state"]!).ShouldBe("review");
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(96);
        (await warehouse.AtAsync("B", "MAIN")).ShouldBe(100);
        (await warehouse.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().Single()!["kind"]!.ToString().ShouldBe("count-variance");

        await warehouse.DoAsync(new { key = "late", kind = "writeOff", sku = "B", location = "MAIN", units = 10, reason = "broken", occurredAt = Warehouse.Hour(9) });
        ((string)(await warehouse.DoAsync($"/count-sheets/{sheet}/review", new { approve = new[] { "B" } }))["state"]!).ShouldBe("done");
        (await warehouse.AtAsync("B", "MAIN")).ShouldBe(90, "the breakage was what the count had seen");
        (await warehouse.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().ShouldBeEmpty();
        (await LinesAsync(warehouse, sheet)).Select(l => (string)l["state"]!).ShouldBe(["booked", "booked", "booked", "open"]);
        (await warehouse.RefusedAsync($"/count-sheets/{sheet}/submit", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await warehouse.RefusedAsync($"/count-sheets/{sheet}/lines", Lines(("A", 1)))).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_rejected_variance_and_a_cancelled_sheet_change_nothing()
    {
        await using var warehouse = await StockedAsync();
        var rejected = await BeginAsync(warehouse);
        await EnterAsync(warehouse, rejected, ("A", 5));
        await warehouse.DoAsync($"/count-sheets/{rejected}/submit", new { });
        await warehouse.DoAsync($"/count-sheets/{rejected}/review", new { reject = new[] { "A" } });
        var cancelled = await BeginAsync(warehouse);
        await EnterAsync(warehouse, cancelled, ("A", 5));
        await warehouse.DoAsync($"/count-sheets/{cancelled}/submit", new { });
        await warehouse.DoAsync($"/count-sheets/{cancelled}/cancel", new { });
        (await warehouse.RefusedAsync($"/count-sheets/{cancelled}/review", new { approve = new[] { "A" } })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(100);
        (await warehouse.Api.GetAsync("/api/v1/count-sheets?state=cancelled"))["items"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_a_sheet_cannot_take_is_refused_by_the_name_of_its_field()
    {
        await using var warehouse = await StockedAsync();
        (await warehouse.RefusedAsync("/count-sheets", new { name = "", location = "X", reviewPercent = 101, skus = new[] { "no" } }))
            .Fields.ShouldBe(["name", "location", "reviewPercent", "skus[0]"]);
        (await warehouse.RefusedAsync("/count-sheets", new { name = "n", location = "SIDE" })).Fields.ShouldBe(["location"], "there is nothing to count");
        var sheet = await BeginAsync(warehouse);
        object[] bad = [new { sku = "A", counted = -1 }, new { sku = "no", counted = 1.5, asOf = "2999-01-01T00:00:00Z" }, new { sku = "A", counted = 1 }];
        (await warehouse.RefusedAsync($"/count-sheets/{sheet}/lines", new { lines = bad })).Fields.ShouldBe(["lines[0].counted", "lines[1].sku", "lines[1].asOf", "lines[1].counted", "lines[2].sku"]);
        (await warehouse.RefusedAsync("/count-sheets/99/submit", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>A, B, C and D with 100 units each at MAIN, received at eight.</summary>
    private async Task<Warehouse> StockedAsync()
    {
        var warehouse = await Warehouse.OpenAsync(postgres, redis);
        foreach (var code in new[] { "C", "D" })
        {
            await warehouse.Api.PostAsync("/api/v1/skus", new { code });
        }

        await warehouse.DoAsync([.. "ABCD".Select(sku => (object)new
        {
            key = $"r{sku}", kind = "receipt", sku = sku.ToString(), location = "MAIN", units = 100, occurredAt = Warehouse.Hour(8),
        })]);
        return warehouse;
    }

    private static async Task<long> BeginAsync(Warehouse warehouse) =>
        (long)(await warehouse.DoAsync("/count-sheets", new { name = "week 48", location = "MAIN" }))["id"]!;

    private static object Lines(params (string Sku, int Counted)[] lines) => new
    {
        lines = lines.Select(l => new { sku = l.Sku, counted = l.Counted, asOf = Warehouse.Hour(12) }),
    };

    private static Task<JsonNode> EnterAsync(Warehouse warehouse, long sheet, params (string Sku, int Counted)[] lines) =>
        warehouse.DoAsync($"/count-sheets/{sheet}/lines", Lines(lines));

    private static async Task<List<JsonNode>> LinesAsync(Warehouse warehouse, long sheet) =>
        [.. (await warehouse.Api.GetAsync($"/api/v1/count-sheets/{sheet}/lines"))["items"]!.AsArray().Select(l => l!)];
}
