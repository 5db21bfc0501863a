using System.Globalization;
using System.Text.Json;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources.Pages;

/// <summary>Asks for and reads pages of a source's own form: records become events by a mapping.</summary>
/// <param name="shape">Where things are in a page.</param>
/// <param name="mapping">What its records mean.</param>
/// <param name="positions">Whether they are all positions, not movements.</param>
public sealed class OwnPages(PageShape shape, SourceMapping mapping, bool positions)
{
    private readonly string _template = shape.Path ?? PageAddress.Usual(positions);

    /// <summary>The address of a page; null where a cursor names another server than the source's.</summary>
    public Uri? Address(Uri below, string? since, string? cursor, int limit) =>
        cursor is not null && !IsCounted && PageAddress.Whole(below, cursor) is { } whole ? PageAddress.IsSameServer(below, whole) ? whole : null
        : PageAddress.Of(below, _template, since, cursor, limit);

    /// <summary>A page; null where it is not one, which is noted.</summary>
    /// <param name="asked">The cursor it was asked with.</param>
    /// <param name="dated">When the answer was made, by the source's clock; null where it does not say.</param>
    public SourcePage? Read(JsonElement page, Uri below, string? asked, DateTimeOffset? dated, Check check)
    {
        ArgumentNullException.ThrowIfNull(check);
        var place = shape.Rows ?? mapping.Records;
        var top = new JsonRecord(page, null);
        var (listed, records) = (JsonRecord.Count(page, place), JsonRecord.Of(page, place).ToList());
        check.That(listed is not null, place.Length == 0 ? "rows" : place, "There is no list of records.")
            .That(records.Count <= SourcePage.MostRows, "rows", string.Create(CultureInfo.InvariantCulture, $"At most {SourcePage.MostRows} records in a page."));
        var next = Next(top, listed ?? 0, asked, check);
        check.That(
            next is null || IsCounted || PageAddress.Whole(below, next) is not { } whole || PageAddress.IsSameServer(below, whole), shape.Next ?? "next",
            "The next page is on another server; only the source's own is asked.");
        var asOf = positions ? AsOf(top, dated, check) : null;
        var sequence = Whole(top, check);
        return check.Holds ? SourcePage.OfOwn(records, mapping, next, shape.Watermark is { } mark ? top.Text(mark) : null, asOf, sequence) : null;
    }

    private bool IsCounted => shape.Next is null && PageAddress.Counts(_template);

    /// <summary>The cursor of the next page; null after the last.</summary>
    private string? Next(JsonRecord top, int listed, string? asked, Check check)
    {
        var more = shape.More is { } place ? top.Text(place) : null;
        check.That(shape.More is null || more is null or "true" or "false", shape.More ?? "more", "Either true or false is needed.");
        if (more == "false" || shape.More is not null && more is null)
        {
            return null;
        }

        if (shape.Next is { } named)
        {
            var next = top.Text(named);
            check.That(next is not null || more is null, named, "More is said to follow, and no next page is named.")
                .That(next is null or { Length: <= SourcePage.LongestCursor }, named, $"At most {SourcePage.LongestCursor} characters.");
            return next;
        }

        // Where nobody says whether more follows, a page that lists nothing is the end.
        return !IsCounted || (more is null && listed == 0) ? null
            : ((int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var page) ? page : 1) + 1).ToString(CultureInfo.InvariantCulture);
    }

    private DateTimeOffset? AsOf(JsonRecord top, DateTimeOffset? dated, Check check)
    {
        if (shape.AsOf is not { } place)
        {
            check.That(dated is not null, "asOf", "Neither the page nor the answer's Date says when the positions were taken.");
            return dated;
        }

        var text = top.Text(place);
        var time = default(DateTimeOffset);
        var read = text is not null && (mapping.Notation.TryTime(text, out time) || Written.TryTime(text, out time));
        check.That(read, place, text is null ? "It does not say when the positions were taken." : Written.NoTime);
        return read ? time : null;
    }

    private long? Whole(JsonRecord top, Check check)
    {
        if (shape.Sequence is not { } place)
        {
            return null;
        }

        var read = long.TryParse(top.Text(place), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < SourceVersions.Span;
        check.That(read, place, "A number of the source's sequence is needed.");
        return read ? number : null;
    }
}
