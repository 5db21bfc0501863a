using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
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
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/incidents/{id:long}/close", HandleAsync)
        .WithName("CloseIncident").WithTags("Operations").Needs(Permission.OperationsRun)
        .WithSummary("Closes an incident; the same cause opens a new one.");

    private static async Task<Results<NoContent, Refused>> HandleAsync(long id, Caller caller, OperationsDesk desk, CancellationToken ct)
    {
        return await desk.CloseIncidentAsync(caller.Tenant, id, ct).ConfigureAwait(false)
            ? TypedResults.NoContent()
            : (Refused)Problem.NotFound("incident", id);
    }
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
