namespace SyncFlow.Tests.Support;

/// <summary>
/// A clock that moves only when a test says so. Timers (and with them <c>Task.Delay</c> and <c>PeriodicTimer</c> made
/// with this clock) fire during <see cref="Advance"/>, in order of their moments, each seeing its own moment as now.
/// </summary>
public sealed class TestClock : TimeProvider
{
    private readonly Lock gate = new();

    private readonly List<ManualTimer> timers = [];

    private DateTimeOffset now;

    private long nextOrder;

    /// <param name="start">The first moment; 2026-01-01 00:00 UTC when left out.</param>
    public TestClock(DateTimeOffset? start = null)
    {
        now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers wait for their moment: lets a test wait until the code under test has gone to sleep.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
            {
                return timers.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock forward and fires what falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(by.Ticks, nameof(by));
        var end = GetUtcNow() + by;
        while (TakeDue(end) is { } due)
        {
            due.Fire(); // Outside the lock: a callback may make timers or read the clock.
        }

        lock (gate)
        {
            now = end;
        }
    }

    private ManualTimer? TakeDue(DateTimeOffset end)
    {
        lock (gate)
        {
            var due = timers.Where(timer => timer.Due <= end).OrderBy(timer => timer.Due).ThenBy(timer => timer.Order).FirstOrDefault();
            if (due is null)
            {
                return null;
            }

            now = due.Due > now ? due.Due : now;
            timers.Remove(due);
            if (due.Period > TimeSpan.Zero)
            {
                due.Due = now + due.Period;
                due.Order = nextOrder++;
                timers.Add(due);
            }

            return due;
        }
    }

    private sealed class ManualTimer(TestClock clock, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Order { get; set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool atOnce;
            lock (clock.gate)
            {
                clock.timers.Remove(this);
                Period = period;
                atOnce = dueTime == TimeSpan.Zero;
                if (dueTime > TimeSpan.Zero || (atOnce && period > TimeSpan.Zero))
                {
                    Due = clock.now + (atOnce ? period : dueTime);
                    Order = clock.nextOrder++;
                    clock.timers.Add(this);
                }
            }

            if (atOnce)
            {
                Fire();
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
