using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Api.Stock;

/// <summary>Units that are set aside where a till or another seller without a cap sells, with the ETag that setting them needs.</summary>
internal sealed class GetSetAside : IEndpoint
{
    /// <param name="Version">Another whenever somebody puts units aside or a channel sells of them.</param>
    /// <param name="Locations">Where such a seller sells and somebody has counted.</param>
    internal sealed record Answer(string Sku, string Version, IReadOnlyList<Place> Locations);

    /// <param name="Units">Units aside.</param>
    /// <param name="Outside">Units for sale that are not.</param>
    internal sealed record Place(string Location, int Units, int Outside);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/stock/{sku}/set-aside", HandleAsync)
        .WithName("GetSetAside").WithTags("Stock").Needs(Permission.StockRead)
        .WithSummary("Reads how many units of a SKU are set aside where a seller without a cap sells.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string sku, Caller caller, SkuDesk skus, SetAsideDesk desk, HttpResponse response, CancellationToken ct)
    {
        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var (version, asides) = await desk.ReadAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        response.Headers.ETag = SeenVersion.ETagOf(version);
        return TypedResults.Ok(new Answer(found.Code, version, [.. asides
            .Where(a => caller.Locations is not { } own || own.Contains(a.LocationId))
            .Select(a => new Place(a.Location, a.Units, a.Outside))]));
    }
}

/// <summary>
/// Tells that units were put aside, physically, where a till or another seller without a cap sells. Sales lower the
/// number meanwhile, so the request names what it has seen of it, and a repeat sets nothing aside that was sold.
/// </summary>
internal sealed class SetAside : IEndpoint
{
    /// <param name="Location">Code of the location.</param>
    /// <param name="Units">Units that are aside now, 0 or more.</param>
    internal sealed record Request(string? Location, int? Units);

    /// <param name="Units">Units aside.</param>
    /// <param name="Outside">Units for sale that are not.</param>
    /// <param name="Version">To name with the next change.</param>
    internal sealed record Answer(string Sku, string Location, int Units, int Outside, string Version);

    public static void Map(IEndpointRouteBuilder routes) => SeenVersion.Mark(routes.MapPut("/stock/{sku}/set-aside", HandleAsync)
        .WithName("SetAside").WithTags("Stock").Needs(Permission.StockWrite)
        .WithSummary("Tells how many units of a SKU are set aside for other channels where a seller without a cap sells."));

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        string sku, Request request, Caller caller, SkuAt codes, SetAsideDesk desk, WakeUps wakeUps, HttpContext context, CancellationToken ct)
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

        if (SeenVersion.Read(context.Request, out refused) is not { } seen)
        {
            return refused!;
        }

        var units = request.Units!.Value;
        var answer = (await desk.PutAsync(caller.Tenant, [new AsideWord(found.Id, location.Id, units, seen)], ct).ConfigureAwait(false)).Single();
        if (RefusalOf(answer) is { } against)
        {
            return against;
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
        context.Response.Headers.ETag = SeenVersion.ETagOf(answer.Version);
        return TypedResults.Ok(new Answer(found.Code, location.Code, units, answer.ForSale - units, answer.Version));
    }

    private static Refused? RefusalOf(AsideAnswer answer) => answer.Result switch
    {
        SetAsideResult.Done => null,
        SetAsideResult.Stale or SetAsideResult.Known => SeenVersion.Stale(), // Whoever tells one number is told that it is not news.
        SetAsideResult.NotOpened => new Problem(ProblemKind.StateConflict, "Nobody has counted what lies at the location."),
        SetAsideResult.NobodySellsThere => new Problem(
            ProblemKind.StateConflict, "No seller without a cap sells at the location: nothing needs to be set aside."),
        SetAsideResult.TooMany => Problem.Invalid("units", $"At most {Math.Max(0, answer.ForSale)}: so many lie there for sale."),
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Result, "Unknown result."),
    };
}
