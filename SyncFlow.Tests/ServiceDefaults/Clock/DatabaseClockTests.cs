using Shouldly;
using SyncFlow.ServiceDefaults.Clock;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults.Clock;

public sealed class DatabaseClockTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly Machine _host = new();
    private readonly DatabaseClock _clock;

    /// <summary>The database's time less what the host has counted: it is set by moving it.</summary>
    private DateTimeOffset _database = Noon;

    public DatabaseClockTests() => _clock = new DatabaseClock(_host);

    [Theory]
    [InlineData(-60)]
    [InlineData(0)]
    [InlineData(60)]
    public void It_begins_at_the_databases_time_whatever_the_hosts_is(int minutes)
    {
        _host.Utc = Noon.AddMinutes(minutes);
        _clock.IsSet.ShouldBeFalse();
        _clock.GetUtcNow().ShouldBe(_host.Utc, "nobody has been asked");
        Ask(Millisecond, Millisecond).ShouldBe(TimeSpan.Zero);
        _clock.IsSet.ShouldBeTrue();
        _clock.GetUtcNow().ShouldBe(Database);
    }

    [Theory]
    [InlineData(-60)]
    [InlineData(60)]
    public void Setting_the_hosts_clock_changes_nothing(int minutes)
    {
        Ask(Millisecond, Millisecond);
        _host.Pass(Minute);
        _host.Utc = _host.Utc.AddMinutes(minutes);
        _clock.GetUtcNow().ShouldBe(Noon + (2 * Millisecond) + Minute);
        _host.Pass(Minute);
        Ask(Millisecond, Millisecond).ShouldBe(TimeSpan.Zero);
        _clock.GetUtcNow().ShouldBe(Database);
        DatabaseClock.HostOf(_clock).GetUtcNow().ShouldBe(_host.Utc, "who needs the host's own time still has it");
    }

    [Fact]
    public void A_database_that_is_ahead_is_followed_at_once()
    {
        Ask(Millisecond, Millisecond);
        _host.Pass(Minute);
        _database += Hour;
        Ask(Millisecond, Millisecond).ShouldBe(Hour, "and it is told that it leapt");
        _clock.GetUtcNow().ShouldBe(Database);
    }

    [Fact]
    public void To_a_database_that_is_behind_it_goes_slower_and_never_back()
    {
        Ask(Millisecond, Millisecond);
        _host.Pass(Minute);
        var before = _clock.GetUtcNow();
        _database -= Hour;
        Ask(Millisecond, Millisecond).ShouldBe(-Hour);
        var then = _clock.GetUtcNow();
        then.ShouldBe(before + (2 * Millisecond));

        _host.Pass(Minute);
        _clock.GetUtcNow().ShouldBe(then + (Minute / 2), "half as fast: who waits for a moment still gets there");
        Ask(Millisecond, Millisecond).ShouldBe(TimeSpan.Zero, "it is known by now");
        _host.Pass(Hour);
        _clock.GetUtcNow().ShouldBeGreaterThan(Database);
        _host.Pass(Hour - Minute);
        _clock.GetUtcNow().ShouldBe(Database, "after twice the time it is there");
        _host.Pass(Hour);
        _clock.GetUtcNow().ShouldBe(Database);
    }

    [Fact]
    public void An_answer_that_was_long_on_its_way_says_nothing_unless_it_is_the_only_one()
    {
        var longer = DatabaseClock.LongestRound + Millisecond;
        Ask(TimeSpan.Zero, longer);
        (_clock.GetUtcNow() - Database).ShouldBe(-longer / 2, "half of its way is taken off, and it was all of the way back");
        Ask(Millisecond, Millisecond);
        _host.Pass(Minute);
        _clock.GetUtcNow().ShouldBe(Database);

        _database += Hour;
        Ask(longer / 2, longer / 2).ShouldBe(TimeSpan.Zero);
        _clock.GetUtcNow().ShouldBe(Database - Hour);
    }

    [Fact]
    public void Of_two_answers_the_one_that_was_shorter_on_its_way_holds_until_the_count_may_have_drifted_further()
    {
        Ask(Millisecond, Millisecond);
        _host.Pass(10 * Millisecond);
        Ask(TimeSpan.Zero, 200 * Millisecond);
        _clock.GetUtcNow().ShouldBe(Database, "it would be off by 100 ms");

        // The host counts 100 in a million too little: an hour later even such an answer knows better than the count.
        _host.Pass(Hour);
        _database += Hour * 0.0001;
        (_clock.GetUtcNow() - Database).ShouldBe(-Hour * 0.0001);
        Ask(100 * Millisecond, 100 * Millisecond).ShouldBe(TimeSpan.Zero, "as far off as a count may be");
        _clock.GetUtcNow().ShouldBe(Database);
    }

    [Fact]
    public void With_the_database_away_it_goes_on_by_the_hosts_count()
    {
        Ask(Millisecond, Millisecond);
        _host.Utc = _host.Utc.AddDays(-1);
        _host.Pass(24 * Hour);
        _clock.GetUtcNow().ShouldBe(Database);
        _clock.GetElapsedTime(0).ShouldBe(_host.GetElapsedTime(0), "what is measured is the host's");
    }

    [Fact]
    public void What_a_thread_saw_that_an_answer_overtook_is_not_taken_back()
    {
        var second = TimeSpan.FromSeconds(1);
        Ask(Millisecond, Millisecond);
        _host.Pass(Minute);
        var before = _clock.GetUtcNow();
        _host.Meanwhile = () =>
        {
            _database -= Hour;
            Ask(Millisecond, Millisecond);
            _host.Pass(second);
        };
        var late = _clock.GetUtcNow();
        late.ShouldBe(before + (2 * Millisecond) + second, "it had begun to look before the answer came");
        _clock.GetUtcNow().ShouldBe(late, "the slower clock has not come so far");
        _host.Pass(2 * second);
        _clock.GetUtcNow().ShouldBe(late + (second / 2));
    }

    [Fact]
    public void The_hosts_count_goes_on_with_the_machine()
    {
        var began = HostTime.Current.GetTimestamp();
        var system = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(system) < 20 * Millisecond)
        {
            Thread.Yield();
        }

        var passed = HostTime.Current.GetElapsedTime(began);
        passed.ShouldBeInRange(20 * Millisecond, TimeProvider.System.GetElapsedTime(system) + Millisecond);
        if (OperatingSystem.IsLinux())
        {
            // What the system says itself of how long it has been up, with the time that it slept.
            var up = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
            HostTime.Current.GetElapsedTime(0).TotalSeconds.ShouldBe(up, 1);
        }
    }

    private DateTimeOffset Database => _database + _host.Counted;

    private TimeSpan Ask(TimeSpan there, TimeSpan back)
    {
        var asked = _host.GetTimestamp();
        _host.Pass(there);
        var told = Database;
        _host.Pass(back);
        return _clock.Learn(new ClockSample(told, asked, _host.GetTimestamp()));
    }

    /// <summary>A host: its clock may be set, its count only goes on.</summary>
    private sealed class Machine : TimeProvider
    {
        public TimeSpan Counted { get; private set; }

        public DateTimeOffset Utc { get; set; } = Noon;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        /// <summary>Happens once, while somebody is about to look at the count.</summary>
        public Action? Meanwhile { get; set; }

        public override long GetTimestamp()
        {
            var meanwhile = Meanwhile;
            Meanwhile = null;
            meanwhile?.Invoke();
            return Counted.Ticks;
        }

        public override DateTimeOffset GetUtcNow() => Utc;

        public void Pass(TimeSpan time)
        {
            Counted += time;
            Utc += time;
        }
    }
}
