using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Operations;

/// <summary>Runs, newest first.</summary>
internal sealed class ListSyncRuns : IEndpoint
{
    private static readonly string[] Known = ["queued", "running", "succeeded", "failed", "cancelled"];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/sync-runs", HandleAsync)
        .WithName("ListSyncRuns").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Lists runs, optionally of one kind, status or connection.");

    private static async Task<Results<Ok<Page<RunView>>, Refused>> HandleAsync(
        Caller caller, RunDesk desk, [AsParameters] PageQuery page, string? kind, string? status, long? connectionId, CancellationToken ct)
    {
        if (status is not null && !Known.Contains(status))
        {
            return (Refused)Problem.Invalid("status", "One of: " + string.Join(", ", Known) + ".");
        }

        var items = await desk.ListAsync(
            caller.Tenant, kind, status, connectionId, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One run: how far it is and what it found.</summary>
internal sealed class GetSyncRun : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/sync-runs/{id:long}", HandleAsync)
        .WithName("GetSyncRun").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Reads a run's progress and result.");

    private static async Task<Results<Ok<RunView>, Refused>> HandleAsync(long id, Caller caller, RunDesk desk, CancellationToken ct)
    {
        return await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(found)
            : (Refused)Problem.NotFound("run", id);
    }
}

/// <summary>
/// A manual sync: read levels exactly, or publish what differs, of everything, a connection or a SKU; or compare all of a
/// connection's levels and read exactly those that differ.
/// </summary>
internal sealed class BeginSyncRun : IEndpoint
{
    /// <param name="Kind"><c>verify</c>, <c>push</c> or <c>reconcile</c>.</param>
    /// <param name="ConnectionId">Only this connection; all when left out.</param>
    /// <param name="Sku">Only this SKU; all when left out.</param>
    internal sealed record Request(string? Kind, long? ConnectionId, string? Sku);

    internal sealed record Parameters(long? SkuId);

    private const string Reconcile = "reconcile";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/sync-runs", HandleAsync)
        .WithName("BeginSyncRun").WithTags("Operations").Needs(Permission.OperationsRun)
        .WithSummary("Begins a manual sync.");

    private static async Task<Results<Accepted<RunAccepted>, Refused>> HandleAsync(
        Request request, Caller caller, Runs runs, SkuDesk skus, ConnectionDesk connections, CancellationToken ct)
    {
        var known = request.ConnectionId is not { } id || await connections.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not null;
        var sku = request.Sku is null ? null : await skus.FindAsync(caller.Tenant, request.Sku, ct).ConfigureAwait(false);
        var check = new Check()
            .That(request.Kind is "verify" or "push" or Reconcile, "kind", "One of: verify, push, reconcile.")
            .That(known, "connectionId", "There is no such connection.")
            .That(request.Kind != Reconcile || request.ConnectionId is not null, "connectionId", "Name the connection to reconcile.")
            .That(request.Kind != Reconcile || request.Sku is null, "sku", "A reconciliation is of all levels; verify reads those of one SKU.")
            .That(request.Sku is null || sku is not null, "sku", "There is no such SKU.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        return await runs.QueueAsync(request.ConnectionId, request.Kind!, new Parameters(sku?.Id), ct).ConfigureAwait(false);
    }
}

/// <summary>Stops a run: at once while it is queued, at its next report while it runs.</summary>
internal sealed class CancelSyncRun : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/sync-runs/{id:long}/cancel", HandleAsync)
        .WithName("CancelSyncRun").WithTags("Operations").Needs(Permission.OperationsRun)
        .WithSummary("Asks a queued or running run to stop.");

    private static async Task<Results<Ok<RunView>, Refused>> HandleAsync(long id, Caller caller, RunDesk desk, CancellationToken ct)
    {
        var asked = await desk.CancelAsync(caller.Tenant, id, ct).ConfigureAwait(false);
        return await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } run ? (Refused)Problem.NotFound("run", id)
            : asked || run.Status == "cancelled" ? TypedResults.Ok(run)
            : (Refused)new Problem(ProblemKind.StateConflict, $"The run is over: it {run.Status}.");
    }
}
