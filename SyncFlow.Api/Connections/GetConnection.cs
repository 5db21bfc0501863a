using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>One connection.</summary>
internal sealed class GetConnection : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/connections/{id:long}", HandleAsync)
        .WithName("GetConnection").WithTags("Connections").Needs(Permission.ConnectionsRead)
        .WithSummary("Reads a connection.");

    private static async Task<Results<Ok<ConnectionView>, Refused>> HandleAsync(
        long id, Caller caller, ConnectionDesk desk, CancellationToken ct)
    {
        return await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(found)
            : (Refused)Problem.NotFound("connection", id);
    }
}
