using System.Collections.Immutable;
using SyncFlow.Core.Parking;

namespace SyncFlow.Core.Levels;

/// <summary>
/// A listing level: what we hold it to show, what we know, and what is on its way. See docs/protocol.md for the words.
/// </summary>
public sealed record LevelState
{
    public required LevelId Id { get; init; }
    public required ListingId Listing { get; init; }
    public required ConnectionId Connection { get; init; }

    /// <summary>Our location that the channel's own location is mapped to.</summary>
    public required LocationId Location { get; init; }

    /// <summary>Units of the SKU that one sale takes. A level's own figures, such as belief, count sales.</summary>
    public int UnitsPerSale { get; init; } = 1;

    /// <summary>
    /// The channel makes this item of other items by itself and sells them as such: it follows their levels, is never
    /// written, and adds nothing to what may be sold.
    /// </summary>
    public bool SoldAsParts { get; init; }

    /// <summary>Rises when the level is no longer the one it was (reinstall, re-created variant); older answers change nothing.</summary>
    public int Generation { get; init; } = 1;

    public LevelStatus Status { get; init; } = LevelStatus.New;

    /// <summary>What the ledger can explain the level shows; null before its baseline.</summary>
    public int? Belief { get; init; }

    /// <summary>The last reading.</summary>
    public Observation? Observed { get; init; }

    /// <summary>Units that left the level without a known cause yet; a ledger bucket keyed by level. ≥ 0.</summary>
    public int Suspense { get; init; }

    /// <summary>Since when there is suspense.</summary>
    public DateTimeOffset? SuspenseSince { get; init; }

    /// <summary>How many drained readings in a row left suspense unexplained.</summary>
    public int SuspenseReadings { get; init; }

    /// <summary>
    /// Units a plain reading showed above belief. They raise what the level may sell at once and available-to-sell
    /// never; belief follows only when a drained reading agrees. ≥ 0.
    /// </summary>
    public int Surplus { get; init; }

    /// <summary>
    /// Units that belief followed upwards after a stale compare though nothing explains them yet; a known put-back is taken from
    /// here first, and a sale never. ≥ 0.
    /// </summary>
    public int Adopted { get; init; }

    /// <summary>
    /// Of what belief has risen by, units that nothing explains and that appeared while orders had taken the level below zero at a
    /// place where nobody counted in: they may have come from a counted place, so those go on owing what the orders took (see
    /// <see cref="Stock.Debts"/>). Means nothing where somebody counted. ≥ 0.
    /// </summary>
    public int Filled { get; init; }

    /// <summary>The one push without an answer.</summary>
    public InFlight? InFlight { get; init; }

    /// <summary>Acknowledged decreases, and sales on either side of a reading, that no drained reading has confirmed.</summary>
    public ImmutableArray<Unverified> Unverified { get; init; } = [];

    /// <summary>Drained readings in a row that showed an acknowledged decrease undone.</summary>
    public int FailedVerifications { get; init; }

    /// <summary>What we want it to show; null while nothing may be published.</summary>
    public int? Target { get; init; }

    /// <summary>A real reading is wanted soon: after a stale compare, a lost answer, or a hint.</summary>
    public bool NeedsReading { get; init; }

    /// <summary>
    /// Whether it is to be read soon: for its own sake, or because units of another level are sought here. What it shows itself is
    /// in no doubt by the latter.
    /// </summary>
    public bool WantsReading => NeedsReading || SoughtUnits.IsAsked(this);

    /// <summary>No push until a reading has attributed what made a compare stale.</summary>
    public bool AwaitsAttribution { get; init; }

    /// <summary>When the oldest cause that no push carries yet happened, by the channel's clock.</summary>
    public DateTimeOffset? CauseAt { get; init; }

    /// <summary>The channel's time (ticks) of the newest cause that belief has absorbed; older plain readings are history.</summary>
    public long ExplainedThrough { get; init; }

    /// <summary>Cumulative units known to be taken from this level by orders; only differences matter.</summary>
    public long SoldTotal { get; init; }

    /// <summary>Cumulative units known to be put back on this level; only differences matter.</summary>
    public long PutBackTotal { get; init; }

    /// <summary>Cumulative change of belief by acknowledged pushes; only differences matter.</summary>
    public long PushedTotal { get; init; }

    /// <summary>Units that known open orders hold on the channel's own level: what its committed state should show.</summary>
    public int OpenClaims { get; init; }

    /// <summary>
    /// Units that draft orders hold on the level (the channel's reserved state): in the ledger they are
    /// <see cref="Ledger.Bucket.Reserved"/> for as long. ≥ 0.
    /// </summary>
    public int DraftHolds { get; init; }

    /// <summary>Whether what the level shows limits what the channel sells.</summary>
    public SellingLimit Limit { get; init; } = SellingLimit.Shown;

    /// <summary>Whether the channel's on-hand of this level is part of the ledger's opening.</summary>
    public bool Opened { get; init; }

    /// <summary>
    /// Sales that bounded guard keeps off it, because writes may have put back what was sold unseen (rule R15). ≥ 0.
    /// </summary>
    public int LagReserve { get; init; }

    /// <summary>What is parked on it (rule R14); null on a level that never parks.</summary>
    public ParkedShelf? Shelf { get; init; }

    /// <summary>What the ledger alone explains the level shows: belief and what left it, less what merely appeared.</summary>
    public int? Explained => Belief + Suspense - Adopted;

    /// <summary>Sum of <see cref="Unverified"/>.</summary>
    public int UnverifiedUnits
    {
        get
        {
            if (Unverified.IsDefaultOrEmpty)
            {
                return 0;
            }

            var units = 0;
            foreach (var doubted in Unverified)
            {
                units += doubted.Units;
            }

            return units;
        }
    }

    /// <summary>
    /// The most this level may still show, before it is summed over its selling unit (may be negative): belief, what
    /// appeared on it, acknowledged decreases that may not have happened, an increase on its way, and in bounded guard
    /// what is kept for sales that a write put back.
    /// </summary>
    public int UpperBound => Status is LevelStatus.Gone or LevelStatus.Closed
        ? 0
        : MostByWrites + Surplus + UnverifiedUnits + LagReserve;

    /// <summary>The most it may show by what was written: an overwriting value may arrive after the sales known since.</summary>
    internal int MostByWrites => InFlight is { Kind: WriteKind.Overwrite } push
        ? Math.Max(Belief ?? 0, push.To)
        : (Belief ?? 0) + Math.Max(0, InFlight?.Change ?? 0);

    /// <summary>What it shows once its write on the way has arrived; null before its baseline.</summary>
    public int? Coming => InFlight switch
    {
        null => Belief,
        { Kind: WriteKind.ThroughZero, To: 0 } => 0,
        { } push => Belief + push.Change,
    };

    /// <summary>
    /// It shows nothing, and nothing of it is in doubt. Its bound is zero then, so no sale on it can be unknown: from
    /// here an absolute write puts nothing back (rule R15).
    /// </summary>
    public bool IsExactlyZero => Belief == 0 && UpperBound == 0 && InFlight is null;

    /// <summary>
    /// Whether a reading may be taken now. A request that may still arrive makes a reading worthless, unless showing
    /// what was written is what it waits for.
    /// </summary>
    public bool MayBeRead(DateTimeOffset now) =>
        InFlight is not { } push || push.Deadline <= now || push.Kind == WriteKind.ThroughZero;

    /// <summary>The channel cannot sell from it any more, but sales from before may still be unseen: its bound stands.</summary>
    public bool IsLeaving => Status is LevelStatus.Leaving or LevelStatus.Closing;

    /// <summary>Readings and announcements of it say nothing about what may be sold.</summary>
    public bool IsOutOfService => Status is LevelStatus.Gone or LevelStatus.Closed or LevelStatus.Untracked;

    /// <summary>Writes to it were stopped, and stay so until a person releases it.</summary>
    public bool IsStopped => Status is LevelStatus.Halted or LevelStatus.Blocked;

    /// <summary>A push should be planned: something to say, nobody in the way.</summary>
    public bool WantsPush =>
        Status == LevelStatus.Live && InFlight is null && !AwaitsAttribution
        && (Shelf is null ? IsOffTarget : ShelfWrite.Next(this) is not null);

    private bool IsOffTarget => Target is { } target && Belief is { } belief && target != belief;
}

/// <summary>Whether and why a level is published to. The numbers are stored; they never change meaning.</summary>
public enum LevelStatus : short
{
    /// <summary>Mapped; no exact reading yet.</summary>
    New = 1,

    /// <summary>Read exactly; published once its connection is live.</summary>
    Baselined = 2,

    /// <summary>Published.</summary>
    Live = 3,

    /// <summary>Writes stopped: acknowledged decreases were undone repeatedly. A person must look.</summary>
    Halted = 4,

    /// <summary>The channel refuses writes to it for a lasting reason. A person must look.</summary>
    Blocked = 5,

    /// <summary>The channel no longer has it, and every sale from before is known: it sells nothing.</summary>
    Gone = 6,

    /// <summary>The channel does not count its stock: what it shows means nothing, and nothing is written to it.</summary>
    Untracked = 60,

    /// <summary>The channel no longer has it; a drained reading must still show that no sale from before is unseen.</summary>
    Leaving = 61,

    /// <summary>Its location is closed on the channel, and every sale from before is known: it sells nothing for now.</summary>
    Closed = 62,

    /// <summary>Its location was closed on the channel; as <see cref="Leaving"/> until a drained reading.</summary>
    Closing = 63,

    /// <summary>A person gave it free again; a drained reading must tell what it shows before anything is written to it.</summary>
    Released = 109,
}

/// <summary>What limits a channel's sales of an item. The numbers are stored; they never change meaning.</summary>
public enum SellingLimit : short
{
    /// <summary>It refuses to sell more than it shows: the assumption behind guard.</summary>
    Shown = 0,

    /// <summary>It goes on selling at zero and below (Shopify: inventory policy CONTINUE).</summary>
    None = 1,

    /// <summary>It does not count the item's stock at all.</summary>
    Untracked = 2,
}

/// <summary>Units that may still be on the level although belief says they are not.</summary>
/// <param name="Units">How many, &gt; 0; 0 only where they are sought for another level.</param>
/// <param name="At">Since when; a reading taken later settles it.</param>
/// <param name="Sought">
/// Null most often. The level itself: it shows nothing any more, and its units may have been moved to another level of its
/// listing (rule R13); they count here until all of those were read later than that. Another level: it is the one whose units
/// are sought here, and no such reading was taken yet.
/// </param>
public readonly record struct Unverified(int Units, DateTimeOffset At, LevelId? Sought = null);

/// <summary>A reading of a level.</summary>
/// <param name="Available">Sellable units.</param>
/// <param name="Version">The channel's own time of it in ticks; 0 when it gave none (then it is only a hint).</param>
/// <param name="SeenAt">When we saw it.</param>
/// <param name="OnHand">The channel's on-hand, if read.</param>
/// <param name="Committed">The channel's committed, if read.</param>
public sealed record Observation(int Available, long Version, DateTimeOffset SeenAt, int? OnHand, int? Committed);
