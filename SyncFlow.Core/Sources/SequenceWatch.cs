namespace SyncFlow.Core.Sources;

/// <summary>How far a source had got, in its own values.</summary>
/// <param name="Sequence">The highest number it told; null before the first.</param>
/// <param name="At">The newest moment it told, by its own clock.</param>
/// <param name="Missing">Numbers below <paramref name="Sequence"/> that never came, where it counts without gaps.</param>
public readonly record struct SequenceMark(long? Sequence, DateTimeOffset? At, long Missing);

/// <summary>An event's place in its source's own order.</summary>
public readonly record struct Numbered(long? Sequence, DateTimeOffset At);

/// <summary>What a batch means for the order of its source.</summary>
/// <param name="Mark">How far it has got now.</param>
/// <param name="Backwards">Why its order went backwards; null where it did not.</param>
public readonly record struct SequenceJudgement(SequenceMark Mark, string? Backwards);

/// <summary>
/// Watches a source's order with the source's own values only: its sequence against its own clock. Late events have a
/// lower number and an earlier time, and are welcome; something newer with a lower number means that the source was put
/// back to an earlier state, and that numbers it used before mean something else now.
/// </summary>
public static class SequenceWatch
{
    /// <summary>Transactions of one system end in another order than they began; within this nothing is concluded.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Judges a batch.</summary>
    /// <param name="last">How far the source had got.</param>
    /// <param name="fresh">Events of the batch that were not told before.</param>
    /// <param name="watermark">The source's own word on how far it has got; null where it said none.</param>
    /// <param name="gapless">Whether it counts without gaps.</param>
    public static SequenceJudgement Judge(SequenceMark last, IReadOnlyCollection<Numbered> fresh, long? watermark, bool gapless)
    {
        ArgumentNullException.ThrowIfNull(fresh);
        if (watermark < last.Sequence)
        {
            return new(last, $"its watermark went from {last.Sequence} to {watermark}");
        }

        foreach (var one in fresh)
        {
            if (one.Sequence < last.Sequence && one.At > last.At + ClockTolerance)
            {
                return new(last, $"after number {last.Sequence} of {last.At:O} came number {one.Sequence} of {one.At:O}");
            }
        }

        var highest = Highest(last.Sequence, fresh.Max(f => f.Sequence), watermark);
        DateTimeOffset? newest = fresh.Count == 0 ? last.At : fresh.Max(f => f.At);
        var missing = gapless && last.Sequence is { } from && highest is { } to
            ? Math.Max(0, last.Missing + (to - from) - fresh.Count(f => f.Sequence is not null))
            : last.Missing;
        return new(new SequenceMark(highest, newest < last.At ? last.At : newest, missing), null);
    }

    private static long? Highest(params ReadOnlySpan<long?> values)
    {
        long? highest = null;
        foreach (var value in values)
        {
            highest = value > highest || highest is null ? value ?? highest : highest;
        }

        return highest;
    }
}
