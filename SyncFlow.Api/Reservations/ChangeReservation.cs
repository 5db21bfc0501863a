using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api.Reservations;

/// <summary>A hold is paid for, or a warehouse has taken its units; it no longer expires.</summary>
internal sealed class ConfirmReservation : IEndpoint
{
    /// <param name="As"><c>paid</c> when left out: it waits for its order. <c>allocated</c>: the warehouse picks it.</param>
    internal sealed record Request(ReservationConfirmation? As);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/reservations/{id:long}/confirm", HandleAsync)
        .WithName("ConfirmReservation").WithTags("Reservations").Needs(Permission.ReservationsWrite)
        .WithSummary("Confirms a hold as paid or as allocated by the warehouse; it no longer expires.");

    private static async Task<Results<Ok<ReservationView>, Refused>> HandleAsync(
        long id, Request? request, Caller caller, ReservationStore store, Answering answering, CancellationToken ct) =>
        answering.Of(await store.ConfirmAsync(
            new TenantId(caller.Tenant), id, request?.As ?? ReservationConfirmation.Paid, ct).ConfigureAwait(false));
}

/// <summary>Units are given back.</summary>
internal sealed class ReleaseReservation : IEndpoint
{
    private const int LongestReason = 200;

    /// <param name="Reason">For people.</param>
    /// <param name="Voided">
    /// Says that a confirmed hold is void: the payment was returned, or the warehouse gave the units up. Without it a
    /// confirmed hold is not released.
    /// </param>
    internal sealed record Request(string? Reason, bool? Voided);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/reservations/{id:long}/release", HandleAsync)
        .WithName("ReleaseReservation").WithTags("Reservations").Needs(Permission.ReservationsWrite)
        .WithSummary("Gives a reservation's units back.");

    private static async Task<Results<Ok<ReservationView>, Refused>> HandleAsync(
        long id, Request? request, Caller caller, ReservationStore store, Answering answering, CancellationToken ct)
    {
        var check = new Check().That(
            request?.Reason is null || request.Reason.Length <= LongestReason, "reason", $"At most {LongestReason} characters.");
        return check.Failed(out var refused)
            ? refused
            : answering.Of(await store.ReleaseAsync(
                new TenantId(caller.Tenant), id, request?.Reason ?? "released", request?.Voided ?? false, ct).ConfigureAwait(false));
    }
}

/// <summary>A hold gets more time.</summary>
internal sealed class ExtendReservation : IEndpoint
{
    /// <param name="ExpiresAt">Later than the expiry in force, at most 30 days ahead.</param>
    internal sealed record Request(DateTimeOffset? ExpiresAt);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/reservations/{id:long}/extend", HandleAsync)
        .WithName("ExtendReservation").WithTags("Reservations").Needs(Permission.ReservationsWrite)
        .WithSummary("Gives a hold more time.");

    private static async Task<Results<Ok<ReservationView>, Refused>> HandleAsync(
        long id, Request request, Caller caller, ReservationStore store, Answering answering, CancellationToken ct) =>
        request.ExpiresAt is { } until
            ? answering.Of(await store.ExtendAsync(new TenantId(caller.Tenant), id, until, ct).ConfigureAwait(false))
            : (Refused)Problem.Invalid("expiresAt", "The new moment is needed.");
}

/// <summary>Answers a change, and wakes whoever shows or publishes what it changed.</summary>
internal sealed class Answering(Caller caller, WakeUps wakeUps)
{
    public Results<Ok<ReservationView>, Refused> Of(ReservationAnswer answer)
    {
        if (answer.Result != ReservationResult.Done)
        {
            return ReservationProblems.Of(answer);
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
        _ = wakeUps.PublishAsync(WakeUpKind.Changes, caller.Tenant);
        return TypedResults.Ok(answer.Reservation);
    }
}
