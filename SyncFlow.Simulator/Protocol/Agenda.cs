namespace SyncFlow.Simulator.Protocol;

/// <summary>A virtual clock: what is due next happens next, and ties happen in the order they were arranged.</summary>
internal sealed class Agenda(DateTimeOffset start)
{
    private readonly PriorityQueue<Action, (long Ticks, long Order)> _due = new();
    private long _order;

    /// <summary>The virtual moment.</summary>
    public DateTimeOffset Now { get; private set; } = start;

    /// <summary>Arranges something for later.</summary>
    public void In(TimeSpan wait, Action what) => _due.Enqueue(what, ((Now + wait).UtcTicks, ++_order));

    /// <summary>When the next thing is due; null when nothing is.</summary>
    public DateTimeOffset? Next => _due.TryPeek(out _, out var next) ? new DateTimeOffset(next.Ticks, TimeSpan.Zero) : null;

    /// <summary>Lets the next thing happen; false when nothing is due before <paramref name="end"/>.</summary>
    public bool Step(DateTimeOffset end)
    {
        if (!_due.TryPeek(out _, out var next) || next.Ticks > end.UtcTicks)
        {
            Now = end;
            return false;
        }

        var what = _due.Dequeue();
        Now = new DateTimeOffset(next.Ticks, TimeSpan.Zero);
        what();
        return true;
    }
}
