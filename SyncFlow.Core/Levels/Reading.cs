namespace SyncFlow.Core.Levels;

/// <summary>What kind of reading it is, and so what it may settle.</summary>
public enum ReadingKind : short
{
    /// <summary>Level read; orders not fetched since. Attributes, but proves nothing.</summary>
    Plain = 1,

    /// <summary>Level read and, no earlier than the order-visibility lag after it, orders fetched: the only exact one.</summary>
    Drained = 2,

    /// <summary>A drained reading that takes a level into service.</summary>
    Baseline = 3,

    /// <summary>As <see cref="Baseline"/>, and the channel's on-hand opens the ledger where it has no opening yet.</summary>
    OpeningBaseline = 4,

    /// <summary>As <see cref="Drained"/>, and the channel has no such level any more; its quantities mean nothing.</summary>
    Absent = 60,
}

/// <summary>
/// A level as read by us. The marks are the level's cumulative counters just before the call, while no push to it was
/// in flight: everything absorbed after them lies on an unknown side of the reading.
/// </summary>
/// <param name="Level">Which.</param>
/// <param name="Kind">What it may settle.</param>
/// <param name="Generation">The level's generation at the mark.</param>
/// <param name="Available">Sellable units shown.</param>
/// <param name="OnHand">The channel's on-hand.</param>
/// <param name="Committed">The channel's committed.</param>
/// <param name="MarkedAt">When the marks were taken, by our clock.</param>
/// <param name="SoldMark">The level's <see cref="LevelState.SoldTotal"/> at the mark.</param>
/// <param name="PutBackMark">Its <see cref="LevelState.PutBackTotal"/>.</param>
/// <param name="PushedMark">Its <see cref="LevelState.PushedTotal"/>.</param>
/// <param name="OpenClaimsMark">Its <see cref="LevelState.OpenClaims"/>.</param>
/// <param name="Reserved">The channel's reserved: units that draft orders hold.</param>
/// <param name="OnHandMark">On-hand of the level's pool in the ledger; null in readings of before it was taken.</param>
/// <param name="Version">The channel's own time of the level's last change, in ticks; 0 where it gave none. What it announced before that is older than the reading.</param>
/// <param name="SafetyStock">The state that units are parked in (rule R14), read in the same instant; null where it was not asked for.</param>
/// <param name="ParkedMark">The level's <see cref="Parking.ParkedShelf.MovedTotal"/> at the mark.</param>
public sealed record Reading(
    LevelId Level,
    ReadingKind Kind,
    int Generation,
    int Available,
    int OnHand,
    int Committed,
    DateTimeOffset MarkedAt,
    long SoldMark,
    long PutBackMark,
    long PushedMark,
    int OpenClaimsMark,
    int Reserved = 0,
    int? OnHandMark = null,
    long Version = 0,
    int? SafetyStock = null,
    long ParkedMark = 0)
{
    /// <summary>Units on the channel's shelf that are neither sellable, nor committed, nor held: damaged or set aside.</summary>
    public int Unavailable => OnHand - Available - Committed - Reserved;
}
