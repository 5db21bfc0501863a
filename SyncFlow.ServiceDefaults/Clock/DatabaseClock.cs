namespace SyncFlow.ServiceDefaults.Clock;

/// <summary>What the database said when it was asked for its time.</summary>
/// <param name="Told">Its time, taken somewhere between the two counts.</param>
/// <param name="AskedAt">The host's count (<see cref="TimeProvider.GetTimestamp"/>) before it was asked.</param>
/// <param name="AnsweredAt">The host's count when the answer was here.</param>
public readonly record struct ClockSample(DateTimeOffset Told, long AskedAt, long AnsweredAt);

/// <summary>
/// The database's time, carried on between two questions by the host's count of time alone: processes whose rules compare
/// moments that another one took go by one clock, and setting a host's clock changes nothing. It never runs backwards. Timers
/// and what is measured are the host's. Until the database has answered for the first time it is the host's time.
/// </summary>
/// <param name="host">Only its count is used, and its timers.</param>
public sealed class DatabaseClock(TimeProvider host) : TimeProvider
{
    /// <summary>An answer that was longer on its way says too little, unless there is no other.</summary>
    public static readonly TimeSpan LongestRound = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// What is known is in doubt by so much more each second: by a quartz (100 in a million at most), and while the
    /// database's clock is being moved to the right time (500 in a million at most, as a rule far less).
    /// </summary>
    private const double DoubtGrows = 0.0002;

    private readonly long _begun = host.GetTimestamp();
    private readonly Lock _gate = new();
    private Course? _course;
    private long _last;

    /// <summary>The host's own time: for what is compared with other things of the host, such as the times of its files.</summary>
    public TimeProvider Host { get; } = host;

    /// <summary>Whether the database has answered.</summary>
    public bool IsSet => Volatile.Read(ref _course) is not null;

    /// <inheritdoc />
    public override long TimestampFrequency => Host.TimestampFrequency;

    /// <inheritdoc />
    public override TimeZoneInfo LocalTimeZone => Host.LocalTimeZone;

    /// <summary>The time of the host that a clock runs on; the clock itself where it is none of the database's.</summary>
    public static TimeProvider HostOf(TimeProvider time) => time is DatabaseClock clock ? clock.Host : time;

    /// <inheritdoc />
    public override long GetTimestamp() => Host.GetTimestamp();

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Host.CreateTimer(callback, state, dueTime, period);

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow()
    {
        if (Volatile.Read(ref _course) is not { } course)
        {
            return Host.GetUtcNow();
        }

        // A thread may read an older course than another one that was faster: whoever is late gets what was told last.
        var now = course.Shown(Count(Host.GetTimestamp()));
        for (var last = Interlocked.Read(ref _last); now > last; last = Interlocked.Read(ref _last))
        {
            if (Interlocked.CompareExchange(ref _last, now, last) == last)
            {
                return new DateTimeOffset(now, TimeSpan.Zero);
            }
        }

        return new DateTimeOffset(Interlocked.Read(ref _last), TimeSpan.Zero);
    }

    /// <summary>
    /// Learns from an answer: it is right to within half of its round trip. It is taken where that is no worse than what is
    /// known by now, or where it cannot be true together with that.
    /// </summary>
    /// <returns>
    /// By how much the database's clock is elsewhere than the count has it, beyond all doubt: it was set, another server
    /// answers, or the host did not count while it stood still. Zero where both agree, and for the first answer.
    /// </returns>
    public TimeSpan Learn(ClockSample sample)
    {
        lock (_gate)
        {
            var (answered, now) = (Count(sample.AnsweredAt), Count(Host.GetTimestamp()));
            var doubt = (answered - Count(sample.AskedAt)) / 2;
            var time = sample.Told.UtcTicks + doubt + (now - answered);
            if (_course is not { } course)
            {
                Volatile.Write(ref _course, new Course(now, time, 0, doubt));
                return TimeSpan.Zero;
            }

            var off = time - course.Time(now);
            var differs = Math.Abs(off) > doubt + course.Doubt(now);
            if (doubt * 2 > LongestRound.Ticks || (doubt > course.Doubt(now) && !differs))
            {
                return TimeSpan.Zero;
            }

            Volatile.Write(ref _course, new Course(now, time, Math.Max(0, course.Shown(now) - time), doubt));
            return differs ? TimeSpan.FromTicks(off) : TimeSpan.Zero;
        }
    }

    private long Count(long timestamp) => Host.GetElapsedTime(_begun, timestamp).Ticks;

    /// <summary>How the time goes on from an answer; all in ticks, and by the host's count.</summary>
    /// <param name="At">The count that it begins at.</param>
    /// <param name="Then">The database's time then.</param>
    /// <param name="Lead">By how much more was told already. It is lost at half speed: who waits for a moment still gets there.</param>
    /// <param name="Unsure">By how much the time then is in doubt.</param>
    private sealed record Course(long At, long Then, long Lead, long Unsure)
    {
        public long Time(long count) => Then + (count - At);

        public long Shown(long count) => Time(count) + Math.Max(0, Lead - ((count - At) / 2));

        public long Doubt(long count) => Unsure + (long)((count - At) * DoubtGrows);
    }
}
