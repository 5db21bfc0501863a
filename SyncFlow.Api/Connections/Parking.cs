using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>
/// Whether units that are not to be sold on a channel are parked there in its safety stock, where it is the authority for
/// on-hand, instead of being taken off its on-hand (docs/parking.md).
/// </summary>
internal sealed class Parking : IEndpoint
{
    /// <param name="Enabled">Whether they are.</param>
    internal sealed record Request(bool? Enabled);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/connections/{id:long}/parking", async Task<Results<Ok<ParkingView>, Refused>> (
                long id, Caller caller, ParkingDesk desk, CancellationToken ct) =>
                await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
                    ? TypedResults.Ok(found)
                    : (Refused)Problem.NotFound("connection", id))
            .WithName("GetParking").WithTags("Connections").Needs(Permission.ConnectionsRead)
            .WithSummary("Tells whether units are parked on a channel, and how many are.");
        routes.MapPut("/connections/{id:long}/parking", SetAsync)
            .WithName("SetParking").WithTags("Connections").Needs(Permission.ConnectionsManage)
            .WithSummary("Has units parked on a channel that is the authority for on-hand, or no longer.");
    }

    private static async Task<Results<Ok<ParkingView>, Refused>> SetAsync(
        long id, Request request, Caller caller, ParkingDesk desk, WakeUps wakeUps, CancellationToken ct)
    {
        if (request.Enabled is not { } enabled)
        {
            return (Refused)Problem.Invalid("enabled", "true or false.");
        }

        switch (await desk.SetAsync(caller.Tenant, id, enabled, ct).ConfigureAwait(false))
        {
            case ParkingChange.NotSupported:
                return (Refused)Problem.Invalid("enabled", "Only a channel that compares and keeps safety stock can park units.");
            case ParkingChange.NotTheAuthority:
                return (Refused)Problem.Invalid("enabled", "The connection is the authority for on-hand of nothing: set an authority rule first.");
            case ParkingChange.Done when await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } now:
                _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
                return TypedResults.Ok(now);
            default:
                return (Refused)Problem.NotFound("connection", id);
        }
    }
}
