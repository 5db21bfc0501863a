using System.Net;
using System.Text;
using Shouldly;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Faults;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Channels.ShopStand;

namespace SyncFlow.Tests.Channels;

public sealed class FaultTests
{
    [Theory]
    [InlineData("revoked", ChannelFaultKind.Unauthorized, "HTTP_401")]
    [InlineData("frozen", ChannelFaultKind.ShopUnavailable, "HTTP_402")]
    [InlineData("locked", ChannelFaultKind.ShopUnavailable, "HTTP_423")]
    public async Task States_of_the_shop_and_the_token_are_told_apart(string state, ChannelFaultKind kind, string code)
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = state switch
        {
            "revoked" => new FaultSettings { TokenRevoked = true },
            "frozen" => new FaultSettings { Frozen = true },
            _ => new FaultSettings { Locked = true },
        };

        var read = await stand.Client.ReadShopAsync(CancellationToken.None);
        var set = await stand.SendAsync(PushOf(stand.Element(0, 1)));

        (read.Fault!.Kind, read.Fault.Code).ShouldBe((kind, code));
        (set.Fault!.Kind, set.Fault.Code).ShouldBe((kind, code));
    }

    [Fact]
    public async Task An_unknown_shop_is_unavailable_and_a_wrong_token_unauthorized_and_the_token_is_in_no_text()
    {
        await using var stand = await StartAsync();

        var shop = await stand.ClientWith("x", "nowhere.myshopify.com").ReadShopAsync(CancellationToken.None);
        var token = await stand.ClientWith("wrong-token").ReadShopAsync(CancellationToken.None);

        shop.Fault!.Kind.ShouldBe(ChannelFaultKind.ShopUnavailable);
        token.Fault!.Kind.ShouldBe(ChannelFaultKind.Unauthorized);
        token.Fault.Message.ShouldNotContain("wrong-token");
        new ShopifyAccess("s", "https://{shop}", "2026-10", "wrong-token").ToString().ShouldNotContain("wrong-token");
    }

    [Fact]
    public async Task An_outage_leaves_a_mutation_unknown_and_a_query_to_be_tried_again()
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = new FaultSettings { Outage = true };

        (await stand.SendAsync(PushOf(stand.Element(0, 1)))).Fault!.Kind.ShouldBe(ChannelFaultKind.Unknown);
        (await stand.Client.ReadShopAsync(CancellationToken.None)).Fault!.Kind.ShouldBe(ChannelFaultKind.Transient);
    }

    [Fact]
    public async Task A_shop_that_cannot_be_reached_got_nothing()
    {
        await using var stand = await StartAsync();
        using var http = new HttpClient();
        var access = new ShopifyAccess("s", "http://127.0.0.1:1/{shop}", "2026-10", "t");
        var client = new ShopifyClient(http, access, new CostBudget(TimeProvider.System.GetUtcNow()), TimeProvider.System);
        var push = PushOf(stand.Element(0, 1));

        var set = await client.SendSetAsync(push.Id, ShopifyClient.PrepareSetBody(push), push, CancellationToken.None);

        (set.Fault!.Kind, set.Fault.Code).ShouldBe((ChannelFaultKind.Transient, "NOT_CONNECTED"));
    }

    [Theory]
    [InlineData("query { shop { nothing } }", "undefinedField")]
    [InlineData("mutation Set($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) { userErrors { message } } }", "BAD_REQUEST")]
    public async Task Requests_that_are_wrong_are_rejected_with_the_shops_own_code(string document, string code)
    {
        await using var stand = await StartAsync();
        var operation = new ShopifyOperation(document.StartsWith("mutation", StringComparison.Ordinal) ? "Set" : null!, document, document[0] == 'm');
        var element = stand.Element(0, 1);
        var quantity = new Dictionary<string, object?>
        {
            ["inventoryItemId"] = $"gid://shopify/InventoryItem/{element.ItemRef}",
            ["locationId"] = $"gid://shopify/Location/{element.ExternalLocation}",
            ["quantity"] = 1,
            ["changeFromQuantity"] = null,
        };

        var answer = await stand.Client.SendAsync(
            operation, new { input = new { name = "available", reason = "correction", quantities = new[] { quantity } } }, 10, CancellationToken.None);

        (answer.Fault!.Kind, answer.Fault.Code).ShouldBe((ChannelFaultKind.Rejected, code));
    }

    [Fact]
    public async Task A_null_is_written_since_the_shop_refuses_a_compare_that_is_left_out()
    {
        await using var stand = await StartAsync();
        var operation = ShopifyOperation.All["InventorySet"];
        var element = stand.Element(0, 6);
        Dictionary<string, object?> quantity = new()
        {
            ["inventoryItemId"] = $"gid://shopify/InventoryItem/{element.ItemRef}",
            ["locationId"] = $"gid://shopify/Location/{element.ExternalLocation}",
            ["quantity"] = 6,
        };
        object Variables(string key) => new { key, input = new { name = "available", reason = "correction", quantities = new[] { quantity } } };

        var without = await stand.Client.SendAsync(operation, Variables("a"), 10, CancellationToken.None);
        quantity["changeFromQuantity"] = null;
        var with = await stand.Client.SendAsync(operation, Variables("b"), 10, CancellationToken.None);

        (without.Fault!.Kind, without.Fault.Code).ShouldBe((ChannelFaultKind.Rejected, "INVALID_FIELD_ARGUMENTS"));
        with.Succeeded.ShouldBeTrue();
        with.Value!.Dispose();
        stand.Shown(0).ShouldBe(6);
    }

    [Fact]
    public async Task A_missing_scope_and_a_query_too_dear_are_rejected()
    {
        await using var stand = await StartAsync();
        stand.Shop.Scopes.Remove("read_locations");
        var dear = new ShopifyOperation(
            "Dear", "query Dear { orders(first:250) { nodes { lineItems(first:250) { nodes { variant { product { variants(first:250) { nodes { id inventoryItem { id } } } } } } } } } }", false);

        (await stand.Client.ReadLocationsAsync(CancellationToken.None)).Fault!.Code.ShouldBe("ACCESS_DENIED");
        var answer = await stand.Client.SendAsync(dear, null, 10, CancellationToken.None);
        (answer.Fault!.Kind, answer.Fault.Code).ShouldBe((ChannelFaultKind.Rejected, "MAX_COST_EXCEEDED"));
    }

    [Theory]
    [InlineData("""{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}""", ChannelFaultKind.Unknown)]
    [InlineData("""{"errors":[{"message":"x","extensions":{"code":"NEVER_SEEN"}}],"data":{"a":null}}""", ChannelFaultKind.Unknown)]
    [InlineData("""{"errors":[{"message":"x","extensions":{"code":"undefinedField"}}]}""", ChannelFaultKind.Rejected)]
    [InlineData("""{"errors":"text"}""", ChannelFaultKind.Rejected)]
    [InlineData("""{}""", ChannelFaultKind.Unknown)]
    [InlineData("""[1]""", ChannelFaultKind.Unknown)]
    [InlineData("<html>", ChannelFaultKind.Unknown)]
    public void Of_a_mutation_only_what_surely_was_not_done_is_called_so(string body, ChannelFaultKind kind)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.OK);

        var answer = ShopifyFaults.Classify(
            ShopifyOperation.All["InventorySet"], response, Encoding.UTF8.GetBytes(body), TimeProvider.System.GetUtcNow());

        answer.Fault!.Kind.ShouldBe(kind);
    }

    [Fact]
    public async Task A_throttled_call_waits_for_points_and_then_succeeds()
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = new FaultSettings { ThrottleStorm = true };

        var read = stand.Client.ReadShopAsync(CancellationToken.None);
        await SyncFlow.Tests.Support.Waits.UntilAsync(() => stand.Sandbox.World.Stats["throttled"] >= 1, "a refusal");
        stand.Shop.Faults = new FaultSettings();

        (await read).Succeeded.ShouldBeTrue();
        var counts = stand.Budget.TakeCounts(TimeProvider.System.GetUtcNow());
        (counts.Calls, counts.Throttled).ShouldBe((stand.Sandbox.World.Stats["apiCalls"], stand.Sandbox.World.Stats["throttled"]));
        stand.Budget.TakeCounts(TimeProvider.System.GetUtcNow()).Calls.ShouldBe(0, "they are told once");
    }

    [Fact]
    public async Task A_storm_that_does_not_end_is_told_after_the_stated_tries()
    {
        await using var stand = await StartAsync();
        stand.Shop.Faults = new FaultSettings { ThrottleStorm = true };

        var read = await stand.Client.ReadShopAsync(CancellationToken.None);

        read.Fault!.Kind.ShouldBe(ChannelFaultKind.RateLimited);
        stand.Sandbox.World.Stats["throttled"].ShouldBe(ShopifyClient.ThrottledTries);
    }

    [Fact]
    public async Task The_budget_learns_the_shops_rate()
    {
        await using var stand = await StartAsync();
        stand.Budget.RestoreRate.ShouldBe(100);

        (await stand.Client.ReadShopAsync(CancellationToken.None)).Succeeded.ShouldBeTrue();

        stand.Budget.RestoreRate.ShouldBe(1_000);
        stand.Budget.Available(TimeProvider.System.GetUtcNow()).ShouldBeGreaterThan(19_000);
    }
}
