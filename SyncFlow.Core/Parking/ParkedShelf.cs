namespace SyncFlow.Core.Parking;

/// <summary>
/// A level whose channel is the authority for on-hand, and on which units that are not to be sold there are parked in a
/// state that is not sold (Shopify: safety stock) instead of being taken off on-hand (rule R14). Two numbers: what lies
/// parked, and what the channel's on-hand does not show of what lies there. See docs/protocol.md.
/// </summary>
public sealed record ParkedShelf
{
    /// <summary>Units in the parked state as we hold the channel to show it; our own writes move it, readings correct it.</summary>
    public int Parked { get; init; }

    /// <summary>
    /// Units that lie on the shelf beyond the channel's on-hand; below zero, units that are gone and still in it. Moved by
    /// what others than this channel do to the place, and by our own writes of on-hand, never by what the ledger sums to.
    /// Null while nothing is parked here: not yet, or no longer, and what is parked still is being taken out.
    /// </summary>
    public int? Owed { get; init; }

    /// <summary>Since when the parked state is known; null before its first reading. Readings from before say nothing of it.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The part of <see cref="Parked"/> that no write of ours and no movement of available explains yet, signed.</summary>
    public int Unplaced { get; init; }

    /// <summary>Exact drained readings that showed <see cref="Unplaced"/>, with none between them that showed something else.</summary>
    public int UnplacedReadings { get; init; }

    /// <summary>Cumulative change of the parked state by acknowledged writes; only differences matter.</summary>
    public long MovedTotal { get; init; }

    /// <summary>By how much the parked state moves if the write on its way happened.</summary>
    public int InFlight { get; init; }

    /// <summary>
    /// By how much the last write moved on-hand, until a drained reading has shown it. No other is planned before: so one
    /// that was not done is always told from the next.
    /// </summary>
    public int Adjusted { get; init; }

    /// <summary>When <see cref="Adjusted"/> was acknowledged, or planned where its answer was lost.</summary>
    public DateTimeOffset? AdjustedAt { get; init; }

    /// <summary>
    /// When the last move was acknowledged, until a drained reading has told of it. On-hand is not changed before: a change of it
    /// whose answer is lost would read, undone together with the move, as if both had been done.
    /// </summary>
    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>
    /// What a reading that proves nothing showed <see cref="Adjusted"/> to lack, with the opposite sign; or one that showed as much in
    /// available, beside a decrease in doubt, and was not judged for what siblings miss.
    /// </summary>
    public int Lacked { get; init; }

    /// <summary>Units that somebody put among the parked ones: on hand, and unavailable in the ledger until they are released. ≥ 0.</summary>
    public int Found { get; init; }

    /// <summary>Whether units are parked here now.</summary>
    public bool IsKept => Owed is not null && Since is not null;

    /// <summary>Nothing is parked here, and nothing about it is open.</summary>
    public bool IsEmpty => Owed is null && (Parked | Unplaced | InFlight | Adjusted) == 0;

    /// <summary>The shelf once a write has been acknowledged.</summary>
    /// <param name="available">By how much the write moved available.</param>
    internal ParkedShelf Acknowledged(int available, DateTimeOffset now) =>
        Landed(available, now) with { MovedTotal = MovedTotal + InFlight };

    /// <summary>The shelf once a write surely did not happen.</summary>
    internal ParkedShelf Refused() => InFlight == 0 ? this : this with { InFlight = 0 };

    /// <summary>The shelf once a write is taken to have happened.</summary>
    /// <param name="at">A reading marked no earlier proves it.</param>
    internal ParkedShelf Landed(int available, DateTimeOffset at)
    {
        var adjusts = available == 0 && InFlight != 0;
        var moves = available != 0 && InFlight != 0;
        return this with
        {
            Parked = Parked + InFlight,
            Owed = Owed - (available + InFlight),
            Adjusted = adjusts ? InFlight : Adjusted,
            AdjustedAt = adjusts ? at : AdjustedAt,
            MovedAt = moves ? at : MovedAt,
            InFlight = 0,
        };
    }
}
