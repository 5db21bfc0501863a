using System.Runtime.CompilerServices;
using SyncFlow.Channels.Csv;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources.Files;

/// <summary>Reads a source's file as it comes: sound rows in chunks, broken ones by line and column.</summary>
public static class SourceFileReader
{
    /// <summary>Largest file.</summary>
    public const long MostBytes = 200L << 20;

    /// <summary>Rows of a file: the largest one, as short as rows that mean anything can be.</summary>
    public const int MostRows = 10_000_000;

    private const int ChunkRows = 1_000;

    /// <summary>The rows of a file.</summary>
    /// <param name="bytes">The file; its hash is known when all is read.</param>
    /// <param name="file">Its number.</param>
    /// <exception cref="CsvRefusedException">It cannot be read, is too long, or its last line has no end.</exception>
    public static async IAsyncEnumerable<FileChunk> ReadAsync(
        HashingStream bytes, SourceFileFormat format, long file, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(format);
        var (rows, events) = (0, 0);
        var chunk = new FileChunk();
        void Broken(int line, string column, string why) => chunk.Errors.Add(new FileError(line, column, why));

        await foreach (var row in CsvFile.ReadAsync(bytes, format.Columns, ct, WrongLength).ConfigureAwait(false))
        {
            var check = new Check();
            if (format.Row(row, file, check) is { } found)
            {
                chunk.Rows.AddRange(found.Select(e => new FileRow(++events, e)));
            }
            else
            {
                chunk.Broken++;
                chunk.Errors.AddRange(check.Fields.SelectMany(f => f.Value.Select(text => new FileError(row.Line, f.Key, text))));
            }

            if (++rows > MostRows)
            {
                throw new CsvRefusedException(new Dictionary<string, string[]> { ["file"] = [$"At most {MostRows} rows."] });
            }

            if (chunk.Rows.Count + chunk.Broken >= ChunkRows) // Of a file that is broken through and through little is held, too.
            {
                yield return chunk;
                chunk = new FileChunk();
            }
        }

        yield return chunk;
        if (bytes.Last is not '\n' and not '\r')
        {
            throw new CsvRefusedException(new Dictionary<string, string[]> { ["file"] = ["Its last line has no end: it may be half written. Nothing was booked."] });
        }

        void WrongLength(int line, string why)
        {
            chunk.Broken++;
            Broken(line, "line", why);
        }
    }
}
