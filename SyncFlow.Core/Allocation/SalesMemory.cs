using System.Collections.Immutable;

namespace SyncFlow.Core.Allocation;

/// <summary>What is remembered of a SKU's sales beside its velocity: per channel, and the busiest hours of the week.</summary>
/// <param name="Channels">Per channel, by number.</param>
/// <param name="Hour">The hour that units are being counted for, in hours since 1970.</param>
/// <param name="HourUnits">Units sold in that hour so far.</param>
/// <param name="Peaks">The busiest hours.</param>
public sealed record SalesMemory(ImmutableArray<ChannelPace> Channels, long Hour, int HourUnits, HourPeaks Peaks)
{
    /// <summary>Nothing sold yet.</summary>
    public static SalesMemory None { get; } = new([], 0, 0, HourPeaks.None);

    /// <summary>The pace of a channel; null while nothing is known of it.</summary>
    public ChannelPace? Of(ConnectionId channel)
    {
        foreach (var pace in Channels)
        {
            if (pace.Channel == channel)
            {
                return pace;
            }
        }

        return null;
    }

    /// <summary>Units per second in the busiest hour like this one, of the last 90 days.</summary>
    public double PeakPerSecond(DateTimeOffset now)
    {
        var hour = HourOf(now);
        var current = hour == Hour ? HourUnits : 0;
        return Math.Max(current, Peaks.Of(hour)) / 3_600.0;
    }

    /// <summary>This memory after units were sold, over whatever channel.</summary>
    public SalesMemory Sold(int units, DateTimeOffset now)
    {
        var hour = HourOf(now);
        return hour <= Hour
            ? this with { HourUnits = HourUnits + units }
            : this with { Peaks = Peaks.With(Hour, HourUnits), Hour = hour, HourUnits = units };
    }

    /// <summary>This memory with one channel's pace replaced or added.</summary>
    public SalesMemory With(ChannelPace pace)
    {
        ArgumentNullException.ThrowIfNull(pace);
        return this with
        {
            Channels = [.. Channels.Where(c => c.Channel != pace.Channel).Append(pace).OrderBy(c => c.Channel.Value)],
        };
    }

    private static long HourOf(DateTimeOffset now) => now.ToUnixTimeSeconds() / 3_600;
}

/// <summary>How fast a SKU sells on one channel while the channel has any to sell.</summary>
/// <param name="Channel">Which.</param>
/// <param name="Sold">Units sold; forgotten by half when <see cref="InStockSeconds"/> reaches <see cref="Memory"/>.</param>
/// <param name="InStockSeconds">Seconds in which the channel showed any, up to <paramref name="At"/>.</param>
/// <param name="At">When this was brought up to date.</param>
/// <param name="Showing">Whether the channel has shown any since then.</param>
public sealed record ChannelPace(ConnectionId Channel, double Sold, double InStockSeconds, DateTimeOffset At, bool Showing)
{
    /// <summary>In-stock time after which half is forgotten.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(28);

    /// <summary>How long sales are remembered in <see cref="Recent"/>.</summary>
    public static readonly TimeSpan RecentMemory = TimeSpan.FromMinutes(10);

    /// <summary>In-stock time that is the least to judge a pace by: the first minutes of a channel say little.</summary>
    public static readonly TimeSpan LeastInStock = TimeSpan.FromHours(1);

    /// <summary>Units sold lately, as of <see cref="At"/>: each counts less and less, with a memory of ten minutes.</summary>
    public double Recent { get; init; }

    /// <summary>Units a second that it sells itself, at <paramref name="now"/>: lately or over all, whichever is more. 0 where it never sold any.</summary>
    public double PerSecond(DateTimeOffset now) => Math.Max(
        Sold / Math.Max(InStock(now), LeastInStock.TotalSeconds), RecentAt(now) / RecentMemory.TotalSeconds);

    /// <summary>In-stock seconds up to <paramref name="now"/>.</summary>
    public double InStock(DateTimeOffset now) =>
        InStockSeconds + (Showing ? Math.Max(0, (now - At).TotalSeconds) : 0);

    /// <summary>The pace brought up to date, with units sold since.</summary>
    public ChannelPace After(int units, bool showing, DateTimeOffset now)
    {
        var (sold, seconds) = (Sold + units, InStock(now));
        if (seconds >= Memory.TotalSeconds)
        {
            (sold, seconds) = (sold / 2, seconds / 2);
        }

        return new ChannelPace(Channel, sold, seconds, now > At ? now : At, showing) { Recent = RecentAt(now) + units };
    }

    private double RecentAt(DateTimeOffset now)
    {
        var seconds = (now - At).TotalSeconds;
        return Recent > 0 && seconds > 0 ? Recent * Math.Exp(-seconds / RecentMemory.TotalSeconds) : Recent;
    }
}
