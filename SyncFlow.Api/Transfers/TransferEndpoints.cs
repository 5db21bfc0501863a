using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Transfers;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Transfers;

/// <summary>Transfers, newest first.</summary>
internal sealed class ListTransfers : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/transfers", HandleAsync)
        .WithName("ListTransfers").WithTags("Transfers").Needs(Permission.StockRead)
        .WithSummary("Lists transfers by state, location (either end) and reference.");

    private static async Task<Results<Ok<Page<TransferView>>, Refused>> HandleAsync(
        string? state, string? location, string? reference, [AsParameters] PageQuery page, Caller caller, TransferDesk desk,
        OperationDesk operations, CancellationToken ct)
    {
        var codes = await operations.CodesAsync(caller.Tenant, [], location is null ? [] : [location], ct).ConfigureAwait(false);
        var known = Words.TryParse<TransferState>(state, out var wanted);
        var check = new Check()
            .That(state is null || known, "state", "One of: planned, dispatched, receiving, closed, cancelled.")
            .That(location is null || codes.Location(location) is not null, "location", "There is no location with this code.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var items = await desk.ListAsync(
            caller.Tenant, known ? wanted : null, codes.Location(location), reference, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One transfer.</summary>
internal sealed class GetTransfer : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/transfers/{id:long}", HandleAsync)
        .WithName("GetTransfer").WithTags("Transfers").Needs(Permission.StockRead)
        .WithSummary("Reads a transfer with its lines and variances.");

    private static async Task<Results<Ok<TransferAnswer>, Refused>> HandleAsync(long id, Caller caller, TransferDesk desk, CancellationToken ct) =>
        await TransferAnswer.ReadAsync(desk, caller.Tenant, id, ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(found)
            : (Refused)Problem.NotFound("transfer", id);
}
