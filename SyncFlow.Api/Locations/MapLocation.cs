using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Locations;

/// <summary>Says which of our locations a channel's own one stands for.</summary>
internal sealed class MapLocation : IEndpoint
{
    /// <param name="ConnectionId">The channel.</param>
    /// <param name="ExternalLocationId">The channel's own id.</param>
    /// <param name="LocationId">Ours; null takes the mapping away.</param>
    internal sealed record Request(long? ConnectionId, string? ExternalLocationId, long? LocationId);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/location-mappings", HandleAsync)
        .WithName("MapLocation").WithTags("Locations").Needs(Permission.LocationsWrite)
        .WithSummary("Maps a channel's own location to one of ours.");

    private static async Task<Results<Ok<Request>, Refused>> HandleAsync(
        Request request, Caller caller, LocationDesk desk, CancellationToken ct)
    {
        var check = new Check()
            .That(request.ConnectionId is not null, "connectionId", "A connection is needed.")
            .That(!string.IsNullOrEmpty(request.ExternalLocationId), "externalLocationId", "A location of the channel is needed.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var change = await desk.MapAsync(
            caller.Tenant, request.ConnectionId!.Value, request.ExternalLocationId!, request.LocationId, ct).ConfigureAwait(false);
        return change switch
        {
            MappingChange.Done => TypedResults.Ok(request),
            MappingChange.NoSuchChannelLocation => (Refused)Problem.NotFound("location of this channel", request.ExternalLocationId!),
            MappingChange.NoSuchLocation => (Refused)Problem.NotFound("location", request.LocationId!),
            MappingChange.LocationTaken => (Refused)new Problem(
                ProblemKind.StateConflict, "Another location of this channel is mapped to that place; two levels would show the same units."),
            MappingChange.LevelsExist => (Refused)new Problem(
                ProblemKind.StateConflict, "Listings are published there, or a source reported units there; they cannot be moved to another place."),
        };
    }
}
