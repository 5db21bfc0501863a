namespace SyncFlow.Simulator.Protocol;

/// <summary>A worker's own clock: off, fast or slow, and it may have stood still with its worker.</summary>
/// <param name="off">By how much it is off.</param>
/// <param name="rate">Its seconds in a second.</param>
internal sealed class WorkerClock(Agenda agenda, TimeSpan off, double rate)
{
    private readonly DateTimeOffset _start = agenda.Now;
    private TimeSpan _stood;

    public DateTimeOffset Now => _start + off + ((agenda.Now - _start - _stood) * rate);

    /// <summary>How long something takes that takes this long by this clock.</summary>
    public TimeSpan Of(TimeSpan own) => own / rate;

    /// <summary>It stands still for so long, and never knows.</summary>
    public void StandStill(TimeSpan wait) => _stood += wait;
}
