using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Channels.Sources.Files;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>What came of a file.</summary>
/// <param name="FileId">The file; of one that was sent before, the first.</param>
/// <param name="Repeated">Whether the same bytes of the same moment came before: then nothing was done again.</param>
internal sealed record FileAccepted(long FileId, bool Repeated, SourceFileView File);

/// <summary>
/// Receives an uploaded file as a stream: sound rows are kept as they come, broken ones are told by line and column, and
/// nothing is booked before the last byte has come in.
/// </summary>
internal sealed class SourceFileIntake(Caller caller, SourceFileDesk desk, SourceFileReceiver receiver)
{
    /// <summary>Receives a file of a source.</summary>
    public async Task<Results<Accepted<FileAccepted>, Refused>> ReceiveAsync(
        HttpRequest request, long source, SourceFileKind kind, SourceFileFormat format, CancellationToken ct)
    {
        if (request.ContentType?.StartsWith(CsvFile.ContentType, StringComparison.OrdinalIgnoreCase) != true)
        {
            return (Refused)new Problem(ProblemKind.UnsupportedMediaType, "Send text/csv.");
        }

        await using var bytes = new HashingStream(request.Body);
        var (file, repeated) = await receiver.ReceiveAsync(
            caller.Tenant, source, kind, caller.Name, number => SourceFileReader.ReadAsync(bytes, format, number, ct), () => format.KnownBy(bytes.Hash()), format.LeftOut, ct)
            .ConfigureAwait(false);
        var view = await desk.FindAsync(caller.Tenant, source, file, ct).ConfigureAwait(false);
        return TypedResults.Accepted($"/api/v1/sources/{source}/files/{file}", new FileAccepted(file, repeated, view!));
    }
}
