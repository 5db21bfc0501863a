using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// A unit in rotation for channels whose weight is too small for one: a channel that shows nothing sells nothing, and
/// would stay at nothing for ever.
/// </summary>
internal static class Probes
{
    /// <summary>How long a probe stays on one channel.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromDays(1);

    /// <summary>The last unit goes on to the next channel when it did not sell for so long.</summary>
    public static readonly TimeSpan LastUnitPeriod = TimeSpan.FromDays(7);

    /// <summary>Changes shares that were made by weight; what rules name stays.</summary>
    public static void Place(SkuState sku, IReadOnlyList<ChannelClaim> claims, DateTimeOffset now)
    {
        if (!claims.Any(c => c.Share == 0))
        {
            return;
        }

        var open = claims.Where(c => c is { Held: null, Rule: { Percent: null, Reserve: 0, Minimum: 0 } } && c.Most > 0).ToList();
        var empty = open.Where(c => c.Share == 0).ToList();
        var donor = open.MaxBy(c => c.Share);
        if (empty.Count == 0 || donor is null)
        {
            return;
        }

        if (donor.Share >= 2)
        {
            Move(donor, empty[Slot(sku, now, Period, empty.Count)]);
        }
        else if (donor.Share == 1 && open.Count == empty.Count + 1 && Unsold(sku, now))
        {
            Move(donor, open[Slot(sku, now, LastUnitPeriod, open.Count)]);
        }
    }

    private static void Move(ChannelClaim from, ChannelClaim to)
    {
        from.Share--;
        to.Share++;
    }

    /// <summary>SKUs take turns at different times, so that not all move at once.</summary>
    private static int Slot(SkuState sku, DateTimeOffset now, TimeSpan period, int of) =>
        (int)((((now.UtcTicks / (period.Ticks / 16)) + sku.Sku.Value) / 16) % of);

    private static bool Unsold(SkuState sku, DateTimeOffset now) =>
        now - sku.Velocity.At > LastUnitPeriod
        && sku.Sales.Channels.Sum(c => c.InStock(now)) > LastUnitPeriod.TotalSeconds;
}
