using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Channels.Csv;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources.Files;

/// <summary>How rows of a source's file become events: by the columns of ours, or by a mapping of its own.</summary>
/// <param name="Columns">What stands in its header.</param>
/// <param name="Row">The events of a row of a file; null where something is wrong, which is noted by column.</param>
/// <param name="LeftOut">The event of a position that a full refresh leaves out, of the file, its item, its place and its number among them; null for history.</param>
/// <param name="Moment">What the source says of when a full refresh was taken, in what orders it; null for history, whose rows say it.</param>
public sealed record SourceFileFormat(
    CsvColumns Columns, Func<CsvRow, long, Check, IReadOnlyList<SourceEvent>?> Row, Func<long, string, string, int, SourceEvent>? LeftOut, string? Moment)
{
    /// <summary>Columns of a full refresh.</summary>
    public static readonly CsvColumns Positions = new(["sku", "location", "onHand"], ["unavailable"], ["TENT-2P", "1000/0001", "98", "1"]);

    /// <summary>Columns of history.</summary>
    public static readonly CsvColumns Events = new(
        ["id", "type", "sku", "location", "occurredAt"],
        ["sequence", "units", "bucket", "onHand", "unavailable", "open", "shipped", "reference", "system"],
        ["5000012-1", "movement", "TENT-2P", "1000/0001", "2026-11-20T10:02:11Z", "10500", "-2", "", "", "", "", "", "R-77", "8"]);

    /// <summary>
    /// By what a file is known when it is sent again: its bytes, and of a full refresh its moment. The same stock at a later one
    /// is news: it is there again after it was gone, or it is still there.
    /// </summary>
    /// <param name="bytes">SHA-256 of its bytes.</param>
    public byte[] KnownBy(byte[] bytes) => Moment is null ? bytes : SHA256.HashData([.. bytes, .. Encoding.UTF8.GetBytes(Moment)]);

    /// <summary>A full refresh: all positions at one moment.</summary>
    /// <param name="asOf">The moment, by the source's own clock.</param>
    /// <param name="sequence">Its number, where the source counts.</param>
    /// <param name="mapping">How its rows are read; our own columns count where it is null, or tells anything but positions.</param>
    public static SourceFileFormat Refresh(DateTimeOffset asOf, long? sequence, SourceMapping? mapping)
    {
        SourceEventInput Position(long file, int line, string? sku, string? place, decimal? onHand, decimal? unavailable) => new(
            string.Create(CultureInfo.InvariantCulture, $"file:{file}:{line}"), "position", sku, place, asOf, sequence, null, null, onHand, unavailable, null, null,
            null, null, null);
        var moment = sequence?.ToString(CultureInfo.InvariantCulture) ?? asOf.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        SourceEvent LeftOut(long file, string item, string place, int number) => Position(file, -1 - number, item, place, 0, null).Read(null, new Check())!;
        return mapping is not { TellsPositions: true }
            ? new SourceFileFormat(
                Positions,
                (row, file, noted) => One(Position(
                    file, row.Line, row.Text("sku"), row.Text("location"), row.Number("onHand", noted), row.Number("unavailable", noted)).Read(null, noted)),
                LeftOut, moment)
            : new SourceFileFormat(
                ColumnsOf(mapping, RowChanges.Own),
                (row, file, noted) => Mapped(mapping, row, noted, OfFile(asOf, sequence)) is not { } events ? null
                    : [.. events.Select((e, n) => e with { Id = string.Create(CultureInfo.InvariantCulture, $"file:{file}:{row.Line}.{n}"), OccurredAt = asOf, Sequence = sequence })],
                LeftOut, moment);
    }

    /// <summary>History: events of the past.</summary>
    /// <param name="mapping">How its rows are read; null for our own columns.</param>
    public static SourceFileFormat History(SourceMapping? mapping) => mapping is null
        ? new SourceFileFormat(
            Events,
            (row, _, noted) => One(new SourceEventInput(
                row.Text("id"), row.Text("type"), row.Text("sku"), row.Text("location"), Time(row, "occurredAt", noted), Whole(row, "sequence", noted),
                row.Text("bucket"), row.Number("units", noted), row.Number("onHand", noted), row.Number("unavailable", noted), row.Number("open", noted),
                row.Number("shipped", noted), row.Text("reference"), Whole(row, "system", noted), null).Read(null, noted)),
            null, null)
        : new SourceFileFormat(ColumnsOf(mapping, []), (row, _, noted) => Mapped(mapping, row, noted, []), null, null);

    private static CsvColumns ColumnsOf(SourceMapping mapping, IReadOnlyList<string> given) => new(
        [.. mapping.Needed.Where(paths => paths.Count == 1).Select(paths => paths[0]).Distinct().Except(given)], [.. mapping.Paths.Except(given)], [])
    { Others = true };

    /// <summary>What a captured table's mapping reads beside its columns: no file has them, and a refresh says its moment once for all rows.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> OfFile(DateTimeOffset asOf, long? sequence) => RowChanges.Own.Zip(
        ["refresh", (sequence ?? 0).ToString(CultureInfo.InvariantCulture), asOf.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)], KeyValuePair.Create<string, string?>);

    private static IReadOnlyList<SourceEvent>? Mapped(SourceMapping mapping, CsvRow row, Check noted, IEnumerable<KeyValuePair<string, string?>> beside)
    {
        var cells = row.Cells.ToDictionary(c => c.Key, string? (c) => c.Value, StringComparer.OrdinalIgnoreCase);
        foreach (var (column, value) in beside)
        {
            cells.TryAdd(column, value);
        }

        var read = mapping.Read(new RowRecord(cells));
        foreach (var (column, why) in read.Errors.SelectMany(e => e.Value.Select(text => (e.Key, text))))
        {
            noted.That(false, column, why);
        }

        return noted.Holds ? read.Events : null;
    }

    private static IReadOnlyList<SourceEvent>? One(SourceEvent? one) => one is null ? null : [one];

    /// <summary>A time in any form that cannot be mistaken; see <see cref="Written"/>.</summary>
    private static DateTimeOffset? Time(CsvRow row, string column, Check check)
    {
        var text = row.Text(column);
        if (text is not null && Written.TryTime(text, out var time))
        {
            return time;
        }

        check.That(text is null, column, Written.NoTime);
        return null;
    }

    private static long? Whole(CsvRow row, string column, Check check)
    {
        var text = row.Text(column);
        var read = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        check.That(text is null || read, column, "This is not a whole number.");
        return read ? number : null;
    }
}
