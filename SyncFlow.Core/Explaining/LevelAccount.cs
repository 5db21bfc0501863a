using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Explaining;

/// <summary>One level at a moment: what it was believed to show and why, what it was to show and why, and its last pushes.</summary>
/// <param name="State">The level as the rules saw it.</param>
/// <param name="Rows">Its history up to the moment, newest first.</param>
/// <param name="Belief">Null before its baseline.</param>
/// <param name="Pushes">Newest first.</param>
public sealed record LevelAccount(
    LevelState State, IReadOnlyList<LevelRecord> Rows, BeliefAccount? Belief, QuotaAccount Quota, IReadOnlyList<PushRecord> Pushes)
{
    /// <summary>What lies parked on it, and since when; null where nothing is parked.</summary>
    public ParkAccount? Parked { get; } = ParkAccount.Of(Rows);

    /// <summary>That writes to it are stopped, or were and it was released; null where its history tells of neither.</summary>
    public StopAccount? Stopped { get; } = StopAccount.Of(Rows);
}
