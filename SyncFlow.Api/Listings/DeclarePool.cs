using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Listings;

/// <summary>
/// Says that several variants of one store are one SKU: what automatic mapping reports as ambiguous and leaves alone.
/// Their stock is one pool, opened by all of them together, and their quotas sum to it.
/// </summary>
internal sealed class DeclarePool : IEndpoint
{
    private const int MostVariants = 250;

    /// <param name="ConnectionId">The store.</param>
    /// <param name="Sku">The SKU; made where the tenant does not have it.</param>
    /// <param name="VariantRefs">Which variants; all that carry this SKU text when left out.</param>
    internal sealed record Request(long? ConnectionId, string? Sku, IReadOnlyList<string>? VariantRefs);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/listings/pools", HandleAsync)
        .WithName("DeclarePool").WithTags("Listings").Needs(Permission.CatalogWrite)
        .WithSummary("Maps several variants of one store to one SKU.");

    private static async Task<Results<Ok<MappedItems>, Refused>> HandleAsync(
        Request request, Caller caller, ConnectionDesk connections, SkuDesk skus, QuotaCheck quotas, ItemMapper mapper, WakeUps wakeUps, CancellationToken ct)
    {
        var check = new Check()
            .That(request.ConnectionId is not null, "connectionId", "A connection is needed.")
            .Text(request.Sku, "sku", 255)
            .That(request.VariantRefs is null or { Count: > 0 and <= MostVariants }, "variantRefs", $"1 to {MostVariants} variants, or none named.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var connection = request.ConnectionId!.Value;
        if (await connections.FindAsync(caller.Tenant, connection, ct).ConfigureAwait(false) is null)
        {
            return (Refused)Problem.NotFound("connection", connection);
        }

        if (await skus.FindAsync(caller.Tenant, request.Sku!, ct).ConfigureAwait(false) is null
            && await quotas.FullAsync(Quota.Skus, ct).ConfigureAwait(false) is { } full)
        {
            return (Refused)full;
        }

        var (mapped, refusal) = await mapper.DeclarePoolAsync(
            new TenantId(caller.Tenant), new ConnectionId(connection), request.Sku!, request.VariantRefs, ct).ConfigureAwait(false);
        if (mapped is null)
        {
            var field = request.VariantRefs is null ? "sku" : "variantRefs";
            return (Refused)Problem.Invalid(field, refusal == PoolRefusal.MappedElsewhere
                ? "One of these variants sells another SKU."
                : "The store has no such variants that are tracked and sold by themselves.");
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
        return TypedResults.Ok(mapped);
    }
}
