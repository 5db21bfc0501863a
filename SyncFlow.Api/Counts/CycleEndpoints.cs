using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Counts;

/// <summary>What is to be counted at a location now.</summary>
internal sealed class ListDueCounts : IEndpoint
{
    private const int MostItems = 500;

    internal sealed record Answer(IReadOnlyList<DueCount> Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/counts/due", HandleAsync)
        .WithName("ListDueCounts").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("SKUs of a location that are due to be counted: fast ones every 7 days, medium ones 30, slow ones 90.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string? location, int? limit, Caller caller, CyclePlanner planner, OperationDesk operations, CancellationToken ct)
    {
        var codes = await operations.CodesAsync(caller.Tenant, [], location is null ? [] : [location], ct).ConfigureAwait(false);
        var check = new Check()
            .That(codes.Location(location) is not null, "location", "There is no location with this code.")
            .That(limit is null or (>= 1 and <= MostItems), "limit", $"A number from 1 to {MostItems}.");
        return check.Failed(out var refused)
            ? refused
            : TypedResults.Ok(new Answer(
                await planner.DueAsync(caller.Tenant, codes.Location(location)!.Value, limit ?? 100, ct).ConfigureAwait(false)));
    }
}

/// <summary>Units lost and found, by location and cause.</summary>
internal sealed class GetShrinkage : IEndpoint
{
    internal sealed record Answer(DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<Shrinkage> Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/reports/shrinkage", HandleAsync)
        .WithName("GetShrinkage").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("Units lost and found by counts, write-offs, adjustments and transfers, by location and reason; the last 30 days when no time is named.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        DateTimeOffset? since, DateTimeOffset? until, Caller caller, CyclePlanner planner, TimeProvider time, CancellationToken ct)
    {
        var to = until ?? time.GetUtcNow();
        var from = since ?? to.AddDays(-30);
        return from >= to
            ? (Refused)Problem.Invalid("since", "Earlier than 'until'.")
            : TypedResults.Ok(new Answer(from, to, await planner.ShrinkageAsync(caller.Tenant, from, to, ct).ConfigureAwait(false)));
    }
}
