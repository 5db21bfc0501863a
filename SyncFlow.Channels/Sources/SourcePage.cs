using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources;

/// <summary>A page of a source's API, its frame checked and its rows as they came.</summary>
/// <param name="Items">The rows.</param>
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

    private const int LongestCursor = 2_000;

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
        return check.Holds ? new SourcePage(items, next, watermark, asOf, sequence, posted, HashOf(items)) : null;
    }

    private static string HashOf(IReadOnlyList<JsonElement> items)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var item in items)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(item.GetRawText()));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
