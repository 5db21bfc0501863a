using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// What a set's payload says of each element. A call is carried out whole or not at all, so with any error the elements
/// that are not named were not sent. Source: the codes of InventorySetQuantitiesUserErrorCode, and of its likes for moves and
/// adjustments, in the Admin API schema.
/// </summary>
internal static class SetAnswers
{
    internal const string ParameterMismatch = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH";
    private const string ConcurrentRequest = "IDEMPOTENCY_CONCURRENT_REQUEST";
    private const string PreviousAttemptFailed = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED";

    /// <summary>Code for an error that has none.</summary>
    private const string NoCode = "NO_CODE";

    /// <param name="kind">An adjustment never asks for less than none: too low then means that the compare does not hold.</param>
    internal static ChannelResult<ImmutableArray<ElementAnswer>> Read(
        JsonElement payload, IReadOnlyList<PushElement> elements, PushKind kind = PushKind.Set)
    {
        // A set that changes nothing has no adjustment group: only errors say that it was refused.
        var errors = payload.GetProperty("userErrors");
        if (errors.GetArrayLength() == 0)
        {
            var done = DoneBy(payload);
            return elements.Select(e => new ElementAnswer(e.Level, ElementOutcome.Acknowledged, null, done)).ToImmutableArray();
        }

        var answers = new ElementAnswer?[elements.Count];
        string? unindexed = null;
        foreach (var error in errors.EnumerateArray())
        {
            var code = error.GetProperty("code").GetString() ?? NoCode;
            if (OfWholeCall(code, elements) is { } whole)
            {
                return whole;
            }

            if (Index(error, elements.Count) is not { } index)
            {
                unindexed ??= code;
            }
            else
            {
                answers[index] ??= new ElementAnswer(elements[index].Level, OutcomeOf(code, kind), code);
            }
        }

        // One element alone is at fault, whether it was named or not.
        if (unindexed is not null && elements.Count == 1)
        {
            answers[0] ??= new ElementAnswer(elements[0].Level, OutcomeOf(unindexed, kind), unindexed);
        }

        var named = Array.Exists(answers, answer => answer is not null);
        var rest = unindexed is not null && !named ? BatchSplitter.UnindexedPrefix + unindexed : null;
        return answers.Select((answer, i) => answer ?? new ElementAnswer(elements[i].Level, ElementOutcome.NotSent, rest))
            .ToImmutableArray();
    }

    /// <summary>Errors that concern the call and no element; null for the others.</summary>
    private static ChannelResult<ImmutableArray<ElementAnswer>>? OfWholeCall(string code, IReadOnlyList<PushElement> elements) =>
        code switch
        {
            ConcurrentRequest => new ChannelFault(
                ChannelFaultKind.Unknown, code, "the same key is under way: ask again with the same key"),
            ParameterMismatch => new ChannelFault(
                ChannelFaultKind.Rejected, code, "the key was used for another request"),
            PreviousAttemptFailed => All(elements, ElementOutcome.NotSent, code),
            "SERVICE_UNAVAILABLE" => new ChannelFault(ChannelFaultKind.Transient, code, "inventory cannot be written at the moment"),
            "INVALID_NAME" or "INVALID_REASON" or "INVALID_REFERENCE_DOCUMENT" or "COMPARE_QUANTITY_REQUIRED" or "INVALID_QUANTITY_NAME"
                or "INVALID_QUANTITY_DOCUMENT" or "INVALID_AVAILABLE_DOCUMENT" or "INVALID_LEDGER_DOCUMENT" or "INTERNAL_LEDGER_DOCUMENT"
                or "MAX_ONE_LEDGER_DOCUMENT" or "MAXIMUM_LEDGER_DOCUMENT_URIS" =>
                new ChannelFault(ChannelFaultKind.Rejected, code, "the request as a whole was refused"),
            _ => (ChannelResult<ImmutableArray<ElementAnswer>>?)null,
        };

    private static ElementOutcome OutcomeOf(string code, PushKind kind) => code switch
    {
        "INVALID_QUANTITY_TOO_LOW" when kind == PushKind.Adjust => ElementOutcome.Stale,
        "CHANGE_FROM_QUANTITY_STALE" or "COMPARE_QUANTITY_STALE" => ElementOutcome.Stale,

        // "Try again": not done, and a person can do nothing about it. The next try is one of what is there then.
        "MOVE_QUANTITIES_FAILED" or "ADJUST_QUANTITIES_FAILED" => ElementOutcome.Stale,
        "INVALID_INVENTORY_ITEM" or "INVALID_LOCATION" => ElementOutcome.Gone,

        // Bundles, pairs that are not stocked, quantities out of range, pairs given twice, and codes we do not know:
        // sending the same again would be refused again.
        _ => ElementOutcome.Blocked,
    };

    /// <summary>The shop cuts its times to whole seconds: the write happened before the second was over.</summary>
    private static DateTimeOffset? DoneBy(JsonElement payload) =>
        payload.TryGetProperty("inventoryAdjustmentGroup", out var group) && group.ValueKind == JsonValueKind.Object
            ? group.GetProperty("createdAt").GetDateTimeOffset().AddSeconds(1).AddTicks(-1)
            : null;

    private static ImmutableArray<ElementAnswer> All(IReadOnlyList<PushElement> elements, ElementOutcome outcome, string? code) =>
        [.. elements.Select(element => new ElementAnswer(element.Level, outcome, code))];

    /// <summary>The element in a path such as <c>input, quantities, 71, changeFromQuantity</c>.</summary>
    private static int? Index(JsonElement error, int count)
    {
        if (error.GetProperty("field") is not { ValueKind: JsonValueKind.Array } path)
        {
            return null;
        }

        foreach (var part in path.EnumerateArray())
        {
            if (int.TryParse(part.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < count)
            {
                return index;
            }
        }

        return null;
    }
}
