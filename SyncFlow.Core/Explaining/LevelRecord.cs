using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Explaining;

/// <summary>How a level stood after a batch that changed it: one row of its history.</summary>
/// <param name="At">When the batch was decided.</param>
/// <param name="Cause">What the batch was, in a few words: topics of inbox events, <c>plan</c>, <c>settle</c>, ….</param>
/// <param name="Status">Null in rows from before it was kept.</param>
/// <param name="Mode">The SKU's mode in force; null in rows from before it was kept.</param>
/// <param name="Belief">What the ledger could explain the level showed.</param>
/// <param name="Target">Its quota; null while nothing might be published.</param>
/// <param name="Observed">The last reading.</param>
/// <param name="ReadAt">When that reading was seen.</param>
/// <param name="Suspense">Units that had left it without a known cause.</param>
/// <param name="Surplus">Units that had appeared on it without a known cause.</param>
/// <param name="Unverified">Acknowledged decreases that nothing had proven yet.</param>
/// <param name="Push">The push without an answer.</param>
/// <param name="From">What that push compared with.</param>
/// <param name="To">What it was to set.</param>
/// <param name="SoldTotal">Cumulative units orders took from it; differences tell what was sold in between.</param>
/// <param name="PutBackTotal">Cumulative units put back on it.</param>
/// <param name="PushedTotal">Cumulative change by acknowledged pushes.</param>
/// <param name="Parked">Units that lay parked on it; null where nothing was, and in rows from before it was kept.</param>
/// <param name="Owed">Units that lay there beyond the channel's on-hand, signed; null where none were parked any more.</param>
/// <param name="LagReserve">Sales that bounded guard kept off it; null in rows from before it was kept.</param>
/// <param name="Filled">Units that had filled it where orders took it below zero and nobody counted; null where none did.</param>
/// <param name="OpenClaims">Units that open orders had taken from it; null where none had, and in rows from before it was kept.</param>
/// <param name="Adopted">Units that belief had followed upwards without a cause; null where it had not, and in rows from before it was kept.</param>
public sealed record LevelRecord(
    DateTimeOffset At, string Cause, LevelStatus? Status, EffectiveMode? Mode, int? Belief, int? Target, int? Observed,
    DateTimeOffset? ReadAt, int Suspense, int Surplus, int Unverified, Guid? Push, int? From, int? To, long? SoldTotal,
    long? PutBackTotal, long? PushedTotal, int? Parked = null, int? Owed = null, int? LagReserve = null, int? Filled = null,
    int? OpenClaims = null, int? Adopted = null)
{
    /// <summary>The level as the rules see it, as far as this row says.</summary>
    public LevelState ToState(LevelId level, ListingId listing, ConnectionId connection, LocationId location) => new()
    {
        Id = level,
        Listing = listing,
        Connection = connection,
        Location = location,
        Status = Status ?? (Target is null ? LevelStatus.Baselined : LevelStatus.Live),
        Belief = Belief,
        Target = Target,
        Suspense = Suspense,
        Surplus = Surplus,
        LagReserve = LagReserve ?? 0,
        Filled = Filled ?? 0,
        OpenClaims = OpenClaims ?? 0,
        Adopted = Adopted ?? 0,
        Unverified = Unverified == 0 ? [] : [new Unverified(Unverified, At)],
        InFlight = To is { } to ? new InFlight(Push ?? Guid.Empty, From ?? Belief ?? to, to, At, At, null) : null,
    };
}
