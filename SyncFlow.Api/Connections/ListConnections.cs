using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Connections;

/// <summary>The tenant's connections, by id.</summary>
internal sealed class ListConnections : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/connections", HandleAsync)
        .WithName("ListConnections").WithTags("Connections").Needs(Permission.ConnectionsRead)
        .WithSummary("Lists connections, optionally of one kind or status.");

    private static async Task<Ok<Page<ConnectionView>>> HandleAsync(
        Caller caller, ConnectionDesk desk, [AsParameters] PageQuery page, string? kind, ConnectionStatus? status, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, kind, status, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}
