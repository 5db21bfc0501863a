using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Oversells;

namespace SyncFlow.Api.Oversells;

/// <summary>What confirmed settlements ask for on the channels, oldest first: the list to work off, or to export.</summary>
internal sealed class ListOversellActions : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/oversell-actions", HandleAsync)
        .WithName("ListOversellActions").WithTags("Oversells").Needs(Permission.OversellsRead)
        .WithSummary("Lists what confirmed settlements ask for on the channels, optionally only what is not done, or of one connection.");

    private static async Task<Ok<Page<OversellActionView>>> HandleAsync(
        Caller caller, OversellDesk desk, [AsParameters] PageQuery page, bool? done, long? connectionId, CancellationToken ct)
    {
        var items = await desk.ActionsAsync(
            caller.Tenant, null, done, connectionId, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>Somebody did what a settlement asked for.</summary>
internal sealed class FinishOversellAction : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/oversell-actions/{id:long}/done", HandleAsync)
        .WithName("FinishOversellAction").WithTags("Oversells").Needs(Permission.OversellsDecide)
        .WithSummary("Says that an action was done on its channel.");

    private static async Task<Results<Ok<OversellActionView>, Refused>> HandleAsync(
        long id, Caller caller, OversellDesk desk, CancellationToken ct) =>
        await desk.DoneAsync(caller.Tenant, id, caller.Name, ct).ConfigureAwait(false) is { } done
            ? TypedResults.Ok(done)
            : (Refused)Problem.NotFound("action", id);
}
