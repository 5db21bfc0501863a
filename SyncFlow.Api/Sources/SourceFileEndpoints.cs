using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Sources.Mappings;
using SyncFlow.Channels.Sources.Files;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>Files of sources: all positions at one moment, or events of the past; up to 200 MB, read as they come.</summary>
internal sealed class SourceFileEndpoints : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sources/{id:long}/refreshes/csv", RefreshAsync).WithName("RefreshSource").WithTags("Source API").Needs(Permission.SourcesWrite)
            .Accepts<string>(CsvFile.ContentType).WithMetadata(new RequestSizeLimitAttribute(SourceFileReader.MostBytes))
            .WithSummary("Takes all positions of a source from a file; one that would take away much waits for approval.");
        routes.MapPost("/sources/{id:long}/history/csv", HistoryAsync).WithName("BackfillSource").WithTags("Source API").Needs(Permission.SourcesWrite)
            .Accepts<string>(CsvFile.ContentType).WithMetadata(new RequestSizeLimitAttribute(SourceFileReader.MostBytes))
            .WithSummary("Takes events of the past from a file; sent again, each event is known by its id.");
        routes.MapGet("/sources/{id:long}/files", ListAsync).WithName("ListSourceFiles").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Lists files of a source, newest first, with their progress.");
        routes.MapGet("/sources/{id:long}/files/{file:long}", OneAsync).WithName("GetSourceFile").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Reads a file's state, errors and progress.");
        foreach (var approve in new[] { true, false })
        {
            var word = approve ? "approve" : "reject";
            routes.MapPost($"/sources/{{id:long}}/files/{{file:long}}/{word}", (
                    long id, long file, Caller caller, SourceFileDesk desk, CancellationToken ct) => DecideAsync(id, file, approve, caller, desk, ct))
                .WithName(approve ? "ApproveSourceFile" : "RejectSourceFile").WithTags("Sources").Needs(Permission.SourcesManage)
                .WithSummary(approve ? "Books a full refresh that waits." : "Throws a full refresh away that waits.");
        }
    }

    private static async Task<Results<Ok<Page<SourceFileView>>, Refused>> ListAsync(
        long id, Caller caller, SourceDesk sources, SourceFileDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
        await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(page.Of(await desk.ListAsync(caller.Tenant, id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), f => f.Id));

    private static async Task<Results<Ok<SourceFileView>, Refused>> OneAsync(long id, long file, Caller caller, SourceFileDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, file, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("file", file);

    private static async Task<Results<Accepted<FileAccepted>, Refused>> RefreshAsync(
        long id, Moment? asOf, long? sequence, string? mapping, HttpRequest request, Caller caller, SourceDesk sources, MappingBook mappings,
        SourceFileIntake intake, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } source)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        var check = new Check().That(asOf is not null, "asOf", "When the positions were taken, by the source's own clock.")
            .That(source.Ordering == SourceOrdering.Sequence == sequence is not null, "sequence", "Named where, and only where, the source is ordered by sequence.")
            .That(sequence is null or (>= 0 and < SourceVersions.Span), "sequence", $"From 0 to {SourceVersions.Span - 1}.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var format = SourceFileFormat.Refresh(asOf!.Value.Value, sequence, await mappings.FindAsync(caller.Tenant, id, mapping, ct).ConfigureAwait(false));
        return await intake.ReceiveAsync(request, id, SourceFileKind.FullRefresh, format, ct).ConfigureAwait(false);
    }

    private static async Task<Results<Accepted<FileAccepted>, Refused>> HistoryAsync(
        long id, string? mapping, HttpRequest request, Caller caller, SourceDesk sources, MappingBook mappings, SourceFileIntake intake, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        var format = SourceFileFormat.History(await mappings.FindAsync(caller.Tenant, id, mapping, ct).ConfigureAwait(false));
        return await intake.ReceiveAsync(request, id, SourceFileKind.History, format, ct).ConfigureAwait(false);
    }

    private static async Task<Results<Ok<SourceFileView>, Refused>> DecideAsync(
        long id, long file, bool approve, Caller caller, SourceFileDesk desk, CancellationToken ct)
    {
        var decided = await desk.DecideAsync(caller.Tenant, id, file, approve, caller.Name, ct).ConfigureAwait(false);
        var view = await desk.FindAsync(caller.Tenant, id, file, ct).ConfigureAwait(false);
        return view is null ? (Refused)Problem.NotFound("file", file)
            : decided ? TypedResults.Ok(view)
            : (Refused)new Problem(ProblemKind.StateConflict, "The file does not wait for approval.");
    }
}
