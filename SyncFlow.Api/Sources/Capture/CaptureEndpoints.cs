using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Capture;

namespace SyncFlow.Api.Sources.Capture;

/// <summary>Change data capture of a source: which table of which database is read, and how far it is.</summary>
internal sealed partial class CaptureEndpoints : IEndpoint
{
    private const int LongestText = 200;

    private const int UsualPort = 5432;

    /// <param name="Host">Name or address of the PostgreSQL server, its primary.</param>
    /// <param name="Port">5432 when left out.</param>
    /// <param name="Database">The database.</param>
    /// <param name="Username">A login with REPLICATION.</param>
    /// <param name="Password">Kept sealed and never told; may be left out when server and login stay.</param>
    /// <param name="Tls"><c>verifyFull</c> (when left out), <c>require</c> or <c>disable</c>.</param>
    /// <param name="Publication">A publication with the table.</param>
    /// <param name="Slot">A slot for SyncFlow alone; made where it is missing. <c>syncflow_</c> and the source's number when left out.</param>
    /// <param name="Table">With its schema, for example <c>public.stock_moves</c>.</param>
    internal sealed record Request(
        string? Host, int? Port, string? Database, string? Username, string? Password, string? Tls, string? Publication, string? Slot, string? Table);

    /// <param name="Slot">The slot.</param>
    /// <param name="SlotStays">Whether it stays on the server, for its owner to drop; else it is dropped as soon as the server is reached.</param>
    internal sealed record Removed(string Slot, bool SlotStays);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sources/{id:long}/capture", OneAsync).WithName("GetCapture").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Reads how a source's changes are captured: state, problem, and how much log its server keeps for it.");
        routes.MapPut("/sources/{id:long}/capture", PutAsync).WithName("PutCapture").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Says which table of which PostgreSQL database is read.");
        routes.MapPost("/sources/{id:long}/capture/restart", RestartAsync).WithName("RestartCapture").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Starts a capture again that waits for a person.");
        routes.MapDelete("/sources/{id:long}/capture", RemoveAsync).WithName("RemoveCapture").WithTags("Sources").Needs(Permission.SourcesManage)
            .WithSummary("Ends a capture and drops its slot; keepSlot=true leaves the slot to the database's owner.");
        routes.MapGet("/sources/{id:long}/capture/refusals", RefusalsAsync).WithName("ListCaptureRefusals").WithTags("Sources").Needs(Permission.SourcesRead)
            .WithSummary("Lists changes that the mapping could not read, newest first.");
    }

    private static async Task<Results<Ok<CaptureView>, Refused>> OneAsync(long id, Caller caller, CaptureDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("capture of source", id);

    private static async Task<Results<Ok<CaptureView>, Refused>> PutAsync(
        long id, Request request, Caller caller, SourceDesk sources, CaptureDesk desk, CancellationToken ct)
    {
        if (await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } source)
        {
            return (Refused)Problem.NotFound("source", id);
        }

        if (source.Strategy != SourceStrategy.ChangeCapture)
        {
            return (Refused)new Problem(ProblemKind.StateConflict, "The source's strategy is not changeCapture.");
        }

        var check = new Check();
        if (Read(request, id, check) is not { } settings)
        {
            return check.Failed(out var refused) ? refused : throw new InvalidOperationException("A refused request names no field.");
        }

        return await desk.PutAsync(caller.Tenant, id, settings, request.Password, ct).ConfigureAwait(false)
            ? TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!)
            : (Refused)Problem.Invalid("password", "It is needed where it was never given, and where host, port or username change.");
    }

    private static CaptureSettings? Read(Request request, long id, Check check)
    {
        var tls = CaptureTls.VerifyFull;
        var slot = request.Slot ?? $"syncflow_{id}";
        check.That(
                request.Host is { Length: > 0 and <= 253 } host && (IPAddress.TryParse(host, out _) || HostName().IsMatch(host)), "host",
                "A host's name or address, without port.")
            .That(request.Port is null or (> 0 and <= 65_535), "port", "From 1 to 65535.")
            .Text(request.Database, "database", LongestText).Text(request.Username, "username", LongestText)
            .Optional(request.Password, "password", LongestText)
            .That(request.Tls is null || Words.TryParse(request.Tls, out tls), "tls", "One of: verifyFull, require, disable.")
            .That(request.Publication is not null && SqlName().IsMatch(request.Publication), "publication", "A name of letters, digits and underscores.")
            .That(SlotName().IsMatch(slot), "slot", "1 to 63 small letters, digits and underscores.")
            .That(request.Table is not null && TableName().IsMatch(request.Table), "table", "Schema and table, for example public.stock_moves.");
        return check.Holds
            ? new CaptureSettings(
                request.Host!, request.Port ?? UsualPort, request.Database!, request.Username!, tls, request.Publication!, slot, request.Table!)
            : null;
    }

    private static async Task<Results<Ok<CaptureView>, Refused>> RestartAsync(long id, Caller caller, CaptureDesk desk, CancellationToken ct)
    {
        var restarted = await desk.RestartAsync(caller.Tenant, id, ct).ConfigureAwait(false);
        var found = await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false);
        return found is null ? (Refused)Problem.NotFound("capture of source", id)
            : restarted ? TypedResults.Ok(found)
            : (Refused)new Problem(ProblemKind.StateConflict, "The capture does not wait to be started again.");
    }

    private static async Task<Results<Ok<Removed>, Refused>> RemoveAsync(
        long id, bool? keepSlot, Caller caller, CaptureDesk desk, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("capture of source", id);
        }

        await desk.RemoveAsync(caller.Tenant, id, keepSlot == true, ct).ConfigureAwait(false);
        return TypedResults.Ok(new Removed(found.Slot, keepSlot == true));
    }

    private static async Task<Results<Ok<Page<RefusalView>>, Refused>> RefusalsAsync(
        long id, Caller caller, SourceDesk sources, CaptureDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
        await sources.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("source", id)
            : TypedResults.Ok(page.Of(await desk.RefusalsAsync(caller.Tenant, id, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), r => r.Id));

    [GeneratedRegex(@"^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$")]
    private static partial Regex HostName();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
    private static partial Regex SqlName();

    [GeneratedRegex("^[a-z0-9_]{1,63}$")]
    private static partial Regex SlotName();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,62}\.[A-Za-z_][A-Za-z0-9_]{0,62}$")]
    private static partial Regex TableName();
}
