using SyncFlow.Core;
using SyncFlow.Core.Requests;

namespace SyncFlow.Storage.Requests;

/// <summary>What a reservation is for. The numbers are stored; they never change meaning.</summary>
public enum ReservationKind : short
{
    /// <summary>A soft hold, such as a cart or a draft order: it expires.</summary>
    Hold = 1,

    /// <summary>Units set aside for a partner's programme until somebody releases them.</summary>
    Programme = 2,
}

/// <summary>Who confirmed a hold. The numbers are stored; they never change meaning.</summary>
public enum ReservationConfirmation : short
{
    /// <summary>It is paid for: it waits for its order and does not expire.</summary>
    Paid = 1,

    /// <summary>A warehouse has the units in its own pick tasks.</summary>
    Allocated = 2,
}

/// <summary>What a reservation is, for people.</summary>
public enum ReservationStatus
{
    Waiting,
    Held,
    Paid,
    Allocated,
    Committed,
    Released,
    Expired,
}

/// <summary>A wish to reserve units: all lines or none.</summary>
/// <param name="Reference">Names it for ever; the same name with the same wish is the same reservation.</param>
/// <param name="Partner">Whose programme; null for a hold.</param>
/// <param name="ExpiresAt">When a hold ends; null for a programme.</param>
/// <param name="MayWait">Whether it may wait for units that channels still show.</param>
/// <param name="By">Who asks.</param>
public sealed record ReservationWish(
    string Reference, ReservationKind Kind, string? Partner, DateTimeOffset? ExpiresAt, bool MayWait, string By,
    IReadOnlyList<ReservationWishLine> Lines);

/// <summary>Units of a SKU.</summary>
/// <param name="Location">Only from there; null for anywhere.</param>
public sealed record ReservationWishLine(SkuId Sku, int Units, LocationId? Location);

/// <summary>Units that a reservation has somewhere.</summary>
public sealed record ReservationHeld(string Location, int Units);

/// <summary>A line of a reservation, as it was asked for.</summary>
/// <param name="Location">Only from there; null for anywhere.</param>
/// <param name="Taken">Units that its order took over.</param>
/// <param name="Held">Where its units are set aside now; of a kit, see its parts.</param>
/// <param name="Parts">What is set aside for a kit; empty where the SKU is none.</param>
public sealed record ReservationLineView(
    int Line, string Sku, string? Location, int Units, RequestLineState Status, int Taken,
    IReadOnlyList<ReservationHeld> Held, IReadOnlyList<ReservationPartView> Parts);

/// <summary>A part of a kit that was asked for.</summary>
/// <param name="Units">Units of the part.</param>
/// <param name="Taken">Units that its order took over.</param>
/// <param name="Held">Where they are set aside now.</param>
public sealed record ReservationPartView(
    string Sku, int Units, RequestLineState Status, int Taken, IReadOnlyList<ReservationHeld> Held);

/// <summary>A reservation.</summary>
/// <param name="ConnectionId">The channel of the order that took units over.</param>
/// <param name="OrderRef">That order.</param>
public sealed record ReservationView(
    long Id, string Reference, ReservationKind Kind, ReservationStatus Status, string? Partner, long? ConnectionId,
    string? OrderRef, DateTimeOffset? ExpiresAt, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? GrantedAt,
    DateTimeOffset? ConfirmedAt, DateTimeOffset? EndedAt, string? EndReason, IReadOnlyList<ReservationLineView> Lines);

/// <summary>What became of a wish or of a change.</summary>
public enum ReservationResult
{
    Done,

    /// <summary>Asked for; some units are waited for.</summary>
    Waiting,

    /// <summary>The reference names this reservation already, and it is the same wish.</summary>
    Known,

    /// <summary>The reference names another reservation.</summary>
    ReferenceTaken,

    /// <summary>Not all units can be had.</summary>
    NotAvailable,

    /// <summary>The moment given is not in the future.</summary>
    ExpiryPast,

    /// <summary>The moment given is further away than a hold may last.</summary>
    ExpiryTooFar,

    /// <summary>The moment given is no later than the one in force.</summary>
    ExpiryNotLater,

    /// <summary>A programme has no expiry.</summary>
    NoExpiry,

    NotFound,

    /// <summary>Its units are still waited for.</summary>
    StillWaiting,

    /// <summary>Its time ran out.</summary>
    Expired,

    /// <summary>It was confirmed before.</summary>
    Confirmed,

    /// <summary>It is over.</summary>
    Ended,
}

/// <summary>The answer to a wish.</summary>
/// <param name="Reservation">As it is now; null when there is none.</param>
/// <param name="Offers">What there was for each line; empty unless it was decided on.</param>
public sealed record ReservationAnswer(
    ReservationResult Result, ReservationView? Reservation, IReadOnlyList<RequestOffer> Offers);
