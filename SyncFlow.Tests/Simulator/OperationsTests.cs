using System.Text.Json;
using Shouldly;
using SyncFlow.Simulator.Shopify;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class OperationsTests
{
    [Fact]
    public void Every_field_of_the_schema_is_computed() => ShopifyApi.LoadSchema().Unbound().ShouldBeEmpty();

    [Fact]
    public async Task All_validated_operations_run()
    {
        await using var sandbox = await StartAsync(o => o with { Skus = 40 });
        var (_, level) = Item(sandbox.Main);
        sandbox.Main.Faults = new FaultSettings { OrderSearchLagMaxMs = 0 };
        var order = sandbox.Place(sandbox.Main, 2);
        OrderDesk.Refund(sandbox.World, sandbox.Main, order.Id, [new RefundRequest(order.Lines[0].Id, 1, "cancel")]).Accepted.ShouldBeTrue();

        await DataAsync(ValidatedOperations.Set, new { input = SetInput(Quantity(level, 9, null)), key = "1" });
        var change = Quantity(level, 0, null);
        change.Remove("quantity");
        change["delta"] = 1;
        await DataAsync(ValidatedOperations.Adjust, new { input = new { name = "available", reason = "correction", changes = new[] { change } }, key = "2" });
        await DataAsync(ValidatedOperations.Activate, new { i = change["inventoryItemId"], l = change["locationId"], key = "3" });
        await DataAsync(ValidatedOperations.Bulk, null);
        var shop = await DataAsync(ValidatedOperations.Shop, null);
        shop.GetProperty("shop").GetProperty("myshopifyDomain").GetString().ShouldBe(sandbox.Main.Domain);

        var recon = await DataAsync(ValidatedOperations.Reconcile, new { q = $"id:{level.ItemId}" });
        var states = recon.GetProperty("inventoryItems").GetProperty("nodes")[0].GetProperty("inventoryLevels").GetProperty("nodes")[0]
            .GetProperty("quantities").EnumerateArray().ToDictionary(q => q.GetProperty("name").GetString()!, q => q.GetProperty("quantity").GetInt32());
        states.ShouldBe(new Dictionary<string, int> { ["available"] = 10, ["on_hand"] = 11, ["committed"] = 1 });

        var orders = await DataAsync(ValidatedOperations.Orders, new { q = "updated_at:>='2020-01-01T00:00:00Z'" });
        var found = orders.GetProperty("orders").GetProperty("nodes")[0];
        found.GetProperty("refunds")[0].GetProperty("refundLineItems").GetProperty("nodes")[0].GetProperty("restockType").GetString().ShouldBe("CANCEL");
        found.GetProperty("fulfillmentOrders").GetProperty("nodes")[0].GetProperty("lineItems").GetProperty("nodes")[0]
            .GetProperty("remainingQuantity").GetInt32().ShouldBe(1);

        async Task<JsonElement> DataAsync(string query, object? variables)
        {
            var answer = await sandbox.GraphAsync(sandbox.Main, query, variables);
            answer.TryGetProperty("errors", out var errors).ShouldBeFalse(errors.ToString());
            return answer.GetProperty("data");
        }
    }

    [Fact]
    public async Task Paging_by_cursor_meets_every_item_once()
    {
        await using var sandbox = await StartAsync(o => o with { Skus = 23 });
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = (await sandbox.GraphAsync(
                sandbox.Main, "query($a:String){ inventoryItems(first:5, after:$a){ edges{ node{ sku } } pageInfo{ hasNextPage endCursor } } }",
                new { a = after })).GetProperty("data").GetProperty("inventoryItems");
            seen.AddRange(page.GetProperty("edges").EnumerateArray().Select(e => e.GetProperty("node").GetProperty("sku").GetString()!));
            after = page.GetProperty("pageInfo").GetProperty("hasNextPage").GetBoolean() ? page.GetProperty("pageInfo").GetProperty("endCursor").GetString() : null;
        }
        while (after is not null);

        seen.Count.ShouldBe(23);
        seen.Distinct().Count().ShouldBe(23);
    }

    [Fact]
    public async Task Aliases_fragments_and_directives_are_honoured()
    {
        await using var sandbox = await StartAsync();
        var (variant, level) = Item(sandbox.Main);
        const string query = """
            query($id: ID!, $ids: [ID!]!, $no: Boolean!) {
              mine: inventoryItem(id: $id) { ...item }
              nodes(ids: $ids) { __typename ... on InventoryItem { sku } ... on Location { name } }
              shop @skip(if: true) { id }
              other: shop @include(if: $no) { id }
            }
            fragment item on InventoryItem { number: legacyResourceId sku }
            """;

        var data = (await sandbox.GraphAsync(sandbox.Main, query, new
        {
            id = $"gid://shopify/InventoryItem/{variant.ItemId}",
            ids = new[] { $"gid://shopify/Location/{level.LocationId}", "gid://shopify/InventoryItem/1" },
            no = false,
        })).GetProperty("data");

        data.GetRawText().ShouldBe(
            $$"""{"mine":{"number":"{{variant.ItemId}}","sku":"{{variant.Sku}}"},"nodes":[{"__typename":"Location","name":"{{sandbox.Main.Locations[0].Name}}"},null]}""");
    }

    [Fact]
    public async Task A_bulk_query_puts_levels_apart_from_their_items()
    {
        await using var sandbox = await StartAsync();
        await sandbox.GraphAsync(sandbox.Main, ValidatedOperations.Bulk);
        string? url = null;
        for (var i = 0; i < 100 && url is null; i++)
        {
            await Task.Delay(20);
            url = (await sandbox.GraphAsync(sandbox.Main, "{ bulkOperations(first:1, query:\"status:COMPLETED\"){ nodes{ url } } }"))
                .GetProperty("data").GetProperty("bulkOperations").GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("url").GetString()).FirstOrDefault();
        }

        var lines = (await sandbox.DownloadAsync(url!)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonSerializer.Deserialize<JsonElement>(l)).ToList();

        lines.Count.ShouldBe(12 + 24);
        var parents = lines.Where(l => !l.TryGetProperty("__parentId", out _)).Select(l => l.GetProperty("id").GetString()).ToHashSet();
        lines.Where(l => l.TryGetProperty("__parentId", out _)).ShouldAllBe(l => parents.Contains(l.GetProperty("__parentId").GetString()));
        lines[..12].Any(l => l.TryGetProperty("__parentId", out _)).ShouldBeTrue("children come before some parents");
    }

    [Fact]
    public async Task An_order_is_searchable_only_after_the_lag_but_readable_at_once()
    {
        await using var sandbox = await StartAsync();
        sandbox.Main.Faults = new FaultSettings { OrderSearchLagMinMs = 600_000, OrderSearchLagMaxMs = 600_000 };
        var order = sandbox.Place(sandbox.Main, 1);

        var answer = await sandbox.GraphAsync(
            sandbox.Main, "query($id:ID!){ order(id:$id){ name } orders(first:5){ nodes{ id } } }", new { id = $"gid://shopify/Order/{order.Id}" });

        answer.GetProperty("data").GetProperty("order").GetProperty("name").GetString().ShouldBe(order.Name);
        answer.GetProperty("data").GetProperty("orders").GetProperty("nodes").GetArrayLength().ShouldBe(0);
    }
}
