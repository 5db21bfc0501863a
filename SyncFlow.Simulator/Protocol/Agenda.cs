namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// A virtual clock: what is due next happens next, and ties happen in the order they were arranged. Several may have a part of one:
/// each arranges its own, and of everything that happens it is known whose it is.
/// </summary>
internal sealed class Agenda
{
    private readonly Clock _clock;
    private bool _closed;
    private int _lastStep = -1;

    public Agenda(DateTimeOffset start)
        : this(new Clock { Now = start })
    {
    }

    private Agenda(Clock clock) => _clock = clock;

    /// <summary>The virtual moment.</summary>
    public DateTimeOffset Now => _clock.Now;

    /// <summary>How many things happened, whosever they were.</summary>
    public int Steps => _clock.Steps;

    /// <summary>How many of them were arranged here.</summary>
    public int Events { get; private set; }

    /// <summary>Whether what happened last is of this part, or did something in its name.</summary>
    public bool IsInThisStep => _lastStep == _clock.Steps;

    /// <summary>A part of the same clock, for somebody else.</summary>
    public Agenda Part() => new(_clock);

    /// <summary>Arranges something for later.</summary>
    public void In(TimeSpan wait, Action what) => _clock.Due.Enqueue((this, what), ((Now + wait).UtcTicks, ++_clock.Order));

    /// <summary>Lets the next thing happen, whosever it is; false when nothing is due any more.</summary>
    public bool Step()
    {
        while (_clock.Due.TryDequeue(out var next, out var due))
        {
            if (next.Whose._closed)
            {
                continue;
            }

            _clock.Now = new DateTimeOffset(due.Ticks, TimeSpan.Zero);
            _clock.Steps++;
            next.Whose.Events++;
            next.Whose.Do(next.What);
            return true;
        }

        return false;
    }

    /// <summary>Does something now in the name of this part, as one who works for several.</summary>
    public void Do(Action what)
    {
        _lastStep = _clock.Steps;
        what();
    }

    /// <summary>Nothing that is arranged here happens any more.</summary>
    public void Close() => _closed = true;

    private sealed class Clock
    {
        public PriorityQueue<(Agenda Whose, Action What), (long Ticks, long Order)> Due { get; } = new();
        public DateTimeOffset Now { get; set; }
        public long Order { get; set; }
        public int Steps { get; set; }
    }
}
