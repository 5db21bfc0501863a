using SyncFlow.Api.Http;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api.Reservations;

/// <summary>Refusals of reservations as problems.</summary>
internal static class ReservationProblems
{
    /// <exception cref="ArgumentOutOfRangeException">The answer is no refusal.</exception>
    public static Refused Of(ReservationAnswer answer) => answer.Result switch
    {
        ReservationResult.ReferenceTaken => new Problem(ProblemKind.AlreadyExists, "This reference names another reservation."),
        ReservationResult.ExpiryPast => Problem.Invalid("expiresAt", "A moment in the future is needed."),
        ReservationResult.ExpiryTooFar => Problem.Invalid("expiresAt", $"At most {ReservationStore.LongestHold.TotalDays:0} days ahead."),
        ReservationResult.ExpiryNotLater => Problem.Invalid("expiresAt", "Later than the expiry in force."),
        ReservationResult.NotFound => new Problem(ProblemKind.NotFound, "There is no such reservation."),
        ReservationResult.NoExpiry => Conflict("A programme has no expiry."),
        ReservationResult.StillWaiting => Conflict("Its units are still waited for; nothing is held yet."),
        ReservationResult.Expired => Conflict("The hold expired and its units were given back; reserve again."),
        ReservationResult.Confirmed => Conflict("The hold was confirmed before."),
        ReservationResult.Ended => Conflict("The reservation is over: " + answer.Reservation!.Status.ToString().ToLowerInvariant() + "."),
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Result, "This is no refusal."),
    };

    private static Refused Conflict(string why) => new Problem(ProblemKind.StateConflict, why);
}
