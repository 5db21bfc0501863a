namespace SyncFlow.Core.Allocation;

/// <summary>How fast a SKU sells over all channels, in units per second: two moving averages of different memory.</summary>
/// <param name="Fast">Average with a memory of a minute.</param>
/// <param name="Slow">Average with a memory of an hour.</param>
/// <param name="At">When both were last brought up to date.</param>
/// <param name="LargestOrder">The largest quantity of this SKU seen in one order.</param>
public sealed record Velocity(double Fast, double Slow, DateTimeOffset At, int LargestOrder)
{
    private const double FastMemorySeconds = 60;
    private const double SlowMemorySeconds = 3_600;

    /// <summary>Nothing sold yet.</summary>
    public static Velocity None { get; } = new(0, 0, DateTimeOffset.UnixEpoch, 1);

    /// <summary>The larger of the two averages, decayed to <paramref name="now"/>.</summary>
    public double UnitsPerSecond(DateTimeOffset now) =>
        Math.Max(Decay(Fast, now, FastMemorySeconds), Decay(Slow, now, SlowMemorySeconds));

    /// <summary>The averages after a sale of <paramref name="units"/> at <paramref name="now"/>.</summary>
    public Velocity Sold(int units, DateTimeOffset now) => new(
        Decay(Fast, now, FastMemorySeconds) + (units / FastMemorySeconds),
        Decay(Slow, now, SlowMemorySeconds) + (units / SlowMemorySeconds),
        now > At ? now : At,
        Math.Max(LargestOrder, units));

    private double Decay(double value, DateTimeOffset now, double memorySeconds)
    {
        var seconds = (now - At).TotalSeconds;
        return seconds <= 0 ? value : value * Math.Exp(-seconds / memorySeconds);
    }
}
