using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Shouldly;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Architecture;
using Xunit;

namespace SyncFlow.Tests.Channels;

/// <summary>Every error that Shopify documents for what we call, and what it means for a read and for a write.</summary>
public sealed partial class DocumentedErrorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(400, ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData(401, ChannelFaultKind.Unauthorized, ChannelFaultKind.Unauthorized)]
    [InlineData(402, ChannelFaultKind.ShopUnavailable, ChannelFaultKind.ShopUnavailable)]
    [InlineData(403, ChannelFaultKind.Unauthorized, ChannelFaultKind.Unauthorized)]
    [InlineData(404, ChannelFaultKind.ShopUnavailable, ChannelFaultKind.ShopUnavailable)]
    [InlineData(406, ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData(414, ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData(422, ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData(423, ChannelFaultKind.ShopUnavailable, ChannelFaultKind.ShopUnavailable)]
    [InlineData(429, ChannelFaultKind.RateLimited, ChannelFaultKind.RateLimited)]
    [InlineData(430, ChannelFaultKind.RateLimited, ChannelFaultKind.RateLimited)]
    [InlineData(500, ChannelFaultKind.Transient, ChannelFaultKind.Unknown)]
    [InlineData(502, ChannelFaultKind.Transient, ChannelFaultKind.Unknown)]
    [InlineData(503, ChannelFaultKind.Transient, ChannelFaultKind.Unknown)]
    [InlineData(504, ChannelFaultKind.Transient, ChannelFaultKind.Unknown)]
    public void Each_status_has_its_class(int status, ChannelFaultKind read, ChannelFaultKind write)
    {
        KindOf("Levels", (HttpStatusCode)status, "").ShouldBe(read);
        KindOf("InventorySet", (HttpStatusCode)status, "").ShouldBe(write);
    }

    [Theory]
    [InlineData("THROTTLED", ChannelFaultKind.RateLimited, ChannelFaultKind.RateLimited)]
    [InlineData("ACCESS_DENIED", ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData("SHOP_INACTIVE", ChannelFaultKind.ShopUnavailable, ChannelFaultKind.ShopUnavailable)]
    [InlineData("INTERNAL_SERVER_ERROR", ChannelFaultKind.Transient, ChannelFaultKind.Unknown)]
    [InlineData("TIMEOUT", ChannelFaultKind.Transient, ChannelFaultKind.Unknown)]
    [InlineData("MAX_COST_EXCEEDED", ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData("MAX_INPUT_SIZE_EXCEEDED", ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData("BAD_REQUEST", ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData("INVALID_FIELD_ARGUMENTS", ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    [InlineData("undefinedField", ChannelFaultKind.Rejected, ChannelFaultKind.Rejected)]
    public void Each_top_level_code_has_its_class(string code, ChannelFaultKind read, ChannelFaultKind write)
    {
        var body = $$$"""{"errors":[{"message":"x","extensions":{"code":"{{{code}}}"}}]}""";
        KindOf("Levels", HttpStatusCode.OK, body).ShouldBe(read);
        KindOf("InventorySet", HttpStatusCode.OK, body).ShouldBe(write);
    }

    /// <summary>What a set says of one element of two, by its code; null where the code concerns the whole call.</summary>
    private static readonly Dictionary<string, ElementOutcome?> OfElements = new(StringComparer.Ordinal)
    {
        ["CHANGE_FROM_QUANTITY_STALE"] = ElementOutcome.Stale,
        ["COMPARE_QUANTITY_STALE"] = ElementOutcome.Stale,
        ["INVALID_INVENTORY_ITEM"] = ElementOutcome.Gone,
        ["INVALID_LOCATION"] = ElementOutcome.Gone,
        ["INVALID_QUANTITY_NEGATIVE"] = ElementOutcome.Blocked,
        ["INVALID_QUANTITY_TOO_HIGH"] = ElementOutcome.Blocked,
        ["INVALID_QUANTITY_TOO_LOW"] = ElementOutcome.Blocked,
        ["NON_MUTABLE_INVENTORY_ITEM"] = ElementOutcome.Blocked,
        ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"] = ElementOutcome.Blocked,
        ["COMPARE_QUANTITY_REQUIRED"] = null,
        ["IDEMPOTENCY_CONCURRENT_REQUEST"] = null,
        ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"] = null,
        ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"] = null,
        ["INVALID_NAME"] = null,
        ["INVALID_REASON"] = null,
        ["INVALID_REFERENCE_DOCUMENT"] = null,
    };

    /// <summary>The same for calls that touch parked units: what both have, and what each has alone.</summary>
    private static readonly Dictionary<string, ElementOutcome?> OfParked = new(StringComparer.Ordinal)
    {
        ["CHANGE_FROM_QUANTITY_STALE"] = ElementOutcome.Stale,
        ["INVALID_INVENTORY_ITEM"] = ElementOutcome.Gone,
        ["INVALID_LOCATION"] = ElementOutcome.Gone,
        ["INVALID_QUANTITY_TOO_HIGH"] = ElementOutcome.Blocked,
        ["NON_MUTABLE_INVENTORY_ITEM"] = ElementOutcome.Blocked,
        ["IDEMPOTENCY_CONCURRENT_REQUEST"] = null,
        ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"] = null,
        ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"] = null,
        ["INTERNAL_LEDGER_DOCUMENT"] = null,
        ["INVALID_AVAILABLE_DOCUMENT"] = null,
        ["INVALID_LEDGER_DOCUMENT"] = null,
        ["INVALID_QUANTITY_DOCUMENT"] = null,
        ["INVALID_QUANTITY_NAME"] = null,
        ["INVALID_REASON"] = null,
        ["INVALID_REFERENCE_DOCUMENT"] = null,
        ["SERVICE_UNAVAILABLE"] = null,
    };

    private static readonly Dictionary<string, ElementOutcome?> OfMoves = new(OfParked, StringComparer.Ordinal)
    {
        ["DIFFERENT_LOCATIONS"] = ElementOutcome.Blocked,
        ["INVALID_QUANTITY_NEGATIVE"] = ElementOutcome.Blocked,
        ["MAXIMUM_LEDGER_DOCUMENT_URIS"] = null,
        ["MOVE_QUANTITIES_FAILED"] = ElementOutcome.Stale,
        ["SAME_QUANTITY_NAME"] = ElementOutcome.Blocked,
    };

    private static readonly Dictionary<string, ElementOutcome?> OfAdjustments = new(OfParked, StringComparer.Ordinal)
    {
        ["ADJUST_QUANTITIES_FAILED"] = ElementOutcome.Stale,
        ["INVALID_QUANTITY_TOO_LOW"] = ElementOutcome.Stale,
        ["MAX_ONE_LEDGER_DOCUMENT"] = null,
    };

    [Theory]
    [InlineData(PushKind.Set)]
    [InlineData(PushKind.Move)]
    [InlineData(PushKind.Adjust)]
    public void Each_code_in_the_schema_is_known_here(PushKind kind)
    {
        var schema = File.ReadAllText(Path.Combine(Sources.Root, "SyncFlow.Simulator", "Shopify", "admin-2026-10.graphql"));
        var codes = Enum().Matches(schema).Single(m => m.Groups[1].Value == kind.ToString()).Groups[2].Value
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.All(letter => char.IsAsciiLetterUpper(letter) || letter == '_'));
        codes.Order(StringComparer.Ordinal).ShouldBe(Of(kind).Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(PushKind.Set)]
    [InlineData(PushKind.Move)]
    [InlineData(PushKind.Adjust)]
    public void Each_code_of_an_element_is_its_own_and_its_neighbour_was_not_sent(PushKind kind)
    {
        foreach (var (code, outcome) in Of(kind).Where(pair => pair.Value is not null))
        {
            var answer = AnswerOf(code, """["input","changes","1","quantity"]""", kind);
            answer.Succeeded.ShouldBeTrue(code);
            answer.Value.Select(a => a.Outcome).ShouldBe([ElementOutcome.NotSent, outcome!.Value], code);
        }
    }

    [Theory]
    [InlineData("SERVICE_UNAVAILABLE", ChannelFaultKind.Transient)]
    [InlineData("MAX_ONE_LEDGER_DOCUMENT", ChannelFaultKind.Rejected)]
    [InlineData("MAXIMUM_LEDGER_DOCUMENT_URIS", ChannelFaultKind.Rejected)]
    [InlineData("INVALID_LEDGER_DOCUMENT", ChannelFaultKind.Rejected)]
    public void Codes_of_a_whole_call_that_touches_parked_units_are_faults(string code, ChannelFaultKind kind) =>
        AnswerOf(code, "null", PushKind.Move).Fault!.Kind.ShouldBe(kind);

    [Theory]
    [InlineData("IDEMPOTENCY_CONCURRENT_REQUEST", ChannelFaultKind.Unknown)]
    [InlineData("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", ChannelFaultKind.Rejected)]
    [InlineData("COMPARE_QUANTITY_REQUIRED", ChannelFaultKind.Rejected)]
    [InlineData("INVALID_NAME", ChannelFaultKind.Rejected)]
    [InlineData("INVALID_REASON", ChannelFaultKind.Rejected)]
    [InlineData("INVALID_REFERENCE_DOCUMENT", ChannelFaultKind.Rejected)]
    public void Codes_of_the_whole_call_are_faults(string code, ChannelFaultKind kind) =>
        AnswerOf(code, """["input","name"]""").Fault!.Kind.ShouldBe(kind);

    [Fact]
    public void An_attempt_that_failed_before_was_not_carried_out() =>
        AnswerOf("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "null").Value.ShouldAllBe(a => a.Outcome == ElementOutcome.NotSent);

    private static Dictionary<string, ElementOutcome?> Of(PushKind kind) => kind switch
    {
        PushKind.Set => OfElements,
        PushKind.Move => OfMoves,
        _ => OfAdjustments,
    };

    private static ChannelResult<ImmutableArray<ElementAnswer>> AnswerOf(string code, string field, PushKind kind = PushKind.Set)
    {
        using var payload = JsonDocument.Parse($$"""{"userErrors":[{"code":"{{code}}","field":{{field}},"message":"x"}]}""");
        return SetAnswers.Read(payload.RootElement, [Element(1), Element(2)], kind);
    }

    private static PushElement Element(long id) => new(new SkuId(id), new LevelId(id), 1, $"{id}", "1", 5, 4, null);

    private static ChannelFaultKind KindOf(string operation, HttpStatusCode status, string body)
    {
        using var response = new HttpResponseMessage(status);
        return ShopifyFaults.Classify(ShopifyOperation.All[operation], response, Encoding.UTF8.GetBytes(body), Now).Fault!.Kind;
    }

    [GeneratedRegex(@"enum Inventory(\w+)QuantitiesUserErrorCode \{([^}]*)\}")]
    private static partial Regex Enum();
}
