using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources;

/// <summary>A page of a source's API, its frame checked and its rows as they came.</summary>
/// <param name="Items">The rows in the Source API's words; none of a page of the source's own form.</param>
/// <param name="Next">The cursor of the next page; null after the last.</param>
/// <param name="Watermark">How far the source has got: its number, or its time as text; null where it says nothing.</param>
/// <param name="AsOf">Of positions: when they were taken, by the source's clock.</param>
/// <param name="Sequence">Of positions: up to which number they contain everything.</param>
/// <param name="PostedThrough">Of positions: what of other systems they contain.</param>
/// <param name="Hash">Of the rows.</param>
public sealed record SourcePage(
    IReadOnlyList<JsonElement> Items, string? Next, string? Watermark, DateTimeOffset? AsOf, long? Sequence, IReadOnlyList<PostedInput> PostedThrough,
    string Hash)
{
    /// <summary>Rows of one page: a source that sends more than it was asked for is heard, within reason.</summary>
    public const int MostRows = 10_000;

    /// <summary>Characters of a cursor.</summary>
    public const int LongestCursor = 2_000;

    /// <summary>Records of a page of the source's own form, and what the mapping made of each; null for the Source API's.</summary>
    private IReadOnlyList<(JsonRecord Record, MappedRecord Read)>? Own { get; init; }

    /// <summary>Rows on it.</summary>
    public int Count => Own?.Count ?? Items.Count;

    /// <summary>Its rows as movements or other events.</summary>
    public IEnumerable<PulledRow> Movements() =>
        Own?.SelectMany(row => PulledRow.OfOwn(row.Record, row.Read, one => one)) ?? Items.Select(PulledRow.OfMovement);

    /// <summary>Its rows as positions of the page's moment.</summary>
    /// <param name="id">Makes the events' ids, one after another.</param>
    public IEnumerable<PulledRow> Positions(Func<string> id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return Own?.SelectMany(row => OwnPositions(row.Record, row.Read, id)) ?? Items.Select(row => PulledRow.OfPosition(row, id(), this));
    }

    /// <summary>Ids number the records: one that is broken has its number, too.</summary>
    private IEnumerable<PulledRow> OwnPositions(JsonRecord record, MappedRecord read, Func<string> id)
    {
        _ = read.Events.Count == 0 ? id() : null;
        return PulledRow.OfOwn(record, read, one => one with { Id = id(), OccurredAt = AsOf!.Value, Sequence = Sequence });
    }

    /// <summary>A page of the source's own form, its records read by a mapping.</summary>
    internal static SourcePage OfOwn(
        IReadOnlyList<JsonRecord> records, SourceMapping mapping, string? next, string? watermark, DateTimeOffset? asOf, long? sequence) =>
        new([], next, watermark, asOf, sequence, [], HashOf(records.Select(r => r.Raw))) { Own = [.. records.Select(r => (r, mapping.Read(r)))] };

    /// <summary>A page's frame; null where it is not one, which is noted.</summary>
    public static SourcePage? Read(JsonElement page, Check check)
    {
        var fields = new RowFields(page, check);
        var items = fields.List("items", needed: true);
        var next = fields.Text("next");
        var watermark = fields.Text("watermark");
        var (asOf, sequence) = (fields.Time("asOf"), fields.Whole("sequence"));
        var posted = fields.Posted("postedThrough");
        check.That(items.Count <= MostRows, "items", string.Create(CultureInfo.InvariantCulture, $"At most {MostRows} rows in a page."))
            .That(next is null or { Length: > 0 and <= LongestCursor }, "next", $"A cursor of 1 to {LongestCursor} characters, or null after the last page.")
            .That(sequence is null or (>= 0 and < SourceVersions.Span), "sequence", $"From 0 to {SourceVersions.Span - 1}.");
        SourceEventInput.CheckMarks(posted, check);
        return check.Holds ? new SourcePage(items, next, watermark, asOf, sequence, posted, HashOf(items.Select(i => i.GetRawText()))) : null;
    }

    private static string HashOf(IEnumerable<string> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in rows)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(row));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
