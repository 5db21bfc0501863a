using SyncFlow.Api.Http;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api.Reservations;

/// <summary>Refusals of reservations as problems; each that a field of the request or of the reservation stands behind names it.</summary>
internal static class ReservationProblems
{
    /// <exception cref="ArgumentOutOfRangeException">The answer is no refusal.</exception>
    public static Refused Of(ReservationAnswer answer) => answer.Result switch
    {
        ReservationResult.ReferenceTaken => Naming(ProblemKind.AlreadyExists, "reference", "This reference names another reservation."),
        ReservationResult.ExpiryPast => Problem.Invalid("expiresAt", "A moment in the future is needed."),
        ReservationResult.ExpiryTooFar => Problem.Invalid("expiresAt", $"At most {ReservationStore.LongestHold.TotalDays:0} days ahead."),
        ReservationResult.ExpiryNotLater => Problem.Invalid("expiresAt", "Later than the expiry in force."),
        ReservationResult.NotFound => new Problem(ProblemKind.NotFound, "There is no such reservation."),
        ReservationResult.NoExpiry => Conflict("expiresAt", "A programme has no expiry."),
        ReservationResult.StillWaiting => Conflict("status", "Its units are still waited for; nothing is held yet."),
        ReservationResult.Expired => Conflict("expiresAt", "The hold expired, and its units are not held any more; reserve again."),
        ReservationResult.Confirmed => Conflict("status", "The hold was confirmed before."),
        ReservationResult.Ended => Conflict("status", "The reservation is over: " + answer.Reservation!.Status.ToString().ToLowerInvariant() + "."),
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Result, "This is no refusal."),
    };

    private static Refused Conflict(string field, string why) => Naming(ProblemKind.StateConflict, field, why);

    private static Refused Naming(ProblemKind kind, string field, string why) =>
        new Problem(kind, why) { Fields = new Dictionary<string, string[]> { [field] = [why] } };
}
