using System.Runtime.CompilerServices;
using System.Text;

namespace SyncFlow.Channels.Csv;

/// <summary>A file breaks the rules of its format.</summary>
/// <param name="line">Where.</param>
internal sealed class CsvFormatException(int line, string message) : Exception(message)
{
    public int Line { get; } = line;
}

/// <summary>A record of a file.</summary>
/// <param name="Line">Where it begins; the first line is 1.</param>
internal sealed record CsvRecord(int Line, string[] Cells);

/// <summary>
/// Records as RFC 4180 has them, one after another from a stream: cells between separators, quotes around cells that
/// hold separators, quotes or line ends. The separator is the first of comma, semicolon and tab in the first line, for
/// spreadsheets write what their country writes. Empty lines are passed over.
/// </summary>
internal sealed class CsvRecords(TextReader text)
{
    private const int LongestCell = 2_000;

    private const int MostCells = 100;

    /// <summary>What some programs write before the first letter, to say that it is UTF-8.</summary>
    private const char Mark = '\uFEFF';

    private readonly char[] _buffer = new char[16 << 10];
    private readonly StringBuilder _cell = new();
    private readonly List<string> _cells = [];
    private char _separator;
    private int _line = 1;
    private bool _begun;

    private enum Place
    {
        CellStart,
        Plain,
        Quoted,

        /// <summary>After a quote inside quotes: the cell's end, or the first half of a quote.</summary>
        AfterQuote,
    }

    /// <summary>The records.</summary>
    /// <exception cref="CsvFormatException">A quote stands where none may, or a cell is too long.</exception>
    /// <exception cref="DecoderFallbackException">It is not in the stream's encoding.</exception>
    public async IAsyncEnumerable<CsvRecord> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var (place, begun) = (Place.CellStart, _line);
        int read;
        while ((read = await text.ReadAsync(_buffer, ct).ConfigureAwait(false)) > 0)
        {
            for (var i = _begun || _buffer[0] != Mark ? 0 : 1; i < read; i++)
            {
                _begun = true;
                place = Next(place, _buffer[i], out var ended);
                if (_buffer[i] == '\n')
                {
                    _line++;
                }

                if (ended)
                {
                    if (Take(begun) is { } record)
                    {
                        yield return record;
                    }

                    begun = _line;
                }
            }
        }

        if (place == Place.Quoted)
        {
            throw new CsvFormatException(begun, "A quote is not closed.");
        }

        if (Take(begun) is { } last)
        {
            yield return last;
        }
    }

    private Place Next(Place place, char letter, out bool ended)
    {
        ended = false;
        switch (place)
        {
            case Place.Quoted when letter == '"':
                return Place.AfterQuote;
            case Place.Quoted:
                return Keep(letter, Place.Quoted);
            case Place.AfterQuote when letter == '"':
                return Keep(letter, Place.Quoted);
            case Place.CellStart when letter == '"':
                return Place.Quoted;
        }

        if (letter == '\r')
        {
            return place;
        }

        if (letter == '\n')
        {
            ended = true;
            return Place.CellStart;
        }

        if (IsSeparator(letter))
        {
            EndCell();
            return Place.CellStart;
        }

        return letter == '"' || place == Place.AfterQuote
            ? throw new CsvFormatException(_line, "A quote stands inside a cell; double it, and put the cell in quotes.")
            : Keep(letter, Place.Plain);
    }

    private bool IsSeparator(char letter)
    {
        if (_separator == default && letter is ',' or ';' or '\t')
        {
            _separator = letter;
        }

        return letter == _separator && _separator != default;
    }

    private Place Keep(char letter, Place place)
    {
        if (_cell.Length == LongestCell)
        {
            throw new CsvFormatException(_line, $"A cell has more than {LongestCell} characters.");
        }

        _cell.Append(letter);
        return place;
    }

    private void EndCell()
    {
        if (_cells.Count == MostCells)
        {
            throw new CsvFormatException(_line, $"A line has more than {MostCells} cells.");
        }

        _cells.Add(_cell.ToString().Trim());
        _cell.Clear();
    }

    private CsvRecord? Take(int line)
    {
        if (_cells.Count == 0 && _cell.Length == 0)
        {
            return null;
        }

        EndCell();
        var record = new CsvRecord(line, [.. _cells]);
        _cells.Clear();
        return record;
    }
}
