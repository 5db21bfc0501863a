using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Folders;

namespace SyncFlow.Api.Sources.Folders;

/// <summary>The directory in which a source leaves its files.</summary>
internal sealed partial class FolderEndpoints : IEndpoint
{
    /// <param name="Folder">Below the tenant's own directory, for example <c>erp/outbox</c>.</param>
    internal sealed record Request(string? Folder);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sources/{id:long}/folder", OneAsync).WithName("GetSourceFolder").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Reads which directory is watched for a source, and what became of its last file.");
        routes.MapPut("/sources/{id:long}/folder", PutAsync).WithName("PutSourceFolder").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Has a directory watched for files of a source.");
        routes.MapDelete("/sources/{id:long}/folder", RemoveAsync).WithName("RemoveSourceFolder").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Stops watching; files stay where they are.");
    }

    private static async Task<Results<Ok<FolderView>, Refused>> OneAsync(long id, Caller caller, FolderDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("folder of source", id);

    private static async Task<Results<Ok<FolderView>, Refused>> PutAsync(
        long id, Request request, Caller caller, SourceDesk sources, FolderDesk desk, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        if (request.Folder is null || !Plain().IsMatch(request.Folder))
        {
            return (Refused)Problem.Invalid("folder", "Plain names of letters, digits, dashes and underscores with slashes between them, at most four.");
        }

        return await desk.PutAsync(caller.Tenant, id, request.Folder, ct).ConfigureAwait(false)
            ? TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!)
            : (Refused)Problem.Invalid("folder", "Another source has this directory.");
    }

    private static async Task<Results<NoContent, Refused>> RemoveAsync(long id, Caller caller, FolderDesk desk, CancellationToken ct) =>
        await desk.RemoveAsync(caller.Tenant, id, ct).ConfigureAwait(false) ? TypedResults.NoContent() : (Refused)Problem.NotFound("folder of source", id);

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9_-]{0,60}(/[A-Za-z0-9_][A-Za-z0-9_-]{0,60}){0,3}$")]
    private static partial Regex Plain();
}
