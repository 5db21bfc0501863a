using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>What came of a file.</summary>
/// <param name="FileId">The file; of one that was sent before, the first.</param>
/// <param name="Repeated">Whether the same bytes came before: then nothing was done again.</param>
internal sealed record FileAccepted(long FileId, bool Repeated, SourceFileView File);

/// <summary>
/// Receives a file as a stream: sound rows are kept as they come, broken ones are told by line and column, and nothing is
/// booked before the last byte has come in.
/// </summary>
internal sealed class SourceFileIntake(Caller caller, SourceFileDesk desk)
{
    /// <summary>Largest file.</summary>
    public const long MostBytes = 200L << 20;

    private const int MostErrors = 100;

    private const int MostRows = 2_000_000;

    /// <summary>How rows of a kind of file are read.</summary>
    /// <param name="Row">The event of a row; null where a check failed.</param>
    /// <param name="LeftOut">The event of a position that a full refresh leaves out; null for history.</param>
    public sealed record Reading(
        SourceFileKind Kind, CsvColumns Columns, Func<CsvRow, long, Check, SourceEvent?> Row, Func<long, string, string, int, SourceEvent>? LeftOut);

    /// <summary>Receives a file of a source.</summary>
    public async Task<Results<Accepted<FileAccepted>, Refused>> ReceiveAsync(HttpRequest request, long source, Reading reading, CancellationToken ct)
    {
        if (request.ContentType?.StartsWith(CsvFile.ContentType, StringComparison.OrdinalIgnoreCase) != true)
        {
            return (Refused)new Problem(ProblemKind.UnsupportedMediaType, "Send text/csv.");
        }

        var file = await desk.BeginAsync(caller.Tenant, source, reading.Kind, caller.Name, ct).ConfigureAwait(false);
        var whole = false;
        try
        {
            await using var bytes = new HashingStream(request.Body);
            var (broken, errors) = await KeepAsync(bytes, file, reading, ct).ConfigureAwait(false);
            if (bytes.Last is not '\n' and not '\r')
            {
                return (Refused)Problem.Invalid("file", "Its last line has no end: it may be half written. Nothing was booked.");
            }

            var (known, repeated) = await desk.CompleteAsync(
                caller.Tenant, source, file, bytes.Hash(), broken, errors,
                reading.LeftOut is { } leftOut ? (item, place, n) => leftOut(file, item, place, n) : null, ct).ConfigureAwait(false);
            whole = true;
            var view = await desk.FindAsync(caller.Tenant, source, known, ct).ConfigureAwait(false);
            return TypedResults.Accepted($"/api/v1/sources/{source}/files/{known}", new FileAccepted(known, repeated, view!));
        }
        finally
        {
            if (!whole)
            {
                await desk.BreakAsync(caller.Tenant, file, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task<(int Broken, List<FileError> Errors)> KeepAsync(Stream bytes, long file, Reading reading, CancellationToken ct)
    {
        var (broken, rows) = (0, 0);
        var errors = new List<FileError>();
        var chunk = new List<FileRow>(SourceBatch.MostEvents);
        void Note(IEnumerable<FileError> found)
        {
            broken++;
            errors.AddRange(found.Take(MostErrors - errors.Count));
        }

        await foreach (var row in CsvFile.ReadAsync(bytes, reading.Columns, ct, (line, message) => Note([new FileError(line, "line", message)])).ConfigureAwait(false))
        {
            var check = new Check();
            if (reading.Row(row, file, check) is { } one)
            {
                chunk.Add(new FileRow(row.Line, one));
            }
            else
            {
                Note(check.Fields.SelectMany(f => f.Value.Select(text => new FileError(row.Line, f.Key, text))));
            }

            if (++rows > MostRows)
            {
                throw new RequestRefusedException(Problem.Invalid("file", $"At most {MostRows} rows."));
            }

            if (chunk.Count == SourceBatch.MostEvents)
            {
                await desk.AddAsync(caller.Tenant, file, chunk, ct).ConfigureAwait(false);
                chunk.Clear();
            }
        }

        if (chunk.Count > 0)
        {
            await desk.AddAsync(caller.Tenant, file, chunk, ct).ConfigureAwait(false);
        }

        return (broken, errors);
    }
}
