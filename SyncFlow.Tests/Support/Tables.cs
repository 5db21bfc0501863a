using System.Globalization;

namespace SyncFlow.Tests.Support;

/// <summary>
/// Reads the aligned text tables of rule tests. The first line names the columns; a cell belongs to the column under
/// whose name it starts, so a table that a reviewer can read is the table that runs. Columns are two or more spaces
/// apart, cells may be empty, and lines that start with <c>#</c> (and empty ones) are comments.
/// </summary>
/// <example>
/// <code>
/// order  sku   qty  expect
/// 1      MUG     2  committed 2
/// 1      MUG     2  replayed
/// # the same order, older
/// 0      MUG     5  ignored
/// </code>
/// Numbers may end under the end of their column's name instead of starting under its start.
/// </example>
internal static class Tables
{
    /// <summary>The rows of a table.</summary>
    /// <exception cref="FormatException">A cell stands under no column or runs into the next; the message says where.</exception>
    public static IReadOnlyList<TableRow> Parse(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n')
            .Select((line, index) => (Text: line.TrimEnd(), Number: index + 1))
            .Where(line => line.Text.Length > 0 && !line.Text.TrimStart().StartsWith('#'))
            .ToList();
        if (lines.Count == 0)
        {
            throw new FormatException("The table is empty: its first line must name the columns.");
        }

        var columns = Cells(lines[0].Text).ToList();
        if (columns.GroupBy(column => column.Text).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new FormatException($"The table names column '{twice.Key}' twice.");
        }

        return [.. lines.Skip(1).Select(line => ReadRow(columns, line.Text, line.Number))];
    }

    private static TableRow ReadRow(List<Cell> columns, string line, int number)
    {
        var values = columns.ToDictionary(column => column.Text, _ => "");
        foreach (var cell in Cells(line))
        {
            // Left-aligned under the start of the name, or right-aligned under its end.
            var column = columns.FirstOrDefault(column => column.Start == cell.Start || column.End == cell.End)
                ?? throw new FormatException($"Line {number}: '{cell.Text}' stands under no column ({line.Trim()}).");
            if (values[column.Text].Length > 0)
            {
                throw new FormatException($"Line {number}: two cells under '{column.Text}' ({line.Trim()}).");
            }

            values[column.Text] = cell.Text;
        }

        return new TableRow(values, number, line.Trim());
    }

    /// <summary>Pieces of a line that two or more spaces part.</summary>
    private static IEnumerable<Cell> Cells(string line)
    {
        var start = 0;
        while (start < line.Length)
        {
            if (line[start] == ' ')
            {
                start++;
                continue;
            }

            var gap = line.IndexOf("  ", start, StringComparison.Ordinal);
            var end = gap < 0 ? line.Length : gap;
            yield return new Cell(line[start..end], start, end);
            start = end;
        }
    }

    private sealed record Cell(string Text, int Start, int End);
}

/// <summary>One row of a table.</summary>
/// <param name="Values">Cells by column name; an empty cell is an empty text.</param>
/// <param name="Line">Line number in the table, from 1.</param>
/// <param name="Text">The line itself, for messages.</param>
internal sealed record TableRow(IReadOnlyDictionary<string, string> Values, int Line, string Text)
{
    /// <summary>The cell under a column.</summary>
    public string this[string column] => Values.TryGetValue(column, out var value)
        ? value
        : throw new ArgumentException($"The table has no column '{column}'. It has: {string.Join(", ", Values.Keys)}.", nameof(column));

    /// <summary>The whole number under a column.</summary>
    public int Int(string column) => IntOrNull(column) ?? throw new FormatException($"Line {Line}: '{column}' is empty ({Text}).");

    /// <summary>The whole number under a column, or null where the cell is empty or a dash.</summary>
    public int? IntOrNull(string column)
    {
        var cell = this[column];
        if (cell is "" or "-")
        {
            return null;
        }

        return int.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"Line {Line}: '{cell}' under '{column}' is not a whole number ({Text}).");
    }

    public override string ToString() => $"line {Line}: {Text}";
}
