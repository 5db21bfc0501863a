namespace SyncFlow.Storage.Sessions;

/// <summary>Moments as the database keeps them: UTC, whole microseconds.</summary>
public static class DatabaseTime
{
    /// <summary>
    /// Now, in the database's precision. Rules that compare a moment they just took with one that was stored must take
    /// it here: a finer clock would call two equal moments different.
    /// </summary>
    public static DateTimeOffset Now(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return Of(time.GetUtcNow());
    }

    /// <summary>A moment from anywhere, in UTC and the database's precision (finer digits are cut off).</summary>
    public static DateTimeOffset Of(DateTimeOffset moment)
    {
        var utc = moment.UtcTicks;
        return new DateTimeOffset(utc - (utc % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }

    /// <inheritdoc cref="Of(DateTimeOffset)"/>
    public static DateTimeOffset? Of(DateTimeOffset? moment) => moment is { } value ? Of(value) : null;
}
