using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>What is in doubt on a level as a drained reading is taken: acknowledged decreases that it proves or shows undone.</summary>
/// <param name="sku">The level's, with its other levels.</param>
/// <param name="lost">What a lost answer leaves open.</param>
internal sealed class DoubtedUnits(SkuState sku, LevelState level, Reading reading, LostAnswer lost)
{
    /// <summary>Units in doubt from before the reading's marks.</summary>
    public int Units { get; } = lost.Doubt + level.Unverified.Where(u => IsOwn(u, reading)).Sum(u => u.Units);

    /// <summary>Whether they are of one decrease.</summary>
    public bool IsOne { get; } = level.Unverified.Count(u => IsOwn(u, reading)) + Math.Sign(lost.Doubt) == 1;

    /// <summary>What stays in doubt after the reading.</summary>
    /// <param name="open">What it leaves open by itself.</param>
    public int Left(int open) => Math.Max(open, Math.Min(open + Concealed, Units));

    /// <summary>Since when what stays in doubt is: concealed units do not make an old doubt a new one.</summary>
    public DateTimeOffset Since(DateTimeOffset now) =>
        Concealed == 0 ? now : level.Unverified.Where(u => IsOwn(u, reading)).Select(u => u.At).DefaultIfEmpty(now).Min();

    /// <summary>
    /// Units of orders that the channel holds here and that are booked on another level, or on none yet: they were taken here and moved
    /// after the reading. It misses them, and may look for that as if a decrease had been done that was not. Not for long: a store
    /// may hold what no order that can be read ever told of.
    /// </summary>
    private int Concealed => Units > 0 && ChannelMoves.HasSiblings(sku, level)
        && !level.Unverified.Any(u => u.Sought is null && u.At < reading.MarkedAt - PublishLimits.ConcealedFor)
            ? Math.Max(0, reading.Committed - Math.Max(reading.OpenClaimsMark, level.OpenClaims))
            : 0;

    private static bool IsOwn(Unverified doubted, Reading reading) => doubted.Sought is null && doubted.At <= reading.MarkedAt;
}
