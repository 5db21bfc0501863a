using System.Globalization;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// How fast channels sell, per second in which they had any to sell: a channel that was empty is not taken for slow.
/// </summary>
public static class Paces
{
    /// <summary>A channel needs about so many sales before its own pace outweighs the average of all.</summary>
    public const double Doubt = 10;

    /// <summary>The least weight of an enabled channel, as a part of the largest.</summary>
    public const double LeastWeight = 0.05;

    /// <summary>Notes units sold: on a channel's own listing, or as part of a kit (<paramref name="channel"/> null).</summary>
    public static SkuState Sold(SkuState sku, ConnectionId? channel, int units, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sku);
        var sales = sku.Sales.Sold(units, now);
        if (channel is { } on && sales.Of(on) is null)
        {
            sales = sales.With(new ChannelPace(on, 0, 0, now, Showing: true));
        }

        sales = sales with { Channels = [.. sales.Channels.Select(p => p.After(p.Channel == channel ? units : 0, p.Showing, now))] };
        return sku with { Velocity = sku.Velocity.Sold(units, now), Sales = sales };
    }

    /// <summary>Notes which channels show any now; the same state where none began or ceased to.</summary>
    public static SkuState Showing(SkuState sku, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sku);
        var sales = sku.Sales;
        foreach (var level in sku.Levels)
        {
            if (level.Belief is null)
            {
                continue;
            }

            var shows = false;
            foreach (var other in sku.Levels)
            {
                shows |= other.Connection == level.Connection && other.Belief > 0;
            }

            var pace = sales.Of(level.Connection);
            if (pace is null || pace.Showing != shows)
            {
                pace ??= new ChannelPace(level.Connection, 0, 0, now, shows);
                sales = sales.With(pace.After(0, shows, now));
            }
        }

        return ReferenceEquals(sales, sku.Sales) ? sku : sku with { Sales = sales };
    }

    /// <summary>
    /// The pace of a channel beside the others of its SKU, as of the last sale: no share changes, and nothing is
    /// written, because time passed. In steps of the square root of two, and near the average of all while few were sold.
    /// </summary>
    public static double Of(SkuState sku, ConnectionId channel)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return new PaceScale(sku).PaceOf(channel);
    }

    /// <summary>
    /// Names the paces of a SKU's channels as far as shares follow from them, so that a change of weights is noted and a
    /// sale that changes none is not. Empty where all are the same.
    /// </summary>
    /// <param name="tied">Whether kits tie it to others: then it is shared with them by the paces themselves.</param>
    public static string StepsOf(SkuState sku, bool tied)
    {
        ArgumentNullException.ThrowIfNull(sku);
        var (scale, first, same) = (new PaceScale(sku), (int?)null, true);
        foreach (var level in sku.Levels)
        {
            var step = scale.StepOf(level.Connection);
            first ??= step;
            same &= step == first;
        }

        return same && !tied
            ? ""
            : string.Join(',', sku.Levels.Select(l => l.Connection).Distinct().OrderBy(c => c.Value)
                .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value}:{scale.StepOf(c)}")));
    }

    /// <summary>How fast the SKU sells over all its channels, for sharing parts between kits and singles.</summary>
    public static double Total(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        var scale = new PaceScale(sku);
        return sku.Levels.Where(l => l.Belief is not null).Select(l => l.Connection).Distinct()
            .Where(c => context.FindChannel(c) is { Sells: true })
            .Sum(scale.PaceOf);
    }
}
