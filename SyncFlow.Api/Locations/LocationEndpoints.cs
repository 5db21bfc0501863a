using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Allocation;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Locations;

/// <summary>The tenant's places.</summary>
internal sealed class ListLocations : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/locations", HandleAsync)
        .WithName("ListLocations").WithTags("Locations").Needs(Permission.LocationsRead)
        .WithSummary("Lists locations; search looks at code and name.");

    private static async Task<Ok<Page<LocationView>>> HandleAsync(
        Caller caller, LocationDesk desk, [AsParameters] PageQuery page, string? search, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, search, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One place.</summary>
internal sealed class GetLocation : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/locations/{id:long}", HandleAsync)
        .WithName("GetLocation").WithTags("Locations").Needs(Permission.LocationsRead)
        .WithSummary("Reads a location.");

    private static async Task<Results<Ok<LocationView>, Refused>> HandleAsync(
        long id, Caller caller, LocationDesk desk, HttpContext context, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("location", id);
        }

        context.Response.Headers.ETag = RuleWork.ETagOf(found.Version);
        return TypedResults.Ok(found);
    }
}

/// <summary>A new place.</summary>
internal sealed class CreateLocation : IEndpoint
{
    internal const int LongestCode = 60;

    internal const int LongestName = 200;

    /// <param name="Code">Short and lasting; facts name it.</param>
    /// <param name="Name">For people.</param>
    /// <param name="FulfillsOnline">Whether online orders may ship from it.</param>
    /// <param name="PoolGroup">Locations of one group may ship for each other.</param>
    /// <param name="OffersPickup">Whether shoppers may pick orders up there.</param>
    /// <param name="InspectReturns">Whether units that a channel's refund puts back there go to inspection first.</param>
    internal sealed record Request(string? Code, string? Name, bool FulfillsOnline = true, int PoolGroup = 1, bool OffersPickup = false,
        bool InspectReturns = false);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/locations", HandleAsync)
        .WithName("CreateLocation").WithTags("Locations").Needs(Permission.LocationsWrite)
        .WithSummary("Creates a location.");

    private static async Task<Results<Created<LocationView>, Refused>> HandleAsync(
        Request request, Caller caller, QuotaCheck quotas, LocationDesk desk, CancellationToken ct)
    {
        var check = new Check()
            .Text(request.Code, "code", LongestCode)
            .Text(request.Name, "name", LongestName)
            .That(request.PoolGroup >= 1, "poolGroup", "1 or more.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await quotas.FullAsync(Quota.Locations, ct).ConfigureAwait(false) is { } full)
        {
            return (Refused)full;
        }

        var made = await desk.CreateAsync(
            caller.Tenant, request.Code!.Trim(), request.Name!.Trim(), request.FulfillsOnline, request.PoolGroup, request.OffersPickup,
            request.InspectReturns, ct).ConfigureAwait(false);
        return made is null
            ? (Refused)new Problem(ProblemKind.AlreadyExists, $"There is a location with the code {request.Code}.")
            : TypedResults.Created($"/api/v1/locations/{made.Id}", made);
    }
}

/// <summary>
/// Changes a place. Its code stays, and it is never deleted: the ledger speaks of it. Whether online orders may ship from it
/// and what it may ship for move every level that counts on it: with <c>preview=true</c> the answer only tells the writes, and
/// a change that the breaker holds waits (202). With <c>If-Match</c> all of it is refused where somebody else changed the place
/// since.
/// </summary>
internal sealed class UpdateLocation : IEndpoint
{
    internal sealed record Request(string? Name, bool? FulfillsOnline, int? PoolGroup, bool? OffersPickup, bool? InspectReturns);

    /// <param name="Location">As it stands.</param>
    /// <param name="Writes">What would be written.</param>
    /// <param name="Trip">Why the breaker would hold the change; null where it would not.</param>
    internal sealed record Preview(LocationView Location, PolicyWrites Writes, string? Trip);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/locations/{id:long}", HandleAsync)
        .WithName("UpdateLocation").WithTags("Locations").Needs(Permission.LocationsWrite).HeedsIfMatch()
        .WithSummary("Changes a location; what is left out stays. preview=true only tells the writes.");

    private static async Task<Results<Ok<LocationView>, Ok<Preview>, Accepted<ChangeView>, Accepted<RunAccepted>, Refused>> HandleAsync(
        long id, Request request, bool? preview, Caller caller, LocationDesk desk, RuleWork rules, HttpContext context, CancellationToken ct)
    {
        var check = new Check()
            .That(
                request.Name is null || (!string.IsNullOrWhiteSpace(request.Name) && request.Name.Length <= CreateLocation.LongestName),
                "name",
                $"1 to {CreateLocation.LongestName} characters.")
            .That(request.PoolGroup is null or >= 1, "poolGroup", "1 or more.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } location)
        {
            return (Refused)Problem.NotFound("location", id);
        }

        // Nothing is done before the whole call is known to be of what the caller read; what is written asks for it again.
        var expected = rules.Expected();
        if (expected is { } read && read != location.Version)
        {
            return Changed();
        }

        // What moves no level never waits for what does.
        var details = new LocationDetails(request.Name?.Trim(), request.OffersPickup, request.InspectReturns);
        var onlyDetails = request is { FulfillsOnline: null, PoolGroup: null } && preview != true;
        if (onlyDetails && !details.IsEmpty
            && await desk.UpdateAsync(caller.Tenant, id, details, expected, ct).ConfigureAwait(false) is null)
        {
            return Changed();
        }

        var (effect, waiting, run, against) = onlyDetails
            ? new RuleResult(null, null, null, null)
            : await rules.RunAsync(
                new LocationChange(new LocationId(id), request.FulfillsOnline, request.PoolGroup), details, $"location {location.Code}", expected,
                preview == true, ct).ConfigureAwait(false);
        if (waiting is not null)
        {
            return waiting;
        }

        if (run is not null)
        {
            return run;
        }

        if (against is not null)
        {
            return against;
        }

        if (preview == true)
        {
            return TypedResults.Ok(new Preview(location, effect!.Writes, effect.Trip));
        }

        var after = (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!;
        context.Response.Headers.ETag = RuleWork.ETagOf(after.Version);
        return TypedResults.Ok(after);
    }

    private static Refused Changed() => new Problem(ProblemKind.PreconditionFailed, "Read the location again and decide anew.");
}
