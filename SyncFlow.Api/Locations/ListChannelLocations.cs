using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Locations;

/// <summary>The channels' own locations, and which of ours each is mapped to: of one connection, or of all.</summary>
internal sealed class ListChannelLocations : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/connections/{id:long}/channel-locations", OfConnectionAsync)
            .WithName("ListChannelLocations").WithTags("Locations").Needs(Permission.LocationsRead)
            .WithSummary("Lists a channel's own locations.");
        routes.MapGet("/location-mappings", MappedAsync)
            .WithName("ListLocationMappings").WithTags("Locations").Needs(Permission.LocationsRead)
            .WithSummary("Lists the location mappings of all channels.");
    }

    private static async Task<Results<Ok<Page<ChannelLocationView>>, Refused>> OfConnectionAsync(
        long id, Caller caller, ConnectionDesk desk, [AsParameters] PageQuery page, CancellationToken ct)
    {
        return await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
            ? (Refused)Problem.NotFound("connection", id)
            : TypedResults.Ok(await ReadAsync(desk, caller.Tenant, id, null, page, ct).ConfigureAwait(false));
    }

    private static async Task<Ok<Page<ChannelLocationView>>> MappedAsync(
        Caller caller, ConnectionDesk desk, [AsParameters] PageQuery page, long? connectionId, CancellationToken ct)
    {
        return TypedResults.Ok(await ReadAsync(desk, caller.Tenant, connectionId, true, page, ct).ConfigureAwait(false));
    }

    private static async Task<Page<ChannelLocationView>> ReadAsync(
        ConnectionDesk desk, long tenant, long? connection, bool? mapped, PageQuery page, CancellationToken ct)
    {
        var items = await desk.ChannelLocationsAsync(tenant, connection, mapped, After(page), page.ReadCount, ct).ConfigureAwait(false);
        return page.Of(items, item => string.Create(CultureInfo.InvariantCulture, $"{item.ConnectionId} {item.ExternalLocationId}"));
    }

    private static (long, string)? After(PageQuery page)
    {
        if (page.AfterText() is not { } text)
        {
            return null;
        }

        var gap = text.IndexOf(' ', StringComparison.Ordinal);
        return gap > 0 && long.TryParse(text.AsSpan(0, gap), NumberStyles.None, CultureInfo.InvariantCulture, out var connection)
            ? (connection, text[(gap + 1)..])
            : throw new RequestRefusedException(Problem.Invalid("cursor", "Not a cursor of this list; take it from 'next' of the page before."));
    }
}
