using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Listings;

/// <summary>
/// Maps a connection's imported variants by the text of their SKU. SKUs that stand on more than one variant, variants
/// without a SKU, without stock tracking, or made of others are reported and never guessed.
/// </summary>
internal sealed class AutoMap : IEndpoint
{
    /// <param name="ConnectionId">The connection.</param>
    /// <param name="DryRun">Whether only to report.</param>
    /// <param name="CreateMissingSkus">Whether to create SKUs that the tenant does not have yet; true when left out.</param>
    internal sealed record Request(long? ConnectionId, bool DryRun = false, bool CreateMissingSkus = true);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/listings/auto-map", HandleAsync)
        .WithName("AutoMapListings").WithTags("Listings").Needs(Permission.CatalogWrite)
        .WithSummary("Maps imported variants to SKUs by their SKU text.");

    private static async Task<Results<Ok<MappingReport>, Refused>> HandleAsync(
        Request request, Caller caller, ConnectionDesk connections, QuotaCheck quotas, AutoMapper mapper, CancellationToken ct)
    {
        if (request.ConnectionId is not { } connection)
        {
            return (Refused)Problem.Invalid("connectionId", "A connection is needed.");
        }

        if (await connections.FindAsync(caller.Tenant, connection, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("connection", connection);
        }

        var skus = await quotas.UseAsync(Quota.Skus, ct).ConfigureAwait(false);
        var room = request.CreateMissingSkus ? Math.Max(0, skus.Most - skus.Used) : (long?)null;
        return await mapper.RunAsync(caller.Tenant, connection, room, request.DryRun, ct).ConfigureAwait(false) is { } report
            ? TypedResults.Ok(report)
            : (Refused)QuotaCheck.Refusal(skus);
    }
}
