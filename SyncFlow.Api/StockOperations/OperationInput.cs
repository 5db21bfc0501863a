using System.Text.RegularExpressions;
using SyncFlow.Api.Locations;
using SyncFlow.Api.Skus;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.StockOperations;

/// <summary>An operation as a caller names it: in JSON, or in a row of a file. Everything is checked here, field by field.</summary>
/// <param name="Key">Names the operation for ever, for example the id of the delivery note's line.</param>
/// <param name="Kind"><c>receipt</c>, <c>return</c>, <c>adjustment</c>, <c>writeOff</c> or <c>move</c>.</param>
/// <param name="Units">Above zero; for an adjustment the difference.</param>
/// <param name="From">Condition before: <c>available</c>, <c>inspection</c> or <c>damaged</c> (writeOff, move).</param>
/// <param name="To">Condition after (receipt, return, move).</param>
/// <param name="Reason">Code; needed for adjustments and write-offs.</param>
/// <param name="Document">The paper it belongs to, for example a delivery note.</param>
/// <param name="OccurredAt">When it happened; now when left out.</param>
internal sealed partial record OperationInput(
    string? Key, string? Kind, string? Sku, string? Location, decimal? Units, string? From, string? To, string? Reason,
    string? Document, string? Note, DateTimeOffset? OccurredAt) : IItem
{
    /// <summary>More units in one operation are a slip of the keyboard.</summary>
    public const int MostUnits = Limits.Units;

    public const int LongestKey = 200;

    public const int LongestDocument = 100;

    public const int LongestNote = 500;

    /// <summary>Before the fact keys of operations told by people and integrators.</summary>
    public const string KeyPrefix = "movement:";

    private static readonly OperationKind[] Kinds =
        [OperationKind.Receipt, OperationKind.Return, OperationKind.Adjustment, OperationKind.WriteOff, OperationKind.Move];

    /// <summary>What the operation books; null where a field is refused, and <paramref name="check"/> has the reasons.</summary>
    public PreparedOperation? Prepare(CodeBook codes, DateTimeOffset now, Check check)
    {
        OperationKind? kind = Words.TryParse<OperationKind>(Kind, out var named) && Kinds.Contains(named) ? named : null;
        check.Text(Key, "key", LongestKey)
            .That(kind is not null, "kind", "One of: receipt, return, adjustment, writeOff, move.")
            .Text(Sku, "sku", SkuCode.Longest).That(string.IsNullOrWhiteSpace(Sku) || codes.Sku(Sku) is not null, "sku", "There is no such SKU.")
            .Text(Location, "location", CreateLocation.LongestCode)
            .That(string.IsNullOrWhiteSpace(Location) || codes.Location(Location) is not null, "location", "There is no location with this code.")
            .Optional(Document, "document", LongestDocument).Optional(Note, "note", LongestNote)
            .That(OccurredAt is null || OccurredAt <= now, "occurredAt", "It lies in the future.");
        CheckUnits(Units, "units", kind == OperationKind.Adjustment ? -MostUnits : 1, check);
        CheckReason(kind, check);
        var from = ConditionOf(From, "from", kind is OperationKind.WriteOff or OperationKind.Move, check);
        var to = ConditionOf(To, "to", kind is OperationKind.Receipt or OperationKind.Return or OperationKind.Move, check);
        check.That(kind != OperationKind.Move || From is null || To is null || from != to, "to", "Another condition than before.")
            .That(kind != OperationKind.Move || From is not null, "from", "One of: available, inspection, damaged.")
            .That(kind != OperationKind.Move || To is not null, "to", "One of: available, inspection, damaged.");
        return check.Holds ? Prepared(kind!.Value, codes, now, from, to) : null;
    }

    /// <summary>A whole number in range that is not zero.</summary>
    internal static void CheckUnits(decimal? units, string field, int least, Check check) => check
        .That(units is not null || check.Names(field), field, "A number is needed.")
        .That(units is not { } whole || decimal.Truncate(whole) == whole, field, "A whole number; units are not divided.")
        .That(units is null || (units >= least && units <= MostUnits), field, $"From {least} to {MostUnits}.")
        .That(units is not 0 || least >= 0, field, "Zero moves nothing.");

    private void CheckReason(OperationKind? kind, Check check) => check
        .That(Reason is not null || kind is not (OperationKind.Adjustment or OperationKind.WriteOff), "reason", "A reason code is needed.")
        .That(Reason is null || ReasonCode().IsMatch(Reason), "reason", "1 to 40 lower-case letters, digits and dashes, for example 'damaged-in-store'.");

    private static StockCondition ConditionOf(string? text, string field, bool allowed, Check check)
    {
        var known = Words.TryParse<StockCondition>(text, out var condition);
        check.That(text is null || known, field, "One of: available, inspection, damaged.")
            .That(text is null || allowed, field, "This kind of operation has no such condition.");
        return known ? condition : StockCondition.Available;
    }

    private PreparedOperation Prepared(OperationKind kind, CodeBook codes, DateTimeOffset now, StockCondition from, StockCondition to)
    {
        var (sku, location, units) = (codes.Sku(Sku)!.Value, codes.Location(Location)!.Value, (int)Units!.Value);
        var hasFrom = kind is OperationKind.WriteOff or OperationKind.Move;
        var hasTo = kind is OperationKind.Receipt or OperationKind.Return or OperationKind.Move;
        var draft = new OperationDraft(
            KeyPrefix + Key!.Trim(), kind, sku, location, units, OccurredAt ?? now, OccurredAt is not null, hasFrom ? from : null,
            hasTo ? to : null, Reason, Document?.Trim(), Note);
        return OperationEvents.Of(draft, OperationLegs.Of(kind, new Core.LocationId(location), units, from, to));
    }

    [GeneratedRegex("^[a-z0-9-]{1,40}$")]
    private static partial Regex ReasonCode();
}
