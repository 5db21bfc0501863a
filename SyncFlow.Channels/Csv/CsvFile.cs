using System.Runtime.CompilerServices;
using System.Text;
using SyncFlow.Core.Checks;

namespace SyncFlow.Channels.Csv;

/// <summary>The columns of a kind of file.</summary>
/// <param name="Required">Must stand in the header.</param>
/// <param name="Optional">May stand there; a column of no known name is refused, not ignored.</param>
/// <param name="Example">A row of the template, in the order of both lists.</param>
public sealed record CsvColumns(string[] Required, string[] Optional, string[] Example)
{
    public string[] All => [.. Required, .. Optional];

    /// <summary>Whether columns of other names may stand in the header; they are read under their own.</summary>
    public bool Others { get; init; }
}

/// <summary>A row of a file.</summary>
/// <param name="Line">Where it begins in the file; the header is line 1.</param>
public sealed record CsvRow(int Line, IReadOnlyDictionary<string, string> Cells)
{
    /// <summary>A cell's text, or null where it is empty or the column is not there.</summary>
    public string? Text(string column) => Cells.GetValueOrDefault(column) is { Length: > 0 } text ? text : null;

    /// <summary>A cell's number, with a point; null where it is empty or not one, which is noted.</summary>
    public decimal? Number(string column, Check check)
    {
        if (Text(column) is not { } text)
        {
            return null;
        }

        var read = Written.TryNumber(text, out var number);
        check.That(read, column, Written.NoNumber);
        return read ? number : null;
    }

    /// <summary>A cell's time, in a form that cannot be mistaken; null where it is empty or not one, which is noted.</summary>
    public DateTimeOffset? Time(string column, Check check)
    {
        if (Text(column) is not { } text)
        {
            return null;
        }

        var read = Written.TryTime(text, out var time);
        check.That(read, column, Written.NoTime);
        return read ? time : null;
    }
}

/// <summary>Reads files row by row: UTF-8, with a header of known names.</summary>
public static class CsvFile
{
    public const string ContentType = "text/csv";

    /// <summary>The rows of a file.</summary>
    /// <param name="broken">Told of rows of another length than the header's, line and why; without it such a row refuses the file.</param>
    /// <exception cref="CsvRefusedException">The file cannot be read, or its header is not the expected one.</exception>
    public static async IAsyncEnumerable<CsvRow> ReadAsync(
        Stream file, CsvColumns columns, [EnumeratorCancellation] CancellationToken ct, Action<int, string>? broken = null)
    {
        using var text = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        await using var records = new CsvRecords(text).ReadAsync(ct).GetAsyncEnumerator(ct);
        if (!await NextAsync(records).ConfigureAwait(false))
        {
            throw Refused("file", "It is empty; the first line names the columns.");
        }

        var header = Header(records.Current.Cells, columns);
        while (await NextAsync(records).ConfigureAwait(false))
        {
            var (line, cells) = records.Current;
            if (cells.Length != header.Length)
            {
                var why = $"It has {cells.Length} cells; the header has {header.Length}.";
                if (broken is null)
                {
                    throw Refused($"line {line}", why);
                }

                broken(line, why);
                continue;
            }

            if (broken is null && Array.FindIndex(cells, c => c.Contains('\0', StringComparison.Ordinal)) is var wrong && wrong >= 0)
            {
                throw Refused($"line {line}", $"{header[wrong]}: {Check.Nul}");
            }

            yield return new CsvRow(line, header.Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal));
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<CsvRecord> records)
    {
        try
        {
            return await records.MoveNextAsync().ConfigureAwait(false);
        }
        catch (CsvFormatException wrong)
        {
            throw Refused($"line {wrong.Line}", wrong.Message);
        }
        catch (DecoderFallbackException)
        {
            throw Refused("file", "It is not UTF-8.");
        }
    }

    /// <summary>The known columns in the order of the file.</summary>
    private static string[] Header(string[] names, CsvColumns columns)
    {
        var header = names.Select(name =>
            Array.Find(columns.All, c => c.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? (columns.Others && name.Length > 0 ? name : null)).ToArray();
        var unknown = names.Where((_, i) => header[i] is null).ToList();
        var missing = columns.Required.Except(header).ToList();
        var check = new Check()
            .That(unknown.Count == 0, "header", $"Not columns of this file: {string.Join(", ", unknown)}. Known: {string.Join(", ", columns.All)}.")
            .That(missing.Count == 0, "header", $"Missing: {string.Join(", ", missing)}.")
            .That(unknown.Count > 0 || header.Distinct().Count() == header.Length, "header", "A column stands twice.");
        return check.Holds ? [.. header.OfType<string>()] : throw new CsvRefusedException(check.Fields);
    }

    private static CsvRefusedException Refused(string field, string message) => new(new Dictionary<string, string[]> { [field] = [message] });
}
