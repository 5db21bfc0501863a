using System.Net;
using System.Text.Json;
using Shouldly;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Simulator.Sandbox;

namespace SyncFlow.Tests.Simulator;

public sealed class RefusalTests
{
    [Fact]
    public async Task A_stale_comparison_refuses_the_whole_batch_and_names_its_row()
    {
        await using var sandbox = await StartAsync();
        var (_, first) = Item(sandbox.Main);
        var (_, second) = Item(sandbox.Main, 1);
        var (was, other) = (first[StockState.Available], second[StockState.Available]);

        var answer = await sandbox.SetAsync(
            sandbox.Main, SetInput(Quantity(first, 1, was), Quantity(second, 1, other + 1)), "k1");

        Error(answer).ShouldBe(("CHANGE_FROM_QUANTITY_STALE", "input.quantities.1.changeFromQuantity"));
        first[StockState.Available].ShouldBe(was);
    }

    [Fact]
    public async Task A_hidden_index_leaves_the_row_unnamed()
    {
        await using var sandbox = await StartAsync();
        var (variant, level) = Item(sandbox.Main);
        variant.HideErrorIndex = true;

        var answer = await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 1, level[StockState.Available] + 1)), "k1");

        Error(answer).Path.ShouldBe("input.quantities.changeFromQuantity");
    }

    [Fact]
    public async Task An_accepted_set_changes_the_level_and_says_by_how_much()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var was = level[StockState.Available];

        var answer = await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 7, was)), "k1");

        level[StockState.Available].ShouldBe(7);
        var change = answer.GetProperty("inventoryAdjustmentGroup").GetProperty("changes")[0];
        change.GetProperty("delta").GetInt32().ShouldBe(7 - was);
        change.GetProperty("quantityAfterChange").GetInt32().ShouldBe(7);
    }

    [Fact]
    public async Task An_explicit_null_opts_out_of_the_comparison_and_an_omitted_one_is_refused()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var omitted = Quantity(level, 5, null);
        omitted.Remove("changeFromQuantity");

        (await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, 4, null)), "k1"))
            .GetProperty("userErrors").GetArrayLength().ShouldBe(0);
        var refused = await sandbox.SetAsync(sandbox.Main, SetInput(omitted), "k2");

        Code(refused).ShouldBe("INVALID_FIELD_ARGUMENTS");
        level[StockState.Available].ShouldBe(4);
        (await sandbox.SetAsync(sandbox.Main, SetInput(omitted), "k3", "2026-01"))
            .GetProperty("userErrors").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData(-1, "INVALID_QUANTITY_NEGATIVE")]
    [InlineData(1_000_000_001, "INVALID_QUANTITY_TOO_HIGH")]
    [InlineData(-1_000_000_001, "INVALID_QUANTITY_TOO_LOW")]
    public async Task Quantities_out_of_range_are_refused(int quantity, string code)
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);

        Error(await sandbox.SetAsync(sandbox.Main, SetInput(Quantity(level, quantity, null)), "k"))
            .ShouldBe((code, "input.quantities.0.quantity"));
    }

    [Fact]
    public async Task Unknown_items_unknown_locations_bundles_and_duplicates_are_refused()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var (bundle, bundled) = Item(sandbox.Main, 1);
        bundle.IsBundleParent = true;
        var noItem = Quantity(level, 1, null);
        noItem["inventoryItemId"] = "gid://shopify/InventoryItem/1";
        var noLocation = Quantity(level, 1, null);
        noLocation["locationId"] = "gid://shopify/Location/1";

        var answer = await sandbox.SetAsync(
            sandbox.Main,
            SetInput(noItem, noLocation, Quantity(bundled, 1, null), Quantity(level, 1, null), Quantity(level, 2, null)), "k");

        answer.GetProperty("userErrors").EnumerateArray().Select(e => e.GetProperty("code").GetString()).ShouldBe(
        [
            "INVALID_INVENTORY_ITEM", "INVALID_LOCATION", "NON_MUTABLE_INVENTORY_ITEM",
            "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
        ]);
    }

    [Theory]
    [InlineData("name", "committed", "INVALID_NAME")]
    [InlineData("reason", "because", "INVALID_REASON")]
    [InlineData("referenceDocumentUri", "no uri", "INVALID_REFERENCE_DOCUMENT")]
    public async Task The_head_of_the_input_is_checked(string field, string value, string code)
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var input = SetInput(Quantity(level, 1, null));
        input[field] = value;

        Error(await sandbox.SetAsync(sandbox.Main, input, "k")).ShouldBe((code, $"input.{field}"));
    }

    [Fact]
    public async Task A_pair_that_is_not_stocked_is_refused_through_2026_07_and_kept_inactive_from_2026_10()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var (_, place) = await sandbox.ControlAsync(
            HttpMethod.Post, $"/sandbox/locations/{sandbox.Main.Domain}", new { name = "New place" });
        var quantity = Quantity(level, 3, 0);
        quantity["locationId"] = $"gid://shopify/Location/{place.GetProperty("id").GetInt64()}";

        Error(await sandbox.SetAsync(sandbox.Main, SetInput(quantity), "k1", "2026-07")).Code.ShouldBe("ITEM_NOT_STOCKED_AT_LOCATION");
        (await sandbox.SetAsync(sandbox.Main, SetInput(quantity), "k2")).GetProperty("userErrors").GetArrayLength().ShouldBe(0);

        var created = sandbox.Main.Level(level.ItemId, place.GetProperty("id").GetInt64())!;
        (created.IsActive, created[StockState.Available]).ShouldBe((false, 3));
    }

    [Fact]
    public async Task More_than_250_elements_and_a_missing_idempotency_key_are_refused()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var many = Enumerable.Range(0, 251).Select(_ => Quantity(level, 1, null)).ToArray();
        var bare = ValidatedOperations.Set.Replace("@idempotent(key: $key)", "").Replace(", $key: String!", "");

        Code(await sandbox.SetAsync(sandbox.Main, SetInput(many), "k1")).ShouldBe("MAX_INPUT_SIZE_EXCEEDED");
        Code(await sandbox.GraphAsync(sandbox.Main, bare, new { input = SetInput(Quantity(level, 1, null)) })).ShouldBe("BAD_REQUEST");
    }

    [Fact]
    public async Task An_adjustment_of_available_may_go_below_zero_but_other_states_need_a_document_and_may_not()
    {
        await using var sandbox = await StartAsync();
        var (_, level) = Item(sandbox.Main);
        var was = level[StockState.Available];

        (await AdjustAsync("available", -was - 2, null)).GetProperty("userErrors").GetArrayLength().ShouldBe(0);
        level[StockState.Available].ShouldBe(-2);
        Error(await AdjustAsync("safety_stock", 1, null)).Code.ShouldBe("INVALID_QUANTITY_DOCUMENT");
        Error(await AdjustAsync("available", 1, "gid://syncflow/Push/1")).Code.ShouldBe("INVALID_AVAILABLE_DOCUMENT");
        Error(await AdjustAsync("safety_stock", -1, "gid://syncflow/Push/1")).Code.ShouldBe("INVALID_QUANTITY_TOO_LOW");
        Error(await AdjustAsync("safety_stock", 1, "gid://shopify/Order/1")).Code.ShouldBe("INTERNAL_LEDGER_DOCUMENT");
        Error(await AdjustAsync("on_hand", 1, null)).Code.ShouldBe("INVALID_QUANTITY_NAME");

        async Task<JsonElement> AdjustAsync(string name, int delta, string? document)
        {
            var change = Quantity(level, 0, null);
            change.Remove("quantity");
            change["delta"] = delta;
            change["ledgerDocumentUri"] = document;
            var input = new { name, reason = "correction", changes = new[] { change } };
            var answer = await sandbox.GraphAsync(sandbox.Main, ValidatedOperations.Adjust, new { input, key = $"{name}{delta}{document}" });
            return answer.GetProperty("data").GetProperty("inventoryAdjustQuantities");
        }
    }

    [Fact]
    public async Task Unknown_fields_arguments_and_variables_are_named_in_the_servers_own_words()
    {
        await using var sandbox = await StartAsync();

        Code(await sandbox.GraphAsync(sandbox.Main, "{ shop { nickname } }")).ShouldBe("undefinedField");
        Code(await sandbox.GraphAsync(sandbox.Main, "{ shop(id: 1) { id } }")).ShouldBe("argumentNotAccepted");
        Code(await sandbox.GraphAsync(sandbox.Main, "{ inventoryItem { id } }")).ShouldBe("missingRequiredArguments");
        Code(await sandbox.GraphAsync(sandbox.Main, "{ shop }")).ShouldBe("selectionMismatch");
        Code(await sandbox.GraphAsync(sandbox.Main, "query($n: Int!) { products(first: $n) { nodes { id } } }")).ShouldBe("INVALID_VARIABLE");
        Code(await sandbox.GraphAsync(sandbox.Main, "{ products { nodes { id } } }")).ShouldBe("BAD_REQUEST");
        (await sandbox.GraphAsync(sandbox.Main, "{ shop { id ")).GetProperty("errors")[0].GetProperty("message").GetString()!
            .ShouldStartWith("syntax error");
    }

    [Fact]
    public async Task A_missing_scope_is_denied()
    {
        await using var sandbox = await StartAsync();
        sandbox.Main.Scopes.Remove("read_orders");

        Code(await sandbox.GraphAsync(sandbox.Main, "{ orders(first: 1) { nodes { id } } }")).ShouldBe("ACCESS_DENIED");
    }

    [Fact]
    public async Task Tokens_and_shop_states_are_answered_with_their_status()
    {
        await using var sandbox = await StartAsync();
        async Task<HttpStatusCode> StatusAsync(FaultSettings faults, string? token = null)
        {
            sandbox.Main.Faults = faults;
            using var response = await sandbox.PostAsync(sandbox.Main, "{ shop { id } }", token: token);
            return response.StatusCode;
        }

        (await StatusAsync(new FaultSettings(), "wrong")).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync(new FaultSettings { TokenRevoked = true })).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync(new FaultSettings { Frozen = true })).ShouldBe(HttpStatusCode.PaymentRequired);
        (await StatusAsync(new FaultSettings { Locked = true })).ShouldBe(HttpStatusCode.Locked);
        (await StatusAsync(new FaultSettings { Outage = true })).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await StatusAsync(new FaultSettings())).ShouldBe(HttpStatusCode.OK);
    }

    internal static (string? Code, string Path) Error(JsonElement payload)
    {
        var error = payload.GetProperty("userErrors")[0];
        return (error.GetProperty("code").GetString(),
            string.Join('.', error.GetProperty("field").EnumerateArray().Select(f => f.GetString())));
    }

    internal static string? Code(JsonElement answer) =>
        answer.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString();
}
