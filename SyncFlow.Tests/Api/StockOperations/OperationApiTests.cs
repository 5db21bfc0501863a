using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockOperations;

public sealed class OperationApiTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task Operations_go_from_accepted_to_applied_and_show_their_entries()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        object[] items =
        [
            new { key = "r1", kind = "receipt", sku = "a", location = "MAIN", units = 10, document = "DN-1", occurredAt = Warehouse.Hour(8) },
            new { key = "r2", kind = "receipt", sku = "B", location = "MAIN", units = 4, to = "inspection", document = "DN-1" },
            new { key = "w1", kind = "write-off", sku = "A", location = "MAIN", units = 1, reason = "broken", note = "fell down" },
        ];
        var (status, answer) = await warehouse.Api.PostAsync("/api/v1/stock-operations", new { items });
        (status, (int)answer!["accepted"]!).ShouldBe((HttpStatusCode.OK, 3));
        (await ListAsync(warehouse, "document=DN-1")).Select(o => (string)o["state"]!).ShouldBe(["accepted", "accepted"]);

        await warehouse.ApplyAsync();

        var listed = await ListAsync(warehouse, "document=DN-1");
        listed.Select(o => (string)o["state"]!).ShouldBe(["applied", "applied"]);
        listed[0]["entries"]!.AsArray().Select(e => $"{e!["bucket"]} {e["delta"]} {e["reason"]}").ShouldBe(["onHand 4 receipt", "unavailable 4 inspection"]);
        ((DateTimeOffset)listed[1]["entries"]![0]!["occurredAt"]!).ToString("O", CultureInfo.InvariantCulture).ShouldBe(Warehouse.Hour(8));
        (await ListAsync(warehouse, "kind=writeOff&sku=A&location=MAIN")).Single()["note"]!.ToString().ShouldBe("fell down");
        (await ListAsync(warehouse, $"until={Uri.EscapeDataString(Warehouse.Hour(9))}")).Count.ShouldBe(1);
        (await ListAsync(warehouse, "key=r2")).Count.ShouldBe(1);
        ((int)(await warehouse.Api.GetAsync($"/api/v1/stock-operations/{listed[0]["id"]}"))["units"]!).ShouldBe(4);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(9);
        (await warehouse.AtAsync("B", "MAIN", "unavailable")).ShouldBe(4);

        var again = await warehouse.DoAsync("/stock-operations", new { items });
        ((int)again["known"]!).ShouldBe(3);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(9, "the same keys move nothing again");
    }

    [Fact]
    public async Task A_bad_item_is_refused_with_its_field_and_its_neighbours_are_taken_in()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var answer = await warehouse.DoAsync(
            new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 5 },
            new { key = "2", kind = "receipt", sku = "none", location = "MAIN", units = 5 },
            new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 5 },
            new { key = "3", kind = "receipt", sku = "A", location = "MAIN", units = 1.5 });
        answer["items"]!.AsArray().Select(i => (string)i!["outcome"]!).ShouldBe(["accepted", "refused", "refused", "refused"]);
        answer["items"]!.AsArray().Skip(1).Select(i => i!["errors"]!.AsObject().Single().Key).ShouldBe(["sku", "key", "units"]);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(5);

        var taken = await warehouse.RefusedAsync("/stock-operations", Items(new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 6 }));
        taken.Status.ShouldBe(HttpStatusCode.Conflict);
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(5);
    }

    [Theory]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":0}""", "units")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":-3}""", "units")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":0.5}""", "units")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":2147483648}""", "units")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN"}""", "units")]
    [InlineData("""{"key":"k","kind":"adjustment","sku":"A","location":"MAIN","units":0,"reason":"found"}""", "units")]
    [InlineData("""{"key":"k","kind":"adjustment","sku":"A","location":"MAIN","units":-1}""", "reason")]
    [InlineData("""{"key":"k","kind":"adjustment","sku":"A","location":"MAIN","units":-1,"reason":"Not a code"}""", "reason")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"X","location":"MAIN","units":1}""", "sku")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"X","units":1}""", "location")]
    [InlineData("""{"key":"k","kind":"give","sku":"A","location":"MAIN","units":1}""", "kind")]
    [InlineData("""{"key":"k","kind":"count","sku":"A","location":"MAIN","units":1}""", "kind")]
    [InlineData("""{"key":"k","kind":"move","sku":"A","location":"MAIN","units":1,"from":"damaged","to":"damaged"}""", "to")]
    [InlineData("""{"key":"k","kind":"move","sku":"A","location":"MAIN","units":1,"to":"damaged"}""", "from")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":1,"from":"damaged"}""", "from")]
    [InlineData("""{"key":"k","kind":"receipt","sku":"A","location":"MAIN","units":1,"occurredAt":"2999-01-01T00:00:00Z"}""", "occurredAt")]
    [InlineData("""{"kind":"receipt","sku":"A","location":"MAIN","units":1}""", "key")]
    public async Task What_cannot_be_is_refused_by_the_name_of_its_field(string item, string field)
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        (await warehouse.RefusedAsync("/stock-operations", Items(JsonNode.Parse(item)!))).ShouldSatisfyAllConditions(
            r => r.Status.ShouldBe(HttpStatusCode.BadRequest), r => r.Fields.ShouldBe([$"items[0].{field}"]));
        (await warehouse.Api.InboxCountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Releasing_more_than_waits_is_refused_in_the_ledger_and_says_why()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(
            new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 5 },
            new { key = "2", kind = "move", sku = "A", location = "MAIN", units = 2, from = "available", to = "damaged" });
        await warehouse.DoAsync(new { key = "3", kind = "move", sku = "A", location = "MAIN", units = 3, from = "damaged", to = "available" });
        var refused = (await ListAsync(warehouse, "key=3")).Single();
        ((string)refused["state"]!).ShouldBe("refused");
        ((string)refused["refusal"]!).ShouldContain("more units from a condition");
        (await warehouse.AtAsync("A", "MAIN", "unavailable")).ShouldBe(2);
    }

    [Fact]
    public async Task Two_callers_with_one_key_move_stock_once()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var calls = Enumerable.Range(0, 8).Select(_ => warehouse.Api.PostAsync(
            "/api/v1/stock-operations", Items(new { key = "same", kind = "receipt", sku = "A", location = "MAIN", units = 5 })));
        (await Task.WhenAll(calls)).Sum(c => (int)c.Body!["accepted"]!).ShouldBe(1);
        await warehouse.ApplyAsync();
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(5);
    }

    [Fact]
    public async Task A_thousand_items_in_one_call_are_taken_in_and_applied_set_by_set()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        var items = Enumerable.Range(0, 1_000).Select(i => (object)new { key = $"k{i}", kind = "receipt", sku = "A", location = "MAIN", units = 1 }).ToArray();
        using var calls = new DatabaseCalls(warehouse.Api.Database);
        await warehouse.DoAsync(items);
        calls.Count.ShouldBeInRange(2, 200, "one round trip for each item would be a thousand");
        (await warehouse.AtAsync("A", "MAIN")).ShouldBe(1_000);
        (await warehouse.RefusedAsync("/stock-operations", new { items = items.Append(items[0]) })).Fields.ShouldBe(["items"]);
        (await warehouse.RefusedAsync("/stock-operations", new { items = Array.Empty<object>() })).Fields.ShouldBe(["items"]);
    }

    [Fact]
    public async Task Another_tenant_sees_no_operation()
    {
        await using var warehouse = await Warehouse.OpenAsync(postgres, redis);
        await warehouse.DoAsync(new { key = "1", kind = "receipt", sku = "A", location = "MAIN", units = 5 });
        using var other = await warehouse.Api.OtherTenantAsync();
        JsonNode.Parse(await other.GetStringAsync("/api/v1/stock-operations"))!["items"]!.AsArray().ShouldBeEmpty();
    }

    private static object Items(object item) => new { items = new[] { item } };

    private static async Task<List<JsonNode>> ListAsync(Warehouse warehouse, string query) =>
        [.. (await warehouse.Api.GetAsync("/api/v1/stock-operations?" + query))["items"]!.AsArray().Select(o => o!)];
}
