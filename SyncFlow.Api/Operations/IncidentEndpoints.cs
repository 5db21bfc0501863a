using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Stock;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Operations;

/// <summary>What people must look at, newest first.</summary>
internal sealed class ListIncidents : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/incidents", HandleAsync)
        .WithName("ListIncidents").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Lists incidents, optionally only open ones or of one kind.");

    private static async Task<Ok<Page<IncidentView>>> HandleAsync(
        Caller caller, OperationsDesk desk, [AsParameters] PageQuery page, bool? open, string? kind, CancellationToken ct)
    {
        var items = await desk.IncidentsAsync(caller.Tenant, open, kind, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>A person has looked at an incident.</summary>
internal sealed class CloseIncident : IEndpoint
{
    /// <param name="LevelId">The level that stays stopped.</param>
    /// <param name="Release">Where it is released: <c>POST</c>.</param>
    internal sealed record StillStopped(long IncidentId, DateTimeOffset ClosedAt, long LevelId, string Message, string Release);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/incidents/{id:long}/close", HandleAsync)
        .WithName("CloseIncident").WithTags("Operations").Needs(Permission.OperationsRun)
        .WithSummary("Closes an incident; the same cause opens a new one. A halted or blocked level stays so, and the answer says how to release it.");

    private static async Task<Results<NoContent, Ok<StillStopped>, Refused>> HandleAsync(
        long id, Caller caller, OperationsDesk desk, CancellationToken ct) =>
        await desk.CloseIncidentAsync(caller.Tenant, id, ct).ConfigureAwait(false) switch
        {
            null => (Refused)Problem.NotFound("incident", id),
            { StoppedLevel: { } level } closed => TypedResults.Ok(new StillStopped(
                id, closed.ClosedAt, level, "The incident is closed and writes to the level stay stopped until it is released.",
                ReleaseLevel.PathOf(level))),
            _ => TypedResults.NoContent(),
        };
}

/// <summary>Drift cases, newest first.</summary>
internal sealed class ListDrift : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/drift", HandleAsync)
        .WithName("ListDrift").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Lists drift cases, optionally of one SKU or class.");

    private static async Task<Ok<Page<DriftView>>> HandleAsync(
        Caller caller, OperationsDesk desk, [AsParameters] PageQuery page, string? sku, DriftClass? kind, CancellationToken ct)
    {
        var items = await desk.DriftAsync(caller.Tenant, sku, kind, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}
