using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

public sealed class TransferApiTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task C14_Four_leave_three_arrive_in_parts_and_the_close_books_one_as_lost()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(new { key = "r", kind = "receipt", sku = "A", location = "MAIN", units = 10 });
        var id = await PlanAsync(warehouse, 4);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(10, "a plan claims nothing");

        await warehouse.DoAsync($"/transfers/{id}/dispatch", new { });
        (await StockAsync(warehouse)).ShouldBe((6, 4, 0, 6));
        await warehouse.DoAsync($"/transfers/{id}/receive", new { lines = new[] { new { sku = "A", units = 1 } } });
        (await StockAsync(warehouse)).ShouldBe((6, 3, 1, 7));
        await warehouse.DoAsync($"/transfers/{id}/receive", new { lines = new[] { new { sku = "A", units = 2, to = "inspection" } } });
        (await StockAsync(warehouse)).ShouldBe((6, 1, 3, 7));
        var closed = await warehouse.DoAsync($"/transfers/{id}/close", new { note = "the driver knows nothing" });
        (await StockAsync(warehouse)).ShouldBe((6, 0, 3, 7));

        ((string)closed["transfer"]!["state"]!).ShouldBe("closed");
        ((int)closed["lines"]![0]!["variance"]!).ShouldBe(-1);
        var operations = (await warehouse.Api.GetAsync("/api/v1/stock-operations?document=TR-1"))["items"]!.AsArray();
        operations.Select(o => $"{o!["kind"]} {o["units"]} {o["state"]}").ShouldBe(
            ["transferLoss 1 applied", "transferReceipt 2 applied", "transferReceipt 1 applied", "transferDispatch 4 applied"]);
        ((int)(await warehouse.Api.GetAsync("/api/v1/transfers?state=closed&location=SIDE"))["items"]!.AsArray().Single()!["lost"]!).ShouldBe(1);
    }

    [Fact]
    public async Task A_receipt_applied_before_its_dispatch_books_the_dispatch_with_it()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(new { key = "r", kind = "receipt", sku = "A", location = "MAIN", units = 10 });
        var id = await PlanAsync(warehouse, 4);
        await warehouse.Api.PostAsync($"/api/v1/transfers/{id}/dispatch", new { });
        await warehouse.Api.SqlAsync<long>(
            "UPDATE inbox SET next_attempt_at = now() + interval '1 hour' WHERE state = 0 RETURNING event_id");
        await warehouse.DoAsync($"/transfers/{id}/receive", new { lines = new[] { new { sku = "A", units = 5 } } });
        (await StockAsync(warehouse)).ShouldBe((5, 0, 5, 10));
        await warehouse.Api.SqlAsync<long>("UPDATE inbox SET next_attempt_at = now() WHERE state = 0 RETURNING event_id");
        await warehouse.ApplyAsync();
        (await StockAsync(warehouse)).ShouldBe((5, 0, 5, 10), "it has left once");
    }

    [Fact]
    public async Task Steps_out_of_turn_and_bad_lines_are_refused_and_nothing_moves()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var id = await PlanAsync(warehouse, 4);
        (await warehouse.RefusedAsync("/transfers", Plan("TR-1", 1))).Status.ShouldBe(HttpStatusCode.Conflict);
        (await warehouse.RefusedAsync("/transfers", new { reference = "X", from = "MAIN", to = "MAIN", lines = new[] { new { sku = "no", units = 0 } } }))
            .Fields.ShouldBe(["to", "lines[0].sku", "lines[0].units"]);
        (await warehouse.RefusedAsync($"/transfers/{id}/receive", new { lines = new[] { new { sku = "A", units = 1 } } })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await warehouse.RefusedAsync($"/transfers/{id}/dispatch", new { occurredAt = "2999-01-01T00:00:00Z" })).Fields.ShouldBe(["occurredAt"]);
        (await warehouse.RefusedAsync($"/transfers/{id}/receive", new { })).Fields.ShouldBe(["lines"]);
        (await warehouse.RefusedAsync("/transfers/99/close", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
        await warehouse.DoAsync($"/transfers/{id}/cancel", new { });
        (await warehouse.RefusedAsync($"/transfers/{id}/dispatch", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await warehouse.Api.InboxCountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Two_callers_dispatch_a_transfer_once()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var id = await PlanAsync(warehouse, 4);
        var calls = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => warehouse.Api.PostAsync($"/api/v1/transfers/{id}/dispatch", new { })));
        calls.Count(c => c.Status == HttpStatusCode.OK).ShouldBe(1);
        await warehouse.ApplyAsync();
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(-4);
    }

    [Fact]
    public async Task Pickup_is_each_locations_own_stock_after_the_buffer_also_where_no_online_order_ships()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.Api.PostAsync("/api/v1/locations", new { code = "STORE", name = "Store", fulfillsOnline = false, offersPickup = true });
        await warehouse.Api.PostAsync("/api/v1/locations", new { code = "EMPTY", name = "Empty", offersPickup = true });
        await warehouse.Api.PostAsync("/api/v1/skus", new { code = "P", safetyBuffer = 2 });
        await warehouse.DoAsync(
            new { key = "1", kind = "receipt", sku = "P", location = "MAIN", units = 50 },
            new { key = "2", kind = "receipt", sku = "P", location = "STORE", units = 5 },
            new { key = "3", kind = "move", sku = "P", location = "STORE", units = 1, from = "available", to = "damaged" },
            new { key = "4", kind = "receipt", sku = "P", location = "EMPTY", units = 1 });
        (await PickupAsync(warehouse)).ShouldBe([("EMPTY", 0), ("STORE", 2)]);
        await warehouse.DoAsync(new { key = "5", kind = "writeOff", sku = "P", location = "STORE", units = 5, reason = "stolen" });
        (await PickupAsync(warehouse)).ShouldBe([("EMPTY", 0), ("STORE", 0)], "never below zero");
        ((int)(await warehouse.Api.GetAsync("/api/v1/stock/P"))["ats"]!).ShouldBe(47, "the store ships nothing");
    }

    private static async Task<List<(string, int)>> PickupAsync(Warehouse warehouse) =>
        [.. (await warehouse.Api.GetAsync("/api/v1/stock/p/pickup"))["locations"]!.AsArray().Select(l => ((string)l!["location"]!, (int)l["available"]!))];

    private static object Plan(string reference, int units) =>
        new { reference, from = "MAIN", to = "SIDE", lines = new[] { new { sku = "A", units } } };

    private static async Task<long> PlanAsync(Warehouse warehouse, int units) =>
        (long)(await warehouse.DoAsync("/transfers", Plan("TR-1", units)))["transfer"]!["id"]!;

    private static async Task<(int Origin, int OnTheWay, int Destination, int Ats)> StockAsync(Warehouse warehouse)
    {
        JsonNode stock = await warehouse.Api.GetAsync("/api/v1/stock/A");
        return (await warehouse.AtAsync("A", "MAIN"), await warehouse.AtAsync("A", "SIDE", "inTransit"), await warehouse.AtAsync("A", "SIDE"), (int)stock["ats"]!);
    }
}
