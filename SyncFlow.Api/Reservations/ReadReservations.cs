using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api.Reservations;

/// <summary>The tenant's reservations, newest first.</summary>
internal sealed class ListReservations : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/reservations", HandleAsync)
        .WithName("ListReservations").WithTags("Reservations").Needs(Permission.ReservationsRead)
        .WithSummary("Lists reservations, optionally only open ones, of one status, kind, partner, reference or SKU.");

    private static async Task<Results<Ok<Page<ReservationView>>, Refused>> HandleAsync(
        Caller caller, ReservationDesk desk, SkuDesk skus, [AsParameters] PageQuery page, bool? open, Word<ReservationStatus>? status,
        Word<ReservationKind>? kind, string? partner, string? reference, string? sku, CancellationToken ct)
    {
        var found = sku is null ? null : await skus.FindAsync(caller.Tenant, sku, ct).ConfigureAwait(false);
        if (sku is not null && found is null)
        {
            return (Refused)Problem.Invalid("sku", "There is no such SKU.");
        }

        var query = new ReservationQuery(open, status?.Value, kind?.Value, partner, reference, found?.Id, page.AfterId(), page.ReadCount);
        var items = await desk.ListAsync(caller.Tenant, query, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One reservation.</summary>
internal sealed class GetReservation : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/reservations/{id:long}", HandleAsync)
        .WithName("GetReservation").WithTags("Reservations").Needs(Permission.ReservationsRead)
        .WithSummary("Reads a reservation with its lines.");

    private static async Task<Results<Ok<ReservationView>, Refused>> HandleAsync(
        long id, Caller caller, ReservationDesk desk, CancellationToken ct) =>
        await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found
            ? TypedResults.Ok(found)
            : (Refused)Problem.NotFound("reservation", id);
}
