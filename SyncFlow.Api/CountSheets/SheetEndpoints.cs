using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Counts;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.CountSheets;

/// <summary>Begins a count sheet for a location.</summary>
internal sealed class CreateSheet : IEndpoint
{
    private const int LongestName = 100;

    /// <param name="Name">For people; its counts carry it as their document.</param>
    /// <param name="Location">Code of the location.</param>
    /// <param name="Skus">What is to be counted; everything with stock there when left out.</param>
    /// <param name="ReviewPercent">Variances above it wait for a person; 5 when left out.</param>
    internal sealed record Request(string? Name, string? Location, IReadOnlyList<string>? Skus, int? ReviewPercent);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/count-sheets", HandleAsync)
        .WithName("CreateCountSheet").WithTags("Counts").Needs(Permission.StockWrite)
        .WithSummary("Begins a count sheet for a location, of some SKUs or of all that have stock there.");

    private static async Task<Results<Created<SheetView>, Refused>> HandleAsync(
        Request request, Caller caller, SheetDesk desk, SheetReader reader, OperationDesk operations, CancellationToken ct)
    {
        var wanted = request.Skus ?? [];
        var codes = await operations.CodesAsync(
            caller.Tenant, wanted.Take(SheetDesk.MostLines), request.Location is null ? [] : [request.Location], ct).ConfigureAwait(false);
        var check = new Check()
            .Text(request.Name, "name", LongestName)
            .Text(request.Location, "location", Locations.CreateLocation.LongestCode)
            .That(string.IsNullOrWhiteSpace(request.Location) || codes.Location(request.Location) is not null, "location", "There is no location with this code.")
            .That(request.Skus is null || wanted.Count is > 0 and <= SheetDesk.MostLines, "skus", $"1 to {SheetDesk.MostLines} SKUs, or left out for all.")
            .That(request.ReviewPercent is null or (>= 0 and <= 100), "reviewPercent", "From 0 to 100.");
        for (var i = 0; i < Math.Min(wanted.Count, SheetDesk.MostLines); i++)
        {
            check.That(codes.Sku(wanted[i]) is not null, $"skus[{i}]", "There is no such SKU.");
        }

        if (check.Failed(out var refused))
        {
            return refused;
        }

        var skus = request.Skus is null ? null : wanted.Select(code => codes.Sku(code)!.Value).Distinct().ToList();
        var id = await desk.CreateAsync(
            caller.Tenant, caller.Name, request.Name!.Trim(), codes.Location(request.Location)!.Value,
            request.ReviewPercent ?? CountReview.DefaultPercent, skus, ct).ConfigureAwait(false);
        return id is null
            ? (Refused)Problem.Invalid("location", $"Nothing has stock there, or more than {SheetDesk.MostLines} SKUs have: name them.")
            : TypedResults.Created($"/api/v1/count-sheets/{id}", (await reader.FindAsync(caller.Tenant, id.Value, ct).ConfigureAwait(false))!);
    }
}

/// <summary>Count sheets, newest first.</summary>
internal sealed class ListSheets : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/count-sheets", HandleAsync)
        .WithName("ListCountSheets").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("Lists count sheets by state and location.");

    private static async Task<Results<Ok<Page<SheetView>>, Refused>> HandleAsync(
        string? state, string? location, [AsParameters] PageQuery page, Caller caller, SheetReader reader, OperationDesk operations, CancellationToken ct)
    {
        var codes = await operations.CodesAsync(caller.Tenant, [], location is null ? [] : [location], ct).ConfigureAwait(false);
        var known = Words.TryParse<SheetState>(state, out var wanted);
        var check = new Check()
            .That(state is null || known, "state", "One of: open, review, done, cancelled.")
            .That(location is null || codes.Location(location) is not null, "location", "There is no location with this code.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var items = await reader.ListAsync(
            caller.Tenant, known ? wanted : null, codes.Location(location), page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One count sheet.</summary>
internal sealed class GetSheet : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/count-sheets/{id:long}", HandleAsync)
        .WithName("GetCountSheet").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("Reads a count sheet.");

    private static async Task<Results<Ok<SheetView>, Refused>> HandleAsync(long id, Caller caller, SheetReader reader, CancellationToken ct) =>
        await reader.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(found)
            : (Refused)Problem.NotFound("count sheet", id);
}

/// <summary>Lines of a sheet: before the submission a preview of what it will book and what it will put up for review.</summary>
internal sealed class ListSheetLines : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/count-sheets/{id:long}/lines", HandleAsync)
        .WithName("ListCountSheetLines").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("Lists a sheet's lines with expected units, variance and whether it needs a review.");

    private static async Task<Results<Ok<Page<SheetLineView>>, Refused>> HandleAsync(
        long id, string? state, [AsParameters] PageQuery page, Caller caller, SheetReader reader, CancellationToken ct)
    {
        var known = Words.TryParse<SheetLineState>(state, out var wanted);
        if (state is not null && !known)
        {
            return (Refused)Problem.Invalid("state", "One of: open, review, booked, rejected.");
        }

        if (await reader.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } sheet)
        {
            return (Refused)Problem.NotFound("count sheet", id);
        }

        var lines = await reader.LinesAsync(caller.Tenant, sheet, known ? wanted : null, page.AfterText(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(lines, line => SkuDesk.KeyOf(line.Sku)));
    }
}
