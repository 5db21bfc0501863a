using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Preorders;

namespace SyncFlow.Api.Preorders;

/// <summary>SKUs that are sold before they are there.</summary>
internal sealed class ListPreorders : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/preorders", HandleAsync)
        .WithName("ListPreorders").WithTags("Preorders").Needs(Permission.PoliciesRead)
        .WithSummary("Lists preorders, also those that have ended.");

    private static async Task<Ok<Page<PreorderView>>> HandleAsync(
        Caller caller, PreorderDesk desk, [AsParameters] PageQuery page, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.SkuId));
    }
}

/// <summary>A SKU's preorder, with the ETag that setting it needs; also where there is none (404).</summary>
internal sealed class GetPreorder : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/skus/{sku}/preorder", HandleAsync)
        .WithName("GetPreorder").WithTags("Preorders").Needs(Permission.PoliciesRead)
        .WithSummary("Reads a SKU's preorder.");

    private static async Task<Results<Ok<PreorderView>, Refused>> HandleAsync(
        string sku, Caller caller, SkuDesk skus, PreorderDesk desk, HttpResponse response, CancellationToken ct)
    {
        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("preorder of SKU", sku);
        }

        // Its own version comes with it; the other is read before, so that a preorder that begins meanwhile is not written over.
        var none = await desk.VersionAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        var preorder = await desk.FindAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false);
        response.Headers.ETag = SeenVersion.ETagOf(preorder?.Version ?? none);
        return preorder is null ? (Refused)Problem.NotFound("preorder of SKU", sku) : TypedResults.Ok(preorder);
    }
}

/// <summary>
/// Sells a SKU against units that are on their way. Receipts lower them meanwhile, so the request names what it has
/// seen, and a repeat promises nothing that has arrived a second time.
/// </summary>
internal sealed class SetPreorder : IEndpoint
{
    /// <summary>Most units of a cap or of what is on its way.</summary>
    internal const int MostUnits = 10_000_000;

    /// <param name="Location">Code of the location where the goods will arrive; it ships them.</param>
    /// <param name="Cap">Most units that may be promised beyond what is there, above zero.</param>
    /// <param name="Incoming">Confirmed units that have not arrived yet; receipts there lower it.</param>
    /// <param name="Until">From then on no more are sold; in the future.</param>
    /// <param name="ArrivesOn">When the goods are expected, for people.</param>
    internal sealed record Request(string? Location, int? Cap, int? Incoming, DateTimeOffset? Until, DateOnly? ArrivesOn);

    public static void Map(IEndpointRouteBuilder routes) => SeenVersion.Mark(routes.MapPut("/skus/{sku}/preorder", HandleAsync)
        .WithName("SetPreorder").WithTags("Preorders").Needs(Permission.PoliciesWrite)
        .WithSummary("Sells a SKU against incoming units, with a cap and a date."));

    private static async Task<Results<Ok<PreorderView>, Refused>> HandleAsync(
        string sku, Request request, Caller caller, SkuAt codes, PreorderDesk desk, WakeUps wakeUps, TimeProvider time, HttpContext context,
        CancellationToken ct)
    {
        var check = SkuAt.CheckCode(request.Location)
            .That(request.Cap is >= 1 and <= MostUnits, "cap", $"1 to {MostUnits}.")
            .That(request.Incoming is >= 0 and <= MostUnits, "incoming", $"0 to {MostUnits}.")
            .That(request.Until > time.GetUtcNow(), "until", "A moment in the future.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var (pair, missing) = await codes.FindAsync(sku, request.Location!, ct).ConfigureAwait(false);
        if (pair is not var (found, location))
        {
            return (Refused)missing!;
        }

        if (!location.FulfillsOnline)
        {
            return (Refused)Problem.Invalid("location", "It does not fulfil online orders.");
        }

        if (SeenVersion.Read(context.Request, out refused) is not { } seen)
        {
            return refused!;
        }

        var wish = new PreorderWish(location.Id, request.Cap!.Value, request.Incoming!.Value, request.Until!.Value, request.ArrivesOn);
        var result = await desk.SetAsync(caller.Tenant, found.Id, wish, seen, ct).ConfigureAwait(false);
        if (PreorderProblems.Of(result) is { } problem)
        {
            return (Refused)problem;
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        if (await desk.FindAsync(caller.Tenant, found.Id, ct).ConfigureAwait(false) is not { } preorder)
        {
            return (Refused)Problem.NotFound("preorder of SKU", sku); // Taken away by somebody since.
        }

        context.Response.Headers.ETag = SeenVersion.ETagOf(preorder.Version);
        return TypedResults.Ok(preorder);
    }
}

/// <summary>Ends a preorder against which nothing is promised; with <c>If-Match</c> only the one that was seen.</summary>
internal sealed class RemovePreorder : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/skus/{sku}/preorder", HandleAsync)
        .WithName("RemovePreorder").WithTags("Preorders").Needs(Permission.PoliciesWrite).HeedsIfMatch()
        .WithSummary("Takes a preorder away where nothing is promised against it.");

    private static async Task<Results<NoContent, Refused>> HandleAsync(
        string sku, Caller caller, SkuDesk skus, PreorderDesk desk, WakeUps wakeUps, HttpRequest request, CancellationToken ct)
    {
        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var result = await desk.RemoveAsync(caller.Tenant, found.Id, SeenVersion.Find(request), ct).ConfigureAwait(false);
        if (PreorderProblems.Of(result) is { } problem)
        {
            return (Refused)problem;
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        return TypedResults.NoContent();
    }
}
