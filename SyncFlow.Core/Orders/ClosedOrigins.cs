using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Orders;

/// <summary>
/// Units of an order that, as we hear now, were not taken where a location is closed and its level read out, but on another level of
/// the listing. Were they moved there with all that lay there, that level shows them no more than before, and its belief falls by them
/// all the same; the closed one has no bound any more that they could count in. They count as possible until the level is read.
/// So do units that take a level below zero while another of the listing is closed: that may have been open again meanwhile and closed
/// once more, the order taken there and moved with all that lay there, and nobody heard of any of it.
/// </summary>
internal static class ClosedOrigins
{
    /// <summary>The SKU after a change of an order, with what may still be on its level.</summary>
    /// <param name="change">The change of this level.</param>
    /// <param name="all">All changes of the order.</param>
    public static SkuState Doubt(SkuState sku, FootprintRow change, IReadOnlyList<FootprintRow> all, DateTimeOffset now)
    {
        if (Sold(change) <= 0 || change.Level is not { } id || sku.FindLevel(id) is not { Belief: not null, IsOutOfService: false } level)
        {
            return sku;
        }

        var left = 0;
        foreach (var other in all)
        {
            left += other.Level is { } from && sku.FindLevel(from) is { Status: LevelStatus.Closed or LevelStatus.Gone } closed
                && ChannelMoves.IsSibling(closed, level) ? Math.Max(0, -Sold(other)) : 0;
        }

        var below = ChannelMoves.HasClosed(sku, level) ? Math.Max(0, -level.UpperBound) : 0;
        var units = Math.Min(Math.Max(left, below), Sold(change));
        return units == 0
            ? sku
            : sku.With(level with { Unverified = level.Unverified.Add(new Unverified(units, now)), NeedsReading = true });
    }

    /// <summary>What an order took from a level, whatever it put back there.</summary>
    private static int Sold(FootprintRow change) => change.Taken + change.PutBack;
}
