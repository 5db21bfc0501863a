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
        return Math.Pow(2, StepOf(sku, channel) / 2.0);
    }

    private static int StepOf(SkuState sku, ConnectionId channel)
    {
        var (sold, seconds) = (1.0, TimeSpan.FromDays(30).TotalSeconds);
        foreach (var pace in sku.Sales.Channels)
        {
            sold += pace.Sold;
            seconds += pace.InStockSeconds;
        }

        var average = sold / seconds;
        var own = sku.Sales.Of(channel);
        var rate = ((own?.Sold ?? 0) + Doubt) / ((own?.InStockSeconds ?? 0) + (Doubt / average));

        // In steps from the average of all: the first sale of a channel is no step, wherever the average lies.
        return (int)(Math.Round(2 * Math.Log2(rate / average)) + Math.Round(2 * Math.Log2(average)));
    }

    /// <summary>
    /// Names the paces of a SKU's channels as far as shares follow from them, so that a change of weights is noted and a
    /// sale that changes none is not. Empty where all are the same.
    /// </summary>
    /// <param name="tied">Whether kits tie it to others: then it is shared with them by the paces themselves.</param>
    public static string StepsOf(SkuState sku, bool tied)
    {
        ArgumentNullException.ThrowIfNull(sku);
        var steps = sku.Levels.Select(l => l.Connection).Distinct().OrderBy(c => c.Value)
            .Select(c => (Channel: c, Step: StepOf(sku, c))).ToList();
        var same = steps.Count == 0 || steps.TrueForAll(s => s.Step == steps[0].Step);
        return same && !tied
            ? ""
            : string.Join(',', steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Channel.Value}:{s.Step}")));
    }

    /// <summary>How fast the SKU sells over all its channels, for sharing parts between kits and singles.</summary>
    public static double Total(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        ArgumentNullException.ThrowIfNull(context);
        return sku.Levels.Where(l => l.Belief is not null).Select(l => l.Connection).Distinct()
            .Where(c => context.Channels.TryGetValue(c, out var channel) && channel.Sells)
            .Sum(c => Of(sku, c));
    }
}
