using System.Collections.Immutable;

namespace SyncFlow.Core.Allocation;

/// <summary>
/// The most units sold in each hour of the week within 90 days. Kept small: one number and one day per hour. A peak
/// that got too old is replaced by the next hour of its kind, whatever that sold; smaller ones in between are not kept.
/// </summary>
public sealed class HourPeaks
{
    /// <summary>Hours of a week, from Thursday 1970-01-01 00:00 UTC on.</summary>
    public const int HoursOfWeek = 168;

    /// <summary>Days after which a peak counts no more.</summary>
    public const int DaysKept = 90;

    private const int BytesPerHour = 6;

    private readonly ImmutableArray<byte> _bytes;
    private readonly bool _changed;

    private HourPeaks(ImmutableArray<byte> bytes, bool changed) => (_bytes, _changed) = (bytes, changed);

    /// <summary>No sale yet.</summary>
    public static HourPeaks None { get; } = new([], changed: false);

    /// <summary>The peaks as they are stored: empty, or per hour of the week units (4 bytes) and day since 1970 (2 bytes).</summary>
    public ImmutableArray<byte> Bytes => _bytes;

    /// <summary>Whether they differ from what was stored.</summary>
    public bool Changed() => _changed;

    /// <summary>Peaks as they were stored.</summary>
    /// <exception cref="ArgumentException">They are not <see cref="Bytes"/>.</exception>
    public static HourPeaks Read(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => None,
        HoursOfWeek * BytesPerHour => new HourPeaks([.. bytes], changed: false),
        _ => throw new ArgumentException($"{bytes.Length} bytes are not the peaks of a week.", nameof(bytes)),
    };

    /// <summary>The peak that counts in an hour, 0 for none.</summary>
    /// <param name="hour">Hours since 1970.</param>
    public int Of(long hour)
    {
        if (_bytes.IsEmpty)
        {
            return 0;
        }

        var slot = SlotOf(hour);
        var units = BitConverter.ToInt32(_bytes.AsSpan().Slice(slot, 4));
        var day = BitConverter.ToUInt16(_bytes.AsSpan().Slice(slot + 4, 2));
        return (hour / 24) - day <= DaysKept ? units : 0;
    }

    /// <summary>These peaks after an hour that is over.</summary>
    public HourPeaks With(long hour, int units)
    {
        if (units <= 0 || units <= Of(hour))
        {
            return this;
        }

        var bytes = _bytes.IsEmpty ? new byte[HoursOfWeek * BytesPerHour] : [.. _bytes];
        var slot = SlotOf(hour);
        BitConverter.TryWriteBytes(bytes.AsSpan(slot, 4), units);
        BitConverter.TryWriteBytes(bytes.AsSpan(slot + 4, 2), checked((ushort)(hour / 24)));
        return new HourPeaks([.. bytes], changed: true);
    }

    private static int SlotOf(long hour) => (int)(hour % HoursOfWeek) * BytesPerHour;
}
