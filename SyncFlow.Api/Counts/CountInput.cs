using SyncFlow.Api.Locations;
using SyncFlow.Api.Skus;
using SyncFlow.Api.StockOperations;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Counts;

/// <summary>A count as a caller names it.</summary>
/// <param name="Key">Names the count for ever.</param>
/// <param name="Counted">Units that were there; 0 or more.</param>
/// <param name="AsOf">When they were counted; now when left out. What moved at that moment or later was not seen.</param>
/// <param name="Document">The paper it belongs to, for example a count sheet.</param>
internal sealed record CountInput(
    string? Key, string? Sku, string? Location, decimal? Counted, DateTimeOffset? AsOf, string? Document, string? Note) : IItem
{
    /// <summary>Before the fact keys of counts.</summary>
    public const string KeyPrefix = "count:";

    /// <summary>The count to take in; null where a field is refused, and <paramref name="check"/> has the reasons.</summary>
    public PreparedOperation? Prepare(CodeBook codes, DateTimeOffset now, Check check)
    {
        check.Text(Key, "key", OperationInput.LongestKey)
            .Text(Sku, "sku", SkuCode.Longest).That(string.IsNullOrWhiteSpace(Sku) || codes.Sku(Sku) is not null, "sku", "There is no such SKU.")
            .Text(Location, "location", CreateLocation.LongestCode)
            .That(string.IsNullOrWhiteSpace(Location) || codes.Location(Location) is not null, "location", "There is no location with this code.")
            .That(AsOf is null || AsOf <= now, "asOf", "It lies in the future: nobody has counted then.")
            .Optional(Document, "document", OperationInput.LongestDocument).Optional(Note, "note", OperationInput.LongestNote);
        OperationInput.CheckUnits(Counted, "counted", 0, check);
        return !check.Holds
            ? null
            : OperationEvents.OfCount(new OperationDraft(
                KeyPrefix + Key!.Trim(), OperationKind.Count, codes.Sku(Sku)!.Value, codes.Location(Location)!.Value, (int)Counted!.Value,
                AsOf ?? now, AsOf is not null, Document: Document?.Trim(), Note: Note));
    }
}
