using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Api.Stock;

/// <summary>Tells that units were put aside, physically, where a till or another seller without a cap sells.</summary>
internal sealed class SetAside : IEndpoint
{
    /// <param name="Location">Code of the location.</param>
    /// <param name="Units">Units that are aside now, 0 or more.</param>
    internal sealed record Request(string? Location, int? Units);

    /// <param name="Units">Units aside.</param>
    /// <param name="Outside">Units for sale that are not.</param>
    internal sealed record Answer(string Sku, string Location, int Units, int Outside);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/stock/{sku}/set-aside", HandleAsync)
        .WithName("SetAside").WithTags("Stock").Needs(Permission.StockWrite)
        .WithSummary("Tells how many units of a SKU are set aside for other channels where a seller without a cap sells.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string sku, Request request, Caller caller, SkuAt codes, SetAsideDesk desk, WakeUps wakeUps, CancellationToken ct)
    {
        var check = SkuAt.CheckCode(request.Location)
            .That(request.Units >= 0, "units", "0 or more.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var (pair, missing) = await codes.FindAsync(sku, request.Location!, ct).ConfigureAwait(false);
        if (pair is not var (found, location))
        {
            return (Refused)missing!;
        }

        if (caller.Locations is { } own && !own.Contains(location.Id))
        {
            return (Refused)new Problem(ProblemKind.Forbidden, "The key is limited to other locations.");
        }

        var (result, forSale) = await desk.PutAsync(caller.Tenant, found.Id, location.Id, request.Units!.Value, ct).ConfigureAwait(false);
        switch (result)
        {
            case SetAsideResult.NotOpened:
                return (Refused)new Problem(ProblemKind.StateConflict, "Nobody has counted what lies at the location.");
            case SetAsideResult.NobodySellsThere:
                return (Refused)new Problem(ProblemKind.StateConflict, "No seller without a cap sells at the location: nothing needs to be set aside.");
            case SetAsideResult.TooMany:
                return (Refused)Problem.Invalid("units", $"At most {Math.Max(0, forSale)}: so many lie there for sale.");
            default:
                _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
                return TypedResults.Ok(new Answer(found.Code, location.Code, request.Units.Value, forSale - request.Units.Value));
        }
    }
}
