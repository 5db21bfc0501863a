using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Storage.Channels;

namespace SyncFlow.Api.Locations;

/// <summary>Units at locations that are closed on all their channels: there, and not for sale online.</summary>
internal sealed class ListStrandedUnits : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/locations/stranded", HandleAsync)
        .WithName("ListStrandedUnits").WithTags("Locations").Needs(Permission.StockRead)
        .WithSummary("Lists units at closed locations.");

    private static async Task<Ok<List<StrandedUnits>>> HandleAsync(Caller caller, StrandedStock stranded, CancellationToken ct) =>
        TypedResults.Ok(await stranded.ListAsync(new TenantId(caller.Tenant), ct).ConfigureAwait(false));
}
