using System.Buffers;
using System.Globalization;

namespace SyncFlow.Api.Csv;

/// <summary>Answers with a file, row by row as it is read.</summary>
internal static class CsvDownload
{
    /// <summary>Rows read at a time.</summary>
    public const int PageRows = 500;

    private static readonly SearchValues<char> Special = SearchValues.Create(",;\t\"\r\n");

    /// <summary>Writes a header and rows.</summary>
    public static async Task WriteAsync(HttpResponse response, string name, string[] columns, IAsyncEnumerable<object?[]> rows, CancellationToken ct)
    {
        response.ContentType = CsvFile.ContentType + "; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"{name}.csv\"";
        await using var text = new StreamWriter(response.Body, leaveOpen: true);
        await text.WriteAsync(Line(columns)).ConfigureAwait(false);
        await foreach (var row in rows.WithCancellation(ct).ConfigureAwait(false))
        {
            await text.WriteAsync(Line(row)).ConfigureAwait(false);
        }
    }

    /// <summary>All rows of a list that is read in pages.</summary>
    /// <param name="next">The page after an item; null asks for the first.</param>
    public static IAsyncEnumerable<object?[]> PagesAsync<T>(Func<T?, Task<List<T>>> next, Func<T, object?[]> cells)
        where T : class => RowsAsync(next, item => [cells(item)]);

    /// <summary>The same where an item has any number of rows.</summary>
    public static async IAsyncEnumerable<object?[]> RowsAsync<T>(Func<T?, Task<List<T>>> next, Func<T, IEnumerable<object?[]>> rows)
        where T : class
    {
        for (var page = await next(null).ConfigureAwait(false); page.Count > 0; page = await next(page[^1]).ConfigureAwait(false))
        {
            foreach (var row in page.SelectMany(rows))
            {
                yield return row;
            }
        }
    }

    /// <summary>Free text of people: a spreadsheet must not take it for a formula.</summary>
    public static string? Free(string? text) => text is { Length: > 0 } && text[0] is '=' or '+' or '-' or '@' or '\t' ? "'" + text : text;

    /// <summary>What <see cref="Free"/> made text of, as it was; anything else as it is.</summary>
    public static string? Unfree(string? text) =>
        text is ['\'', '=' or '+' or '-' or '@' or '\t', ..] ? text[1..] : text;

    /// <summary>A word as the API writes it.</summary>
    public static string? Word<T>(T? value)
        where T : struct, Enum => value is { } known ? System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(known.ToString()) : null;

    /// <summary>A time as files have it.</summary>
    public static string? Moment(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    private static string Line(object?[] cells) =>
        string.Join(',', cells.Select(cell => Quoted(Convert.ToString(cell, CultureInfo.InvariantCulture) ?? ""))) + "\r\n";

    private static string Quoted(string cell) => cell.AsSpan().ContainsAny(Special) || cell != cell.Trim()
        ? '"' + cell.Replace("\"", "\"\"", StringComparison.Ordinal) + '"'
        : cell;
}
