using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.StockOperations;

/// <summary>Receipts, returns, adjustments, write-offs and moves between conditions, up to 1,000 in a call.</summary>
internal sealed class TakeInOperations : IEndpoint
{
    /// <param name="Items">Each is taken in or refused by itself.</param>
    internal sealed record Request(IReadOnlyList<OperationInput>? Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/stock-operations", HandleAsync)
        .WithName("TakeInStockOperations").WithTags("Stock operations").Needs(Permission.StockWrite)
        .WithSummary("Takes in receipts, returns, adjustments, write-offs and moves; with wait=true their booking is waited for, 2 s at most.");

    private static Task<Results<Ok<BatchAnswer>, Accepted<BatchAnswer>, Refused>> HandleAsync(
        Request request, bool? wait, OperationIntake intake, CancellationToken ct) => intake.AnswerAsync(request.Items, wait, ct);
}

/// <summary>Operations with their ledger entries, newest first.</summary>
internal sealed class ListOperations : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock-operations", HandleAsync)
        .WithName("ListStockOperations").WithTags("Stock operations").Needs(Permission.StockRead)
        .WithSummary("Lists operations by document, kind, SKU, location, key and time, each with its state and ledger entries.");

    private static async Task<Results<Ok<Page<OperationView>>, Refused>> HandleAsync(
        [AsParameters] OperationQuery query, [AsParameters] PageQuery page, Caller caller, OperationDesk desk, CancellationToken ct)
    {
        var (filter, problem) = await query.FilterAsync(caller.Tenant, desk, ct).ConfigureAwait(false);
        if (problem is not null)
        {
            return (Refused)problem;
        }

        var items = await desk.ListAsync(caller.Tenant, filter, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One operation.</summary>
internal sealed class GetOperation : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock-operations/{id:long}", HandleAsync)
        .WithName("GetStockOperation").WithTags("Stock operations").Needs(Permission.StockRead)
        .WithSummary("Reads an operation with its state and ledger entries.");

    private static async Task<Results<Ok<OperationView>, Refused>> HandleAsync(long id, Caller caller, OperationDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(found)
            : (Refused)Problem.NotFound("operation", id);
}

/// <summary>Which operations are asked for.</summary>
internal sealed record OperationQuery(
    string? Document, string? Kind, string? Sku, string? Location, string? Key, DateTimeOffset? Since, DateTimeOffset? Until)
{
    /// <summary>The filter, or why there is none.</summary>
    public async Task<(OperationFilter Filter, Problem? Problem)> FilterAsync(long tenant, OperationDesk desk, CancellationToken ct)
    {
        var codes = await desk.CodesAsync(tenant, Sku is null ? [] : [Sku], Location is null ? [] : [Location], ct).ConfigureAwait(false);
        var known = Words.TryParse<OperationKind>(Kind, out var kind);
        var check = new Check()
            .That(Kind is null || known, "kind", "One of: " + string.Join(", ", Enum.GetNames<OperationKind>()) + ".")
            .That(Sku is null || codes.Sku(Sku) is not null, "sku", "There is no such SKU.")
            .That(Location is null || codes.Location(Location) is not null, "location", "There is no location with this code.");
        var filter = new OperationFilter(
            Document, known ? kind : null, codes.Sku(Sku), codes.Location(Location), Key is null ? null : OperationInput.KeyPrefix + Key, Since, Until);
        return (filter, check.Failed(out var refused) ? refused.Problem : null);
    }
}
